#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "lifted/ops/cuda/fir_resample_body.h"
#include "lifted/ops/cuda/launch_inl.h"

LIFTED_INSTANTIATE_LAUNCH_STORED(FirResampleThread)
