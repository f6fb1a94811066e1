// Reading command lines without running them.
#pragma once

#include <string>
#include <vector>

#include "lifted/app/command_line.h"
#include "lifted/base/error.h"

namespace lifted::app {

/// Thrown where a command would begin to work.
struct Accepted {};

/// The whole command line, of which nothing runs.
inline CLI::App& command_line_at_rest() {
  static const auto program = [] {
    auto made = make_command_line();
    made->parse_complete_callback([] { throw Accepted(); });
    return made;
  }();
  return *program;
}

/// The sentence with which a command line is refused; "" if it would be run.
inline std::string refusal(const std::vector<std::string>& words) {
  try {
    run_command_line(command_line_at_rest(), words);
  } catch (const Accepted&) {
    return {};
  } catch (const UsageError& error) {
    return error.what();
  }
  return "neither refused nor run";
}

}  // namespace lifted::app
