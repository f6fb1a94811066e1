// `compare`: the same latents through two or more networks, one labelled row each, still and turning.
#include "lifted/app/commands.h"
#include "lifted/app/pictures.h"
#include "lifted/app/sampling.h"
#include "lifted/app/sweep.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {

constexpr int64_t max_columns = 16;

struct CompareOptions {
  SamplingOptions sampling;
  SweepOutput output;
  std::vector<std::string> labels;
};

/// One network's row: its faces, and the same faces at each yaw angle (plain 2D networks stand still).
struct Row {
  std::vector<formats::Image> faces;
  std::vector<std::vector<formats::Image>> turned;  // by sample, then by angle
};

Row lifted_row(const model::LiftedGan& lifted, const torch::Tensor& styles, int64_t batch,
               const std::vector<double>& angles) {
  Row row;
  for_batches(styles.size(0), batch, [&](int64_t first, int64_t last) {
    const model::Estimate estimates = lifted.estimate(styles.slice(0, first, last));
    for (formats::Image& face : frames_of(lifted.render(estimates).recon_im)) row.faces.push_back(std::move(face));
    for (int64_t i = 0; i < last - first; ++i) {
      row.turned.push_back(
          frames_of(sweep_images(lifted.renderer(), scene_of(estimates.narrow(i, 1)), SweepAxis::yaw, angles)));
    }
  });
  return row;
}

Row plain_row(const nets::Stylegan2Generator& generator, const torch::Tensor& styles, int64_t batch, size_t angles) {
  Row row;
  for_batches(styles.size(0), batch, [&](int64_t first, int64_t last) {
    const torch::Tensor images = generator->synthesize(styles.slice(0, first, last)).image.cpu();
    for (int64_t i = 0; i < images.size(0); ++i) {
      row.faces.push_back(formats::image_from_tensor(images[i], formats::Rounding::nvidia));
      row.turned.emplace_back(angles, row.faces.back());
    }
  });
  return row;
}

std::vector<std::string> labels_of(const CompareOptions& options) {
  if (!options.labels.empty()) {
    if (options.labels.size() != options.sampling.networks.size()) {
      usage_error("{} --labels for {} networks", options.labels.size(), options.sampling.networks.size());
    }
    return options.labels;
  }
  return network_labels(options.sampling.networks);
}

formats::Image grid_of(const std::vector<Row>& rows, const std::vector<std::string>& labels,
                       const std::vector<std::string>& names, std::optional<size_t> angle) {
  formats::ContactSheet sheet;
  sheet.row_labels = labels;
  sheet.column_labels = names;
  for (const Row& row : rows) {
    for (size_t i = 0; i < names.size(); ++i) sheet.images.push_back(angle ? row.turned[i][*angle] : row.faces[i]);
  }
  return formats::render_contact_sheet(sheet);
}

void compare(const CompareOptions& options) {
  const torch::NoGradGuard no_grad;
  if (options.sampling.networks.size() < 2) usage_error("compare needs two or more --network");
  const std::vector<std::string> labels = labels_of(options);
  const std::vector<double> angles = published_range(SweepAxis::yaw).angles(SweepAxis::yaw);
  SamplingRun run("compare", options.sampling);
  std::vector<Row> rows;
  std::vector<std::string> names;
  for (size_t index = 0; index < run.network_count(); ++index) {
    const model::LoadedNetwork& network = run.network(index);
    if (network.generator->config().z_dim != run.network().generator->config().z_dim) {
      usage_error("{} takes {} latent dimensions and {} takes {}: the same latents cannot go through both", labels[0],
                  run.network().generator->config().z_dim, labels[index], network.generator->config().z_dim);
    }
    const Codes codes = run.codes(index);
    if (codes.size() > max_columns)
      usage_error("compare shows at most {} samples side by side, not {}", max_columns, codes.size());
    names = codes.names;
    run.keep_tensor(fmt::format("styles_{}", index), codes.styles);
    rows.push_back(network.lifted ? lifted_row(*network.lifted, codes.styles, options.sampling.batch, angles)
                                  : plain_row(network.generator, codes.styles, options.sampling.batch, angles.size()));
    log_info("{}: {} samples", labels[index], codes.size());
  }
  run.make_folder();
  run.record().set("samples", names);
  run.record().set("labels", labels);
  formats::write_png(run.output("compare.png"), grid_of(rows, labels, names, {}));
  std::vector<formats::Image> frames;
  for (size_t angle = 0; angle < angles.size(); ++angle) frames.push_back(grid_of(rows, labels, names, angle));
  write_sweep(options.sampling.outdir, "compare_yaw", frames, options.output);
  run.finish();
}

}  // namespace

void add_compare(CLI::App& app) {
  auto options = std::make_shared<CompareOptions>();
  options->sampling.seeds = "0-7";
  CLI::App* command =
      app.add_subcommand("compare", "The same latents through two or more networks, one labelled row each");
  add_sampling_options(*command, options->sampling, Networks::several);
  command->add_option("--labels", options->labels, "Row labels instead of file names, separated by commas")
      ->delimiter(',');
  add_sweep_output_options(*command, options->output);
  command->callback([options] { compare(*options); });
}

}  // namespace lifted::app
