#include "lifted/app/sweep_command.h"

#include "lifted/app/pictures.h"
#include "lifted/base/log.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {

constexpr size_t sheet_columns = 9, sheet_rows = 16;

const char* name_of(SweepAxis axis) {
  return axis == SweepAxis::yaw ? "yaw" : axis == SweepAxis::pitch ? "pitch" : "light";
}

AngleRange range_of(const SweepCommandOptions& options) {
  const AngleRange published = published_range(options.axis);
  return {options.from.value_or(published.from), options.to.value_or(published.to),
          options.step.value_or(published.step)};
}

void keep_angles(SamplingRun& run, SweepAxis axis, const std::vector<double>& angles) {
  const std::string name = name_of(axis);
  std::vector<torch::Tensor> rows;
  for (const double angle : angles) {
    rows.push_back(axis == SweepAxis::yaw     ? scene::yaw_view(angle)
                   : axis == SweepAxis::pitch ? scene::pitch_view(angle)
                                              : scene::sweep_light(angle));
  }
  run.keep_tensor(name + "_angles", torch::tensor(angles));
  run.keep_tensor(name + (axis == SweepAxis::light ? "_lights" : "_views"), torch::stack(rows));
}

}  // namespace

void add_range_options(CLI::App& command, SweepCommandOptions& options) {
  command.add_option("--from", options.from, "First angle in degrees");
  command.add_option("--to", options.to, "Last angle in degrees");
  command.add_option("--step", options.step, "Degrees between frames");
  add_sweep_output_options(command, options.output);
}

void run_sweep(const std::string& command, const SweepCommandOptions& options) {
  const torch::NoGradGuard no_grad;
  const std::vector<double> angles = range_of(options).angles(options.axis);
  SamplingRun run(command, options.sampling);
  const model::LiftedGan& lifted = run.network().require_lifted();
  const Codes codes = run.codes();
  const std::string axis = name_of(options.axis);
  run.record().set("samples", codes.names);
  run.record().set("axis", axis);
  run.record().set("angles", angles);
  keep_angles(run, options.axis, angles);

  formats::ContactSheet sheet;
  const std::vector<size_t> columns = spread_indices(angles.size(), sheet_columns);
  for (const size_t column : columns) sheet.column_labels.push_back(angle_label(angles[column]));
  {
    Progress progress(command, codes.size() * static_cast<int64_t>(angles.size()), "frames");
    for_batches(codes.size(), options.sampling.batch, [&](int64_t first, int64_t last) {
      const model::Estimate estimates = lifted.estimate(codes.styles.slice(0, first, last));
      for (int64_t i = first; i < last; ++i) {
        const std::string& name = codes.names[static_cast<size_t>(i)];
        const torch::Tensor images =
            sweep_images(lifted.renderer(), scene_of(estimates.narrow(i - first, 1)), options.axis, angles);
        run.keep_tensor(axis + "_recon_im", images.unsqueeze(0));
        const std::vector<formats::Image> frames = frames_of(images);
        write_sweep(options.sampling.outdir, name + "_" + axis, frames, options.output);
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
