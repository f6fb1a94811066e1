#include "lifted/app/command_line.h"
#include "lifted/app/failure.h"
#include "lifted/app/run_record.h"
#include "lifted/base/runtime.h"

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  lifted::app::RunRecord::set_command_line({argv, argv + argc});
  try {
    const auto program = lifted::app::make_command_line();
    lifted::app::run_command_line(*program, {argv + 1, argv + argc});
    return 0;
  } catch (...) {
    return lifted::app::report_failure();
  }
}
