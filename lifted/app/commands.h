// The subcommands of `liftedgan`: one file each, registered in main.cpp.
#pragma once

#include <CLI/CLI.hpp>

namespace lifted::app {

void add_doctor(CLI::App& app);
void add_dataset(CLI::App& app);

}  // namespace lifted::app
