// `interpolate`: on the way from one face to the next, each step turned.
#include "lifted/app/commands.h"
#include "lifted/app/figures.h"
#include "lifted/app/pictures.h"
#include "lifted/app/sampling.h"
#include "lifted/app/sweep_command.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {

constexpr size_t sheet_columns = 7;

struct InterpolateOptions {
  SamplingOptions sampling;
  SweepOutput output;
  SweepStyle style;
  int steps = 6;
};

/// How every step is turned: the published yaw sweep, or a turntable.
StyledSweep turning(const InterpolateOptions& options) {
  const SweepAxis axis = options.style.turntable() ? SweepAxis::turntable : SweepAxis::yaw;
  if (options.style.turntable() && options.style.easing != Easing::linear) {
    usage_error("--path turntable goes round at one speed; leave out --ease");
  }
  return {axis, scene::eased(published_range(axis).angles(axis), options.style.easing), options.style};
}

struct Pair {
  std::string name;
  torch::Tensor first, second;
};

void interpolate_pair(SamplingRun& run, const InterpolateOptions& options, const Pair& pair, Progress& progress) {
  const model::LiftedGan& lifted = run.network().require_lifted();
  const std::vector<std::string> at = step_labels(options.steps);
  const StyledSweep sweep = turning(options);
  const std::vector<double>& angles = sweep.angles;
  const torch::Tensor codes = codes_between(pair.first, pair.second, options.steps);

  std::vector<std::vector<formats::Image>> turned;  // by step, then by angle
  for_batches(codes.size(0), options.sampling.batch, [&](int64_t first, int64_t last) {
    const model::Estimate estimates = lifted.estimate(codes.slice(0, first, last));
    for (int64_t i = 0; i < last - first; ++i) {
      const torch::Tensor images = sweep_images(lifted.renderer(), scene_of(estimates.narrow(i, 1)), sweep);
      run.keep_tensor(pair.name + "_recon_im", images.unsqueeze(0));
      turned.push_back(frames_of(images));
      progress.advance(static_cast<int64_t>(angles.size()));
    }
  });

  formats::ContactSheet still;
  const std::vector<size_t> columns = spread_indices(angles.size(), sheet_columns);
  for (const size_t column : columns) still.column_labels.push_back(angle_label(angles[column]));
  for (size_t step = 0; step < at.size(); ++step) {
    for (const size_t column : columns) still.images.push_back(turned[step][column]);
    still.row_labels.push_back(at[step]);
  }
  formats::write_png(run.output(pair.name + ".png"), formats::render_contact_sheet(still));

  std::vector<formats::Image> frames;
  for (size_t angle = 0; angle < angles.size(); ++angle) {
    formats::ContactSheet row;
    for (size_t step = 0; step < at.size(); ++step) {
      row.images.push_back(turned[step][angle]);
      row.column_labels.push_back(at[step]);
    }
    frames.push_back(formats::render_contact_sheet(row));
  }
  write_sweep(options.sampling.outdir, pair.name, frames, options.output, options.style.turntable());
}

void interpolate(const InterpolateOptions& options) {
  const torch::NoGradGuard no_grad;
  turning(options);
  SamplingRun run("interpolate", options.sampling);
  run.network().require_lifted();
  const Codes codes = run.codes();
  if (codes.size() < 2) usage_error("interpolate needs at least two seeds, for example --seeds 0,1");
  run.make_folder();
  run.record().set("samples", codes.names);
  run.record().set("steps", options.steps);
  {
    const auto angles = static_cast<int64_t>(turning(options).angles.size());
    Progress progress("interpolate", (codes.size() - 1) * options.steps * angles, "frames");
    for (int64_t i = 0; i + 1 < codes.size(); ++i) {
      const auto index = static_cast<size_t>(i);
      interpolate_pair(run, options,
                       {codes.names[index] + "-" + codes.names[index + 1], codes.styles.slice(0, i, i + 1),
                        codes.styles.slice(0, i + 1, i + 2)},
                       progress);
    }
  }
  run.finish();
}

}  // namespace

void add_interpolate(CLI::App& app) {
  auto options = std::make_shared<InterpolateOptions>();
  CLI::App* command =
      app.add_subcommand("interpolate", "From each seed's face to the next, every step turned from −45 to 45 degrees");
  add_sampling_options(*command, options->sampling);
  command->add_option("--steps,--num-steps", options->steps, "Faces from one seed to the next, both included")
      ->transform(number(bounds::whole(2, 100)))
      ->capture_default_str();
  add_sweep_output_options(*command, options->output);
  add_sweep_style_options(*command, options->style);
  add_path_options(*command, options->style);
  command->callback([options] { interpolate(*options); });
}

}  // namespace lifted::app
