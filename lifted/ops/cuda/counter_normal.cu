#include "lifted/ops/cuda/counter_normal_body.h"
#include "lifted/ops/cuda/launch_inl.h"

LIFTED_INSTANTIATE_LAUNCH(CounterNormalThread)
