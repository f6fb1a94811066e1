#include "lifted/app/program.h"

#include "lifted/app/command_line.h"
#include "lifted/app/failure.h"
#include "lifted/app/run_record.h"
#include "lifted/base/runtime.h"

namespace lifted::app {

int program_main(int argc, char** argv) {
  prepare_process(argv);
  return program_main({argv, argv + argc});
}

int program_main(const std::vector<std::string>& words) {
  RunRecord::set_command_line(words);
  try {
    run_command_line(*make_command_line(), {words.begin() + 1, words.end()});
    return 0;
  } catch (...) {
    return report_failure();
  }
}

}  // namespace lifted::app
