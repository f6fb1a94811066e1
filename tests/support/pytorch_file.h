// Writes small checkpoints as torch.save does, for tests of the readers' users.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "lifted/base/state_dict.h"
#include "lifted/base/tensor.h"

namespace lifted::test {

/// A dict of state dicts, and of single tensors under their own keys: {"g_ema": {…}, "latent_avg": tensor}.
struct PytorchFile {
  std::map<std::string, StateDict> dicts;
  StateDict tensors;

  void save(const std::filesystem::path& path) const;
};

}  // namespace lifted::test
