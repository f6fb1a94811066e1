// `relight`: the light moved from one side to the other, the view kept.
#include "lifted/app/commands.h"
#include "lifted/app/sweep_command.h"

namespace lifted::app {

void add_relight(CLI::App& app) {
  auto options = std::make_shared<SweepCommandOptions>();
  options->axes = {SweepAxis::light};
  CLI::App* command = app.add_subcommand("relight", "Light sweeps: each face lit from −60…60 degrees, left to right");
  add_sampling_options(*command, options->sampling);
  add_range_options(*command, *options);
  command->callback([options] { run_sweep("relight", *options); });
}

}  // namespace lifted::app
