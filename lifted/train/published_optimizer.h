// The optimizer state of the authors' LiftedGAN checkpoints.
#pragma once

#include <string_view>

#include "lifted/base/state_dict.h"
#include "lifted/base/torch_nn.h"
#include "lifted/formats/value.h"
#include "lifted/train/lift_task.h"
#include "lifted/train/snapshot.h"

namespace lifted::train {

/// The entry `optimizer` of a checkpoint (torch.optim.Adam's state dict) in the terms of Adam::load_state for `module`:
/// the k-th parameter listed there is the k-th of the module, whatever number it goes by. Parameters without a state
/// (which never had a gradient) get zeros. Error, naming `what`, if counts or shapes disagree.
StateDict adam_state_of_published(const formats::Value& optimizer, const torch::nn::Module& module,
                                  std::string_view what);

/// What training goes on from after such a checkpoint: the task's state, which has its weights, with its Adam state and
/// global_step. Error, naming `what`, if one is missing or does not fit. Says where Adam's rates differ from the
/// task's.
TrainingState published_training_state(LiftTask& task, const formats::Value& checkpoint, std::string_view what);

}  // namespace lifted::train
