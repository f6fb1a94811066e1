// `rotate`: the head turned (yaw) or nodded (pitch), its light kept.
#include "lifted/app/commands.h"
#include "lifted/app/sweep_command.h"
#include "lifted/app/validators.h"

namespace lifted::app {

void add_rotate(CLI::App& app) {
  auto options = std::make_shared<SweepCommandOptions>();
  CLI::App* command = app.add_subcommand("rotate", "Yaw or pitch sweeps: each face turned through a range of angles");
  add_sampling_options(*command, options->sampling);
  const CLI::Option* axis =
      command->add_option("--axis", options->axis, "Turn (yaw, −45…45 by 3 degrees) or nod (pitch, −15…15 by 1)")
          ->transform(choice_of<SweepAxis>({{"yaw", SweepAxis::yaw}, {"pitch", SweepAxis::pitch}}))
          ->default_str("yaw");
  add_path_options(*command, options->style);
  add_range_options(*command, *options);
  command->callback([options, axis] {
    options->axis_given = axis->count() > 0;
    run_sweep("rotate", *options);
  });
}

}  // namespace lifted::app
