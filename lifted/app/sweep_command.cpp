#include "lifted/app/sweep_command.h"

#include <cmath>

#include "lifted/app/pictures.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {

constexpr size_t sheet_columns = 9, sheet_columns_of_several = 7, sheet_rows = 16;

const char* name_of(SweepAxis axis) {
  switch (axis) {
    case SweepAxis::yaw:
      return "yaw";
    case SweepAxis::pitch:
      return "pitch";
    case SweepAxis::turntable:
      return "turntable";
    case SweepAxis::light:
      break;
  }
  return "light";
}

AngleRange range_of(const SweepCommandOptions& options, SweepAxis axis) {
  const AngleRange published = published_range(axis);
  return {options.from.value_or(published.from), options.to.value_or(published.to),
          options.step.value_or(published.step)};
}

/// One per axis. A turntable replaces them; its places follow from the step alone.
std::vector<StyledSweep> sweeps_of(const SweepCommandOptions& options) {
  if (!options.style.turntable()) {
    std::vector<StyledSweep> sweeps;
    for (const SweepAxis axis : options.axes) {
      const std::vector<double> angles = range_of(options, axis).angles(axis);
      sweeps.push_back({axis, scene::eased(angles, options.style.easing), options.style});
    }
    return sweeps;
  }
  if (options.from || options.to || options.axis_given || options.style.easing != Easing::linear) {
    usage_error("--path turntable goes all the way round at one speed; leave out --axis, --from, --to and --ease");
  }
  const double step = options.step.value_or(published_range(SweepAxis::turntable).step);
  if (!(step >= 0.1 && step <= 120)) usage_error("--step {}: expected 0.1 to 120 degrees of a turntable", step);
  return {{SweepAxis::turntable, scene::turntable_places(std::llround(360 / step)), options.style}};
}

void keep_angles(SamplingRun& run, const StyledSweep& sweep) {
  const auto& [axis, angles, style] = sweep;
  const std::string name = name_of(axis);
  run.keep_tensor(name + "_angles", torch::tensor(angles));
  run.keep_tensor(name + (axis == SweepAxis::light ? "_lights" : "_views"),
                  scene::sweep_rows(axis, angles, style.orbit));
}

/// The axis and its angles; of several, the angles by axis.
void record_sweeps(SamplingRun& run, const std::vector<StyledSweep>& sweeps) {
  std::vector<std::string> axes;
  nlohmann::ordered_json angles;
  for (const StyledSweep& sweep : sweeps) {
    axes.emplace_back(name_of(sweep.axis));
    angles[axes.back()] = sweep.angles;
    keep_angles(run, sweep);
  }
  if (sweeps.size() == 1) {
    run.record().set("axis", axes[0]);
    run.record().set("angles", sweeps[0].angles);
  } else {
    run.record().set("axis", axes);
    run.record().set("angles", angles);
  }
}

/// A row per sample with some moments of every sweep; the first samples only.
class SweepSheet {
 public:
  explicit SweepSheet(const std::vector<StyledSweep>& sweeps)
      : columns_(sweeps.size() == 1 ? sheet_columns : sheet_columns_of_several) {
    for (const StyledSweep& sweep : sweeps) {
      const std::string axis = sweeps.size() == 1 ? "" : std::string(name_of(sweep.axis)) + " ";
      for (const size_t column : spread_indices(sweep.angles.size(), columns_))
        sheet_.column_labels.push_back(axis + angle_label(sweep.angles[column]));
    }
  }

  void begin_row(const std::string& name) {
    open_ = sheet_.row_labels.size() < sheet_rows;
    if (open_) sheet_.row_labels.push_back(name);
  }
  /// The row's next sweep.
  void add(const StyledSweep& sweep, const std::vector<formats::Image>& frames) {
    if (!open_) return;
    for (const size_t column : spread_indices(sweep.angles.size(), columns_)) sheet_.images.push_back(frames[column]);
  }

  formats::Image render() const { return formats::render_contact_sheet(sheet_); }

 private:
  size_t columns_;  // per sweep
  bool open_ = false;
  formats::ContactSheet sheet_;
};

}  // namespace

void add_range_options(CLI::App& command, SweepCommandOptions& options) {
  command.add_option("--from", options.from, "First angle in degrees")->transform(number(bounds::between(-360, 360)));
  command.add_option("--to", options.to, "Last angle in degrees")->transform(number(bounds::between(-360, 360)));
  command.add_option("--step", options.step, "Degrees between frames")->transform(number(bounds::between(-360, 360)));
  add_sweep_output_options(command, options.output);
  add_sweep_style_options(command, options.style);
}

void add_path_options(CLI::App& command, SweepStyle& style) {
  command
      .add_option("--path", style.path, "sweep, or turntable: once around an ellipse of yaw and pitch, a closed loop")
      ->transform(choice({"sweep", "turntable"}))
      ->capture_default_str();
  command.add_option("--orbit-yaw", style.orbit.yaw, "Of a turntable: degrees to either side")
      ->transform(number(bounds::between(0, 90)))
      ->capture_default_str();
  command.add_option("--orbit-pitch", style.orbit.pitch, "Of a turntable: degrees up and down")
      ->transform(number(bounds::between(0, 45)))
      ->capture_default_str();
}

void run_sweep(const std::string& command, const SweepCommandOptions& options) {
  const torch::NoGradGuard no_grad;
  const std::vector<StyledSweep> sweeps = sweeps_of(options);
  SamplingRun run(command, options.sampling);
  const model::LiftedGan& lifted = run.network().require_lifted();
  run.make_folder();
  const Codes codes = run.codes();
  run.record().set("samples", codes.names);
  record_sweeps(run, sweeps);
  run.record().set("scale", options.style.scale);

  SweepSheet sheet(sweeps);
  int64_t angles = 0;
  for (const StyledSweep& sweep : sweeps) angles += static_cast<int64_t>(sweep.angles.size());
  {
    Progress progress(command, codes.size() * angles, "frames");
    for_batches(codes.size(), options.sampling.batch, [&](int64_t first, int64_t last) {
      const model::Estimate estimates = lifted.estimate(codes.styles.slice(0, first, last));
      for (int64_t i = first; i < last; ++i) {
        const std::string& name = codes.names[static_cast<size_t>(i)];
        const scene::LitScene scene = scene_of(estimates.narrow(i - first, 1));
        sheet.begin_row(name);
        for (const StyledSweep& sweep : sweeps) {
          const torch::Tensor images = sweep_images(lifted.renderer(), scene, sweep);
          const std::string axis = name_of(sweep.axis);
          run.keep_tensor(axis + "_recon_im", images.unsqueeze(0));
          const std::vector<formats::Image> frames = frames_of(images);
          write_sweep(run.pictures(), name + "_" + axis, frames, options.output, options.style.turntable());
          sheet.add(sweep, frames);
          progress.advance(static_cast<int64_t>(sweep.angles.size()));
        }
      }
    });
  }
  run.pictures().write("sheet", sheet.render());
  run.finish();
}

}  // namespace lifted::app
