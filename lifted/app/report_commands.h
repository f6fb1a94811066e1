// The commands that make one thing of a report alone, as its page prints them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lifted/app/report_models.h"

namespace lifted::app {

/// The options that name a model's files.
std::string model_options(const LoadedModel& model);
/// `metrics` on this model, as it was measured.
std::string metrics_command(const LoadedModel& model, const MeterSettings& settings);

/// Of figures, which depend on the manifest's seeds and truncation.
class ReportCommands {
 public:
  /// `manifest` must outlive it. `interpolation_steps`: of figure 6.
  ReportCommands(const Manifest& manifest, int interpolation_steps)
      : manifest_(manifest), interpolation_steps_(interpolation_steps) {}

  /// `compare` on these models (`interpolate`, `rotate` or `generate` would do for one), with the first `count` seeds.
  std::string compare(const std::vector<const LoadedModel*>& models, const std::string& axis, int64_t count) const;
  /// What follows a sampling command: the model, the first `count` seeds, truncation, folder.
  std::string sampled(const LoadedModel& model, int64_t count) const;
  std::string first_seeds(int64_t count) const;
  std::vector<uint32_t> seeds(int64_t count) const;

 private:
  const Manifest& manifest_;
  int interpolation_steps_;
};

}  // namespace lifted::app
