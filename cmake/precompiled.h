// Headers nearly every source needs; precompiled once because torch takes half a minute.
#pragma once
#include "lifted/base/torch_nn.h"

#include "precompiled_tensors.h"
