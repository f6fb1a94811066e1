// The modules our networks are made of. Costs a source more than tensor.h: for networks' headers.
#pragma once

#include "lifted/base/tensor.h"  // first: libtorch 1.13's padding.h does not include all that it uses

#include <torch/nn/functional/normalization.h>
#include <torch/nn/functional/padding.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/upsampling.h>
#include <torch/nn/pimpl.h>
