#include "lifted/ops/cuda/surface_body.h"
#include "lifted/ops/cuda/launch_inl.h"

LIFTED_INSTANTIATE_LAUNCH(MoveSampleThread)
LIFTED_INSTANTIATE_LAUNCH(ShadeSampleThread)
