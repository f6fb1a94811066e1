// Command lines as text.
#pragma once

#include <string>
#include <vector>

namespace lifted::app {

/// A word as a shell takes it.
std::string quoted(const std::string& word);

/// A command line as pictures carry it: what determines them. Absolute paths are cut to their last name, and left out
/// is what changes no picture: where results go, how many are made at a time, on how many threads, and what is said.
std::string command_text(const std::vector<std::string>& arguments);

}  // namespace lifted::app
