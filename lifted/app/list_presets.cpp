// `presets`: the coefficient files that are built in, listed, or one printed as `--preset FILE.json` reads it.
#include "lifted/app/commands.h"
#include "lifted/app/presets.h"

namespace lifted::app {

void add_presets(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("presets", "List the presets of train-lift and ablate, or print one as JSON");
  command->add_option("NAME", *name, "The preset to print, to be changed and passed as --preset FILE.json");
  command->callback([name] {
    if (!name->empty()) {
      fmt::print("{}\n", read_preset(*name).dump(2));
      return;
    }
    for (const auto& preset : all_presets()) fmt::print("{:<16} {}\n", preset, read_preset(preset).value("about", ""));
  });
}

}  // namespace lifted::app
