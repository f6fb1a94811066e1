// Scripts that let a shell complete commands, options and the names that options take. They hold the whole table: no
// key press starts the program.
#pragma once

#include <string>
#include <vector>

#include "lifted/app/command_table.h"

namespace lifted::app {

/// To be sourced, or to lie where bash-completion looks.
std::string bash_completion(const std::vector<CommandEntry>& commands);
/// To lie in a folder of $fpath as _liftedgan, or to be sourced after compinit.
std::string zsh_completion(const std::vector<CommandEntry>& commands);
/// To lie in fish's completions folder as liftedgan.fish.
std::string fish_completion(const std::vector<CommandEntry>& commands);

}  // namespace lifted::app
