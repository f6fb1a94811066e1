#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "lifted/app/commands.h"
#include "lifted/app/run_record.h"
#include "lifted/base/error.h"
#include "lifted/base/runtime.h"
#include "lifted_version.h"

namespace {

/// `--out_dir` means `--out-dir`: this field's tools mix both.
std::vector<std::string> normalized_arguments(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::string& argument : arguments) {
    if (argument.rfind("--", 0) != 0) continue;
    const auto end = argument.begin() + static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size()));
    std::replace(argument.begin(), end, '_', '-');
  }
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them last first.
  return arguments;
}

int run(int argc, char** argv) {
  CLI::App app("LiftedGAN: 3D-aware faces from a 2D StyleGAN", "liftedgan");
  app.set_version_flag("--version", LIFTED_VERSION);
  app.require_subcommand(1);
  for (const auto add : {lifted::app::add_generate,    lifted::app::add_rotate,
                         lifted::app::add_relight,     lifted::app::add_interpolate,
                         lifted::app::add_mix,         lifted::app::add_mesh,
                         lifted::app::add_view,        lifted::app::add_compare,
                         lifted::app::add_inspect,     lifted::app::add_convert,
                         lifted::app::add_dataset,     lifted::app::add_heads,
                         lifted::app::add_train_gan,   lifted::app::add_train_embedding,
                         lifted::app::add_train_probe, lifted::app::add_train_depth,
                         lifted::app::add_train_lift,  lifted::app::add_ablate,
                         lifted::app::add_project,     lifted::app::add_metrics,
                         lifted::app::add_reproduce,   lifted::app::add_demo,
                         lifted::app::add_presets,     lifted::app::add_doctor}) {
    add(app);
  }

  try {
    app.parse(normalized_arguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help = error.get_exit_code() == 0;
    app.exit(error);
    return asked_for_help ? 0 : 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  lifted::app::RunRecord::set_command_line({argv, argv + argc});
  try {
    return run(argc, argv);
  } catch (const lifted::UsageError& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
