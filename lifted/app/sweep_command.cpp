#include "lifted/app/sweep_command.h"

#include <cmath>

#include "lifted/app/pictures.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {

constexpr size_t sheet_columns = 9, sheet_rows = 16;

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

AngleRange range_of(const SweepCommandOptions& options) {
  const AngleRange published = published_range(options.axis);
  return {options.from.value_or(published.from), options.to.value_or(published.to),
          options.step.value_or(published.step)};
}

/// A turntable replaces the axis; its places follow from the step alone.
StyledSweep sweep_of(const SweepCommandOptions& options) {
  if (!options.style.turntable()) {
    const std::vector<double> angles = range_of(options).angles(options.axis);
    return {options.axis, scene::eased(angles, options.style.easing), options.style};
  }
  if (options.from || options.to || options.axis_given || options.style.easing != Easing::linear) {
    usage_error("--path turntable goes all the way round at one speed; leave out --axis, --from, --to and --ease");
  }
  const double step = options.step.value_or(published_range(SweepAxis::turntable).step);
  if (!(step >= 0.1 && step <= 120)) usage_error("--step {}: expected 0.1 to 120 degrees of a turntable", step);
  return {SweepAxis::turntable, scene::turntable_places(std::llround(360 / step)), options.style};
}

void keep_angles(SamplingRun& run, const StyledSweep& sweep) {
  const auto& [axis, angles, style] = sweep;
  const std::string name = name_of(axis);
  run.keep_tensor(name + "_angles", torch::tensor(angles));
  run.keep_tensor(name + (axis == SweepAxis::light ? "_lights" : "_views"),
                  scene::sweep_rows(axis, angles, style.orbit));
}

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
  const StyledSweep sweep = sweep_of(options);
  const std::vector<double>& angles = sweep.angles;
  SamplingRun run(command, options.sampling);
  const model::LiftedGan& lifted = run.network().require_lifted();
  run.make_folder();
  const Codes codes = run.codes();
  const std::string axis = name_of(sweep.axis);
  run.record().set("samples", codes.names);
  run.record().set("axis", axis);
  run.record().set("angles", angles);
  run.record().set("scale", options.style.scale);
  keep_angles(run, sweep);

  formats::ContactSheet sheet;
  const std::vector<size_t> columns = spread_indices(angles.size(), sheet_columns);
  for (const size_t column : columns) sheet.column_labels.push_back(angle_label(angles[column]));
  {
    Progress progress(command, codes.size() * static_cast<int64_t>(angles.size()), "frames");
    for_batches(codes.size(), options.sampling.batch, [&](int64_t first, int64_t last) {
      const model::Estimate estimates = lifted.estimate(codes.styles.slice(0, first, last));
      for (int64_t i = first; i < last; ++i) {
        const std::string& name = codes.names[static_cast<size_t>(i)];
        const torch::Tensor images = sweep_images(lifted.renderer(), scene_of(estimates.narrow(i - first, 1)), sweep);
        run.keep_tensor(axis + "_recon_im", images.unsqueeze(0));
        const std::vector<formats::Image> frames = frames_of(images);
        write_sweep(options.sampling.outdir, name + "_" + axis, frames, options.output, options.style.turntable());
        if (sheet.row_labels.size() < sheet_rows) {
          for (const size_t column : columns) sheet.images.push_back(frames[column]);
          sheet.row_labels.push_back(name);
        }
        progress.advance(static_cast<int64_t>(angles.size()));
      }
    });
  }
  formats::write_png(run.output("sheet.png"), formats::render_contact_sheet(sheet));
  run.finish();
}

}  // namespace lifted::app
