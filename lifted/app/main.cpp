#include "lifted/app/command_line.h"
#include "lifted/base/runtime.h"

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  return lifted::app::program_main({argv, argv + argc});
}
