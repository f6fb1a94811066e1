// `metrics`: how good what a network makes is, by the numbers of the field.
#include <chrono>
#include <nlohmann/json.hpp>

#include "lifted/app/commands.h"
#include "lifted/base/error.h"
#include "lifted/base/runtime.h"
#include "lifted/metrics/suite.h"
#include "lifted/model/critics.h"
#include "lifted/model/import.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;

struct MetricsOptions {
  fs::path network, gan, data, embedding, probe;
  std::string metrics = "fd_random10k_full", device = "auto";
  metrics::SuiteOptions suite;
  int threads = 0;
};

model::LoadedNetwork load(const MetricsOptions& options, torch::Device device) {
  auto network = model::load_network(options.network, options.gan.empty() ? std::nullopt : std::optional(options.gan));
  if (network.lifted) network.lifted->to(device);
  network.generator->to(device);
  network.statistics.mean = network.statistics.mean.to(device);
  return network;
}

std::unique_ptr<const data::Dataset> open_data(const fs::path& path, int size) {
  if (path.empty()) usage_error("--data: expected a folder, a zip or an lmdb of real images");
  auto images = std::make_unique<const data::Dataset>(path, size);
  require(images->width() == size && images->height() == size,
          "{}: images of {}x{} pixels, expected {}x{} as the network makes", path.string(), images->width(),
          images->height(), size, size);
  require(images->size() >= 2, "{}: {} image, expected at least two", path.string(), images->size());
  return images;
}

metrics::Judges load_judges(const MetricsOptions& options, int size, torch::Device device) {
  metrics::Judges judges;
  const auto check = [&](const fs::path& file, int seen) {
    require(size % seen == 0, "{}: sees images of {}x{} or a multiple, but the network makes {}x{}", file.string(),
            seen, seen, size, size);
  };
  if (!options.embedding.empty()) {
    judges.embedding = model::load_face_embedding(options.embedding);
    check(options.embedding, judges.embedding->config().size);
    judges.embedding->to(device);
  }
  if (!options.probe.empty()) {
    judges.probe = model::load_view_light_probe(options.probe);
    check(options.probe, judges.probe->config().size);
    judges.probe->to(device);
  }
  return judges;
}

void run(const MetricsOptions& options) {
  const auto wanted = metrics::parse_metrics(options.metrics);
  set_threads(options.threads);
  const torch::Device device = parse_device(options.device);
  const auto start = std::chrono::steady_clock::now();
  const auto network = load(options, device);
  const int size = network.generator->config().size;
  const auto images = metrics::needs_data(wanted) ? open_data(options.data, size) : nullptr;
  const auto judges = load_judges(options, size, device);
  nlohmann::ordered_json result = {{"results", metrics::measure(wanted, network, images.get(), judges, options.suite)},
                                   {"metric", options.metrics},
                                   {"network", options.network.string()},
                                   {"trunc", options.suite.truncation_psi}};
  int64_t generated = 0;
  for (const auto& metric : wanted) generated = std::max(generated, metric.samples);
  if (images) {
    result["data"] = options.data.string();
    result["real_images"] = images->size();
    result["generated_images"] = generated;
  }
  if (!options.embedding.empty()) result["embedding"] = options.embedding.string();
  if (!options.probe.empty()) result["probe"] = options.probe.string();
  result["total_time"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{}\n", result.dump());
}

}  // namespace

void add_metrics(CLI::App& app) {
  auto* command = app.add_subcommand("metrics", "Measure what a network makes");
  auto options = std::make_shared<MetricsOptions>();
  command->add_option("--network", options->network, "Network file, 2D or lifted")->required();
  command->add_option("--gan", options->gan, "The generator of a LiftedGAN checkpoint_NNN.pth");
  command->add_option("--data", options->data, "Real images: a folder, a zip or an lmdb");
  command
      ->add_option("--metrics", options->metrics,
                   "Comma-separated: fd_randomNk_full and fd_embedNk_full (Fréchet distance of N thousand samples to "
                   "all real images, in a fixed random network or in --embedding; not FID), identity (--embedding), "
                   "view_light (--probe)")
      ->capture_default_str();
  command->add_option("--embedding", options->embedding, "Face network, from train-embedding or the authors'");
  command->add_option("--probe", options->probe, "View and light probe, from train-probe");
  command->add_option("--cache", options->suite.cache, "Folder that keeps what fd_... measured of real images");
  command->add_option("--samples", options->suite.samples, "Samples that identity and view_light look at")
      ->capture_default_str();
  command->add_option("--trunc", options->suite.truncation_psi, "Truncation psi of the samples")->capture_default_str();
  command->add_flag("--mirror", options->suite.mirror, "Count every real image mirrored, too");
  command->add_flag("--proxy", options->suite.proxy, "Of a lifted network, fd_… measure its 2D teacher");
  command->add_option("--batch", options->suite.batch, "Images at a time")->capture_default_str();
  command->add_option("--device", options->device, "cpu, cuda, cuda:N or auto")->capture_default_str();
  command->add_option("--threads", options->threads, "Computing threads (0: OMP_NUM_THREADS, else every core)")
      ->capture_default_str();
  command->callback([options] { run(*options); });
}

}  // namespace lifted::app
