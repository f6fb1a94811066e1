#include <torch/version.h>

#include "lifted/app/commands.h"
#include "lifted/base/runtime.h"
#include "lifted_version.h"

namespace lifted::app {

void add_doctor(CLI::App& app) {
  CLI::App* command = app.add_subcommand("doctor", "Report the build, libraries, kernels and devices in use");
  command->callback([] {
    fmt::print("liftedgan   {} ({}, {})\n", LIFTED_VERSION, LIFTED_BUILD_TYPE, LIFTED_COMPILER);
    fmt::print("libtorch    {}\n", TORCH_VERSION);
    fmt::print("BLAS        {}\n", blas_kernels());
    fmt::print("threads     {}\n", torch::get_num_threads());
  });
}

}  // namespace lifted::app
