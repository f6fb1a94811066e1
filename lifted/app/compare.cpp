// `compare`: the same latents through two or more networks, side by side, still and moving.
#include "lifted/app/commands.h"
#include "lifted/app/comparison.h"
#include "lifted/app/sampling.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"

namespace lifted::app {
namespace {

constexpr size_t kGridColumns = 16;  // of one grid; more people go on in another

struct CompareOptions {
  SamplingOptions sampling;
  SweepOutput output;
  std::string axis = "yaw";
  int steps = 6;
  std::vector<std::string> labels;
  bool grid_only = false;
};

std::vector<std::string> labels_of(const CompareOptions& options) {
  if (options.labels.empty()) return network_labels(options.sampling.networks);
  if (options.labels.size() != options.sampling.networks.size())
    usage_error("{} --labels for {} networks", options.labels.size(), options.sampling.networks.size());
  return options.labels;
}

/// "interpolate" turns its people as the published interpolation does; "none" leaves them.
Movement movement_of(const std::string& axis) {
  if (axis == "none") return {};
  return published_movement(axis == "pitch" ? SweepAxis::pitch : axis == "light" ? SweepAxis::light : SweepAxis::yaw);
}

/// Every step of the straight line through w from each of `codes` to the next, both ends included.
Codes between(const Codes& codes, int steps) {
  if (codes.size() < 2) usage_error("--axis interpolate: expected two or more samples, got {}", codes.size());
  Codes result;
  std::vector<torch::Tensor> styles;
  for (int64_t i = 0; i + 1 < codes.size(); ++i) {
    styles.push_back(codes_between(codes.styles.narrow(0, i, 1), codes.styles.narrow(0, i + 1, 1), steps));
    const auto from = codes.names[static_cast<size_t>(i)], to = codes.names[static_cast<size_t>(i) + 1];
    for (const auto& step : step_labels(steps)) result.names.push_back(fmt::format("{}-{}_{}", from, to, step));
  }
  result.styles = torch::cat(styles);
  return result;
}

Codes codes_of(const SamplingRun& run, const CompareOptions& options, size_t index,
               const std::vector<std::string>& labels) {
  const auto latent = [&](size_t i) { return run.network(i).generator->config().z_dim; };
  if (latent(index) != latent(0)) {
    usage_error("{} takes {} latent dimensions and {} takes {}: the same latents cannot go through both", labels[0],
                latent(0), labels[index], latent(index));
  }
  const Codes codes = run.codes(index);
  return options.axis == "interpolate" ? between(codes, options.steps) : codes;
}

/// compare.png, and beside it compare_<axis>.png, .gif and so on; further grids are numbered.
void write_grids(const PictureFolder& folder, const CompareOptions& options, const std::vector<Showing>& showings,
                 const std::vector<std::string>& names, const Movement& movement) {
  for (size_t first = 0; first < names.size(); first += kGridColumns) {
    const size_t last = std::min(first + kGridColumns, names.size());
    const std::string number = first == 0 ? "" : fmt::format("_{}", first / kGridColumns + 1);
    const auto part = slice(showings, first, last);
    const std::vector<std::string> people(names.begin() + static_cast<long>(first),
                                          names.begin() + static_cast<long>(last));
    folder.write("compare" + number, grid_of(part, people));
    if (movement.angles.empty()) continue;
    const MovingFigure figure = moving_figure(part, people, movement);
    const std::string stem = "compare_" + options.axis + number;
    folder.write(stem, figure.still);
    write_sweep(folder, stem, figure.frames, options.output);
  }
}

/// Each sample alone: all models in a row, named after the sample.
void write_samples(const PictureFolder& folder, const CompareOptions& options, const std::vector<Showing>& showings,
                   const std::vector<std::string>& names, const Movement& movement) {
  for (size_t i = 0; i < names.size(); ++i) {
    const auto one = slice(showings, i, i + 1);
    folder.write(names[i], grid_of(one, {names[i]}), names[i]);
    if (movement.angles.empty()) continue;
    write_sweep(folder, names[i] + "_" + options.axis, moving_figure(one, {names[i]}, movement).frames, options.output);
  }
}

void compare(const CompareOptions& options) {
  const torch::NoGradGuard no_grad;
  if (options.sampling.networks.size() < 2) usage_error("compare needs two or more --network");
  const std::vector<std::string> labels = labels_of(options);
  const Movement movement = movement_of(options.axis);
  SamplingRun run("compare", options.sampling);
  std::vector<Showing> showings;
  std::vector<std::string> names;
  for (size_t index = 0; index < run.network_count(); ++index) {
    const Codes codes = codes_of(run, options, index, labels);
    names = codes.names;
    run.keep_tensor(fmt::format("styles_{}", index), codes.styles);
    showings.push_back(show(labels[index], run.network(index), codes.styles, options.sampling.batch, movement));
    log_info("{}: {} samples", labels[index], names.size());
  }
  run.make_folder();
  run.record().set("samples", names);
  run.record().set("labels", labels);
  run.record().set("axis", options.axis);
  write_grids(run.pictures(), options, showings, names, movement);
  if (!options.grid_only) write_samples(run.pictures(), options, showings, names, movement);
  run.finish();
}

}  // namespace

void add_compare(CLI::App& app) {
  auto options = std::make_shared<CompareOptions>();
  options->sampling.seeds = "0-7";
  CLI::App* command =
      app.add_subcommand("compare", "The same latents through two or more networks, one labelled row each");
  add_sampling_options(*command, options->sampling, Networks::several);
  command
      ->add_option("--axis", options->axis,
                   "What moves: none (stills), yaw, pitch, light, or interpolate (steps between consecutive samples, "
                   "each turned)")
      ->transform(choice({"none", "yaw", "pitch", "light", "interpolate"}))
      ->capture_default_str();
  command->add_option("--steps", options->steps, "Codes from one sample to the next, both included (interpolate)")
      ->transform(number(bounds::whole(2, 1000)))
      ->capture_default_str();
  command->add_option("--labels", options->labels, "Row labels instead of file names, separated by commas")
      ->delimiter(',');
  command->add_flag("--grid-only", options->grid_only, "Only the grids, no files per sample");
  add_sweep_output_options(*command, options->output);
  command->callback([options] { compare(*options); });
}

}  // namespace lifted::app
