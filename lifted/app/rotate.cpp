// `rotate`: the head turned (yaw) or nodded (pitch), its light kept.
#include "lifted/app/commands.h"
#include "lifted/app/sweep_command.h"

namespace lifted::app {

void add_rotate(CLI::App& app) {
  auto options = std::make_shared<SweepCommandOptions>();
  CLI::App* command = app.add_subcommand("rotate", "Yaw or pitch sweeps: each face turned through a range of angles");
  add_sampling_options(*command, options->sampling);
  const CLI::Option* axis =
      command->add_option("--axis", options->axis, "yaw (−45…45 by 3 degrees) or pitch (−15…15 by 1)")
          ->transform(CLI::CheckedTransformer(
              std::map<std::string, SweepAxis>{{"yaw", SweepAxis::yaw}, {"pitch", SweepAxis::pitch}},
              CLI::ignore_case));
  add_path_options(*command, options->style);
  add_range_options(*command, *options);
  command->callback([options, axis] {
    options->axis_given = axis->count() > 0;
    run_sweep("rotate", *options);
  });
}

}  // namespace lifted::app
