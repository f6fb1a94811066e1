#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "lifted/ops/cuda/group_norm_relu_body.h"
#include "lifted/ops/cuda/launch_inl.h"

LIFTED_INSTANTIATE_LAUNCH_STORED(ChunkMomentsThread)
LIFTED_INSTANTIATE_LAUNCH(GroupAffineThread)
LIFTED_INSTANTIATE_LAUNCH_STORED(AffineReluThread)
