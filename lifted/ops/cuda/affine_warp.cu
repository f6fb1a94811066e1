#include "lifted/ops/cuda/affine_warp_body.h"
#include "lifted/ops/cuda/launch_inl.h"

LIFTED_INSTANTIATE_LAUNCH(DoubleThread)
LIFTED_INSTANTIATE_LAUNCH(DoubleAdjointThread)
LIFTED_INSTANTIATE_LAUNCH(HalveThread)
LIFTED_INSTANTIATE_LAUNCH(HalveAdjointThread)
LIFTED_INSTANTIATE_LAUNCH(SampleThread)
LIFTED_INSTANTIATE_LAUNCH(SampleAdjointThread)
