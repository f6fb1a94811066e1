// The whole command line: what it consists of, and how one is read.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace lifted::app {

/// Every command with its options.
std::unique_ptr<CLI::App> make_command_line();

/// Runs what the words after the program's name ask for, or prints help. UsageError, one sentence, for what means
/// nothing: before anything is read or made. What StyleGAN's tools accept is accepted: _ for -, --mirror=1, --mirror 1.
void run_command_line(CLI::App& program, const std::vector<std::string>& words);

/// What can be answered without starting libtorch ("--version", "generate --help", "completion bash"), as the
/// initializers {"question", "answer"} that the launcher includes.
std::string launcher_answers(const CLI::App& program);

}  // namespace lifted::app
