// `interpolate`: on the way from one face to the next, each step turned or as it is; or once round through keyframes.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "lifted/app/commands.h"
#include "lifted/app/figures.h"
#include "lifted/app/pictures.h"
#include "lifted/app/sampling.h"
#include "lifted/app/seeds.h"
#include "lifted/app/sweep_command.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/contact_sheet.h"
#include "lifted/scene/resolution.h"

namespace lifted::app {
namespace {

constexpr size_t between_columns = 7;
constexpr int kPairSteps = 6, kMostPairSteps = 100, kKeyframeSteps = 60;
constexpr int64_t kMostFrames = 10000;

struct InterpolateOptions {
  SamplingOptions sampling;
  SweepOutput output;
  SweepStyle style;
  std::string axis = "yaw", keyframes;
  bool axis_given = false;
  std::optional<int> steps;
};

/// Nothing: every face at its predicted view.
std::optional<SweepAxis> axis_of(const InterpolateOptions& options) {
  if (options.style.turntable()) return SweepAxis::turntable;
  if (options.axis == "none") return {};
  return options.axis == "pitch" ? SweepAxis::pitch : SweepAxis::yaw;
}

void check(const InterpolateOptions& options) {
  const bool eased = options.style.easing != Easing::linear;
  if (options.style.turntable() && options.axis_given)
    usage_error("--path turntable turns about both axes; leave out --axis");
  if (options.style.turntable() && eased) usage_error("--path turntable goes round at one speed; leave out --ease");
  if (options.axis == "none" && eased) usage_error("--axis none turns nothing; leave out --ease");
  if (!options.keyframes.empty() && eased) usage_error("--keyframes: heads turn smoothly already; leave out --ease");
  if (options.keyframes.empty() && options.steps.value_or(kPairSteps) > kMostPairSteps)
    usage_error("--steps {}: expected at most {} without --keyframes", *options.steps, kMostPairSteps);
}

/// How every step is turned: the published sweep, or a turntable.
std::optional<StyledSweep> turning(const InterpolateOptions& options) {
  const auto axis = axis_of(options);
  if (!axis) return {};
  return StyledSweep{*axis, scene::eased(published_range(*axis).angles(*axis), options.style.easing), options.style};
}

/// The angles of a video that turns once to either side and back, or once round.
std::vector<double> angles_around(SweepAxis axis, int64_t count) {
  std::vector<double> angles = scene::turntable_places(count);
  if (axis == SweepAxis::turntable) return angles;
  const double extent = published_range(axis).to;
  for (double& angle : angles) angle = extent * std::sin(angle * std::numbers::pi / 180);
  return angles;
}

/// Scenes, each at its own view, as images N×3×K×K with K the scaled side.
torch::Tensor drawn(const scene::Renderer& renderer, const scene::LitScene& scenes, double scale) {
  return scene::draw_at(renderer, scenes, std::llround(static_cast<double>(renderer.config().size) * scale)).image;
}

struct Pair {
  std::string name;
  torch::Tensor first, second;
};

/// One row of faces at their predicted views, as the published interpolation has them.
void draw_stills(SamplingRun& run, const InterpolateOptions& options, const Pair& pair, Progress& progress) {
  const model::LiftedGan& lifted = run.network().require_lifted();
  const int steps = options.steps.value_or(kPairSteps);
  const torch::Tensor codes = codes_between(pair.first, pair.second, steps);
  formats::ContactSheet row;
  row.column_labels = step_labels(steps);
  row.columns = steps;
  for_batches(codes.size(0), options.sampling.batch, [&](int64_t first, int64_t last) {
    const auto scenes = scene_of(lifted.estimate(codes.slice(0, first, last)));
    const torch::Tensor images = drawn(lifted.renderer(), scenes, options.style.scale);
    run.keep_tensor(pair.name + "_recon_im", images);
    for (formats::Image& face : frames_of(images)) row.images.push_back(std::move(face));
    progress.advance(last - first);
  });
  run.pictures().write(pair.name, formats::render_contact_sheet(row));
  if (std::ranges::find(options.output.formats, "frames") != options.output.formats.end())
    write_sweep(run.pictures(), pair.name, row.images, {.formats = {"frames"}});
}

void interpolate_pair(SamplingRun& run, const InterpolateOptions& options, const StyledSweep& sweep, const Pair& pair,
                      Progress& progress) {
  const model::LiftedGan& lifted = run.network().require_lifted();
  const int steps = options.steps.value_or(kPairSteps);
  const std::vector<std::string> at = step_labels(steps);
  const std::vector<double>& angles = sweep.angles;
  const torch::Tensor codes = codes_between(pair.first, pair.second, steps);

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
  const std::vector<size_t> columns = spread_indices(angles.size(), between_columns);
  for (const size_t column : columns) still.column_labels.push_back(angle_label(angles[column]));
  for (size_t step = 0; step < at.size(); ++step) {
    for (const size_t column : columns) still.images.push_back(turned[step][column]);
    still.row_labels.push_back(at[step]);
  }
  run.pictures().write(pair.name, formats::render_contact_sheet(still));

  std::vector<formats::Image> frames;
  for (size_t angle = 0; angle < angles.size(); ++angle) {
    formats::ContactSheet row;
    for (size_t step = 0; step < at.size(); ++step) {
      row.images.push_back(turned[step][angle]);
      row.column_labels.push_back(at[step]);
    }
    frames.push_back(formats::render_contact_sheet(row));
  }
  write_sweep(run.pictures(), pair.name, frames, options.output, options.style.turntable());
}

void interpolate_pairs(SamplingRun& run, const InterpolateOptions& options) {
  const Codes codes = run.codes();
  if (codes.size() < 2) usage_error("interpolate needs at least two seeds, for example --seeds 0,1");
  const std::optional<StyledSweep> sweep = turning(options);
  const int steps = options.steps.value_or(kPairSteps);
  run.make_folder();
  run.record().set("samples", codes.names);
  run.record().set("steps", steps);
  const auto angles = sweep ? static_cast<int64_t>(sweep->angles.size()) : 1;
  Progress progress("interpolate", (codes.size() - 1) * steps * angles, "frames");
  for (int64_t i = 0; i + 1 < codes.size(); ++i) {
    const auto index = static_cast<size_t>(i);
    const Pair pair{codes.names[index] + "-" + codes.names[index + 1], codes.styles.slice(0, i, i + 1),
                    codes.styles.slice(0, i + 1, i + 2)};
    if (sweep) {
      interpolate_pair(run, options, *sweep, pair, progress);
    } else {
      draw_stills(run, options, pair, progress);
    }
  }
}

/// One closed video through all keyframes: keyframes.gif and so on, and keyframes.png, the moments of the keyframes.
void interpolate_keyframes(SamplingRun& run, const InterpolateOptions& options) {
  const model::LiftedGan& lifted = run.network().require_lifted();
  const Codes keyframes =
      run.codes_of_numbers(parse_seeds(options.keyframes, "--keyframes"), options.sampling.latents, "--keyframes");
  if (keyframes.size() < 2) usage_error("--keyframes {}: expected at least two seeds", options.keyframes);
  const int steps = options.steps.value_or(kKeyframeSteps);
  const int64_t count = keyframes.size() * steps;
  if (count > kMostFrames)
    usage_error("--keyframes {} --steps {}: {} frames, expected at most {}", options.keyframes, steps, count,
                kMostFrames);
  run.make_folder();
  run.record().set("keyframes", keyframes.names);
  run.record().set("steps", steps);
  const torch::Tensor codes = codes_around(keyframes.styles, steps);
  torch::Tensor views;
  if (const auto axis = axis_of(options))
    views = scene::sweep_rows(*axis, angles_around(*axis, count), options.style.orbit).to(run.device());
  run.keep_tensor("styles", codes);

  std::vector<formats::Image> frames;
  Progress progress("interpolate", count, "frames");
  for_batches(count, options.sampling.batch, [&](int64_t first, int64_t last) {
    scene::LitScene scenes = scene_of(lifted.estimate(codes.slice(0, first, last)));
    if (views.defined()) scenes.view = views.slice(0, first, last);
    const torch::Tensor images = drawn(lifted.renderer(), scenes, options.style.scale);
    run.keep_tensor("keyframes_recon_im", images);
    for (formats::Image& frame : frames_of(images)) frames.push_back(std::move(frame));
    progress.advance(last - first);
  });
  std::vector<formats::Image> moments;
  for (int64_t i = 0; i < keyframes.size(); ++i) moments.push_back(frames[static_cast<size_t>(i * steps)]);
  write_sample_sheet(run.pictures(), "keyframes", moments, keyframes.names, "");
  write_sweep(run.pictures(), "keyframes", frames, options.output, true);
}

void interpolate(const InterpolateOptions& options) {
  const torch::NoGradGuard no_grad;
  check(options);
  const bool around = !options.keyframes.empty();
  if (around) parse_seeds(options.keyframes, "--keyframes");  // mistakes are better found before networks are read
  SamplingRun run("interpolate", options.sampling);
  run.network().require_lifted();
  run.record().set("axis", options.style.turntable() ? "turntable" : options.axis);
  around ? interpolate_keyframes(run, options) : interpolate_pairs(run, options);
  run.finish();
}

}  // namespace

void add_interpolate(CLI::App& app) {
  auto options = std::make_shared<InterpolateOptions>();
  CLI::App* command = app.add_subcommand(
      "interpolate", "From each seed's face to the next, every step turned from −45 to 45 degrees; or a looped video");
  add_sampling_options(*command, options->sampling);
  const CLI::Option* axis = command
                                ->add_option("--axis", options->axis,
                                             "How every step is turned: yaw, pitch, or none: stills at the predicted "
                                             "view, a row from one seed to the next")
                                ->transform(choice({"yaw", "pitch", "none"}))
                                ->capture_default_str();
  command
      ->add_option("--keyframes", options->keyframes,
                   "In place of --seeds: one closed smooth video through the codes of these seeds (0-3,7), turned once "
                   "to either side by --axis; with --latents, places in the file")
      ->excludes("--seeds");
  command
      ->add_option("--steps,--num-steps,--w-frames", options->steps,
                   "Faces from one seed to the next, both included (default 6); frames from one of the --keyframes to "
                   "the next (default 60)")
      ->transform(number(bounds::whole(2, 1000)));
  add_sweep_output_options(*command, options->output);
  add_sweep_style_options(*command, options->style);
  add_path_options(*command, options->style);
  command->callback([options, axis] {
    options->axis_given = axis->count() > 0;
    interpolate(*options);
  });
}

}  // namespace lifted::app
