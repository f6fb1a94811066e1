// What main() calls. Without headers of libtorch: to read them takes longer than to compile main().
#pragma once

#include <string>
#include <vector>

namespace lifted::app {

/// The whole program: prepares the process, then runs the command. The exit code.
int program_main(int argc, char** argv);

/// In a process that is prepared: runs what `words` ask for, the program's name first, and says on standard error what
/// went wrong. The exit code.
int program_main(const std::vector<std::string>& words);

}  // namespace lifted::app
