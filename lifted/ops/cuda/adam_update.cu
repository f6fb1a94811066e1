#include "lifted/ops/cuda/adam_update_body.h"
#include "lifted/ops/cuda/launch_inl.h"

LIFTED_INSTANTIATE_LAUNCH(AdamUpdateThread)
