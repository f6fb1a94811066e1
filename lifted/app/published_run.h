// Training that the authors' LiftedGAN began, continued here.
#pragma once

#include <filesystem>

#include "lifted/app/training_run.h"
#include "lifted/train/lift_task.h"

namespace lifted::app {

/// Error, saying what the file is and which option takes it, unless it is a checkpoint_NNN.pth of LiftedGAN with the
/// state of its optimizer.
void require_published_checkpoint(const std::filesystem::path& checkpoint);

/// Goes on from the checkpoint's Adam state and step in a new folder, which holds a training state at once. `task` has
/// its weights. --kimg counts its steps, too: UsageError if they are as many already. With --dry-run only says that
/// all is in order.
train::LoopEnd continue_published(train::LiftTask& task, const std::filesystem::path& checkpoint,
                                  const RunSettings& run, const train::LoopOptions& loop, const NewRun& fresh);

}  // namespace lifted::app
