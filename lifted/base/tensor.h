// Tensors, their gradients and the guards around them: what nearly every source needs of libtorch. <torch/torch.h>
// costs a source three times as long, before a line of ours is read.
#pragma once

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
