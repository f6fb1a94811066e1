#include "lifted/ops/cuda/direction_distance_body.h"
#include "lifted/ops/cuda/launch_inl.h"

LIFTED_INSTANTIATE_LAUNCH(DirectionDistanceThread)
LIFTED_INSTANTIATE_LAUNCH(DirectionDistanceGradientThread)
