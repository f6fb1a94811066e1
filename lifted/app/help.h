// How `--help` reads: what may be given in words, the default after it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

namespace lifted::app {

/// For CLI::App::formatter() before commands are added: they inherit it.
std::shared_ptr<CLI::FormatterBase> help_formatter();

}  // namespace lifted::app
