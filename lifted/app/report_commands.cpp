#include "lifted/app/report_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "lifted/app/command_text.h"
#include "lifted/app/seeds.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;

/// A file of each model as an option: once if all have the same, else one each ('' for none).
std::string shared_option(const char* option, const std::vector<const LoadedModel*>& models,
                          fs::path ModelEntry::*file) {
  std::vector<std::string> files;
  for (const auto* model : models) files.push_back((model->entry.files.*file).string());
  if (std::ranges::all_of(files, [&](const auto& it) { return it == files[0]; })) {
    files.resize(files[0].empty() ? 0 : 1);
  }
  std::string text;
  for (const auto& it : files) text += fmt::format(" {} {}", option, quoted(it));
  return text;
}

std::string options_of(const std::vector<const LoadedModel*>& models) {
  std::string text;
  for (const auto* model : models) text += " --network " + quoted(model->entry.files.network.string());
  return text + shared_option("--gan", models, &ModelEntry::gan) +
         shared_option("--config", models, &ModelEntry::config);
}

}  // namespace

std::string model_options(const LoadedModel& model) {
  return options_of({&model});
}

std::string metrics_command(const LoadedModel& model, const MeterSettings& settings) {
  const bool published = settings.suite.protocol == metrics::Protocol::published;
  std::string text = "liftedgan metrics" + model_options(model) + " --metrics " + settings.metrics +
                     (published ? " --protocol published" : "");
  const std::pair<const char*, const fs::path&> files[] = {{"--data", settings.data},
                                                           {"--stats", settings.suite.statistics},
                                                           {"--inception", settings.inception},
                                                           {"--embedding", settings.embedding},
                                                           {"--vgg", settings.vgg},
                                                           {"--probe", settings.probe},
                                                           {"--depth", settings.depth},
                                                           {"--truth", settings.truth}};
  for (const auto& [option, file] : files)
    if (!file.empty()) text += fmt::format(" {} {}", option, quoted(file.string()));
  if (settings.suite.repeats > 1) text += fmt::format(" --repeats {}", settings.suite.repeats);
  return text + fmt::format(" --trunc {:g} --samples {}", settings.suite.truncation_psi, settings.suite.samples);
}

std::string ReportCommands::compare(const std::vector<const LoadedModel*>& models, const std::string& axis,
                                    int64_t count) const {
  std::string text = models.size() > 1       ? "liftedgan compare --axis " + axis
                     : axis == "none"        ? std::string("liftedgan generate")
                     : axis == "light"       ? std::string("liftedgan relight")
                     : axis == "interpolate" ? fmt::format("liftedgan interpolate --steps {}", interpolation_steps_)
                                             : "liftedgan rotate --axis " + axis;
  text += options_of(models);
  text += fmt::format(" --seeds {} --trunc {:g} --outdir out", first_seeds(count), manifest_.truncation);
  for (const auto* model : models) text += fmt::format("\n{} weights: SHA-256 {}", model->entry.name, model->sha256);
  return text;
}

std::string ReportCommands::sampled(const LoadedModel& model, int64_t count) const {
  return model_options(model) +
         fmt::format(" --seeds {} --trunc {:g} --outdir out", first_seeds(count), manifest_.truncation);
}

std::string ReportCommands::first_seeds(int64_t count) const {
  std::string text;
  for (const uint32_t seed : seeds(count)) text += (text.empty() ? "" : ",") + std::to_string(seed);
  return text;
}

std::vector<uint32_t> ReportCommands::seeds(int64_t count) const {
  auto all = parse_seeds(manifest_.seeds);
  all.resize(std::min(all.size(), static_cast<size_t>(count)));
  return all;
}

}  // namespace lifted::app
