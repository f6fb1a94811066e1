// `rotate`: the head turned (yaw) or nodded (pitch), its light kept.
#include "lifted/app/commands.h"
#include "lifted/app/sweep_command.h"
#include "lifted/app/validators.h"

namespace lifted::app {

void add_rotate(CLI::App& app) {
  auto options = std::make_shared<SweepCommandOptions>();
  CLI::App* command = app.add_subcommand("rotate", "Yaw or pitch sweeps: each face turned through a range of angles");
  add_sampling_options(*command, options->sampling);
  const auto choose = [options](const std::string& axis) {
    options->axes.clear();
    if (axis != "pitch") options->axes.push_back(SweepAxis::yaw);
    if (axis != "yaw") options->axes.push_back(SweepAxis::pitch);
  };
  const CLI::Option* axis =
      command
          ->add_option_function<std::string>(
              "--axis", choose, "Turn (yaw, −45…45 by 3 degrees), nod (pitch, −15…15 by 1), or both, side by side")
          ->transform(choice({"yaw", "pitch", "both"}))
          ->default_str("yaw");
  add_path_options(*command, options->style);
  add_range_options(*command, *options);
  command->callback([options, axis] {
    options->axis_given = axis->count() > 0;
    run_sweep("rotate", *options);
  });
}

}  // namespace lifted::app
