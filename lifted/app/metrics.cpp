// `metrics`: how close what a model makes is to a set of images.
#include <chrono>
#include <nlohmann/json.hpp>

#include "lifted/app/commands.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/random.h"
#include "lifted/base/runtime.h"
#include "lifted/data/loader.h"
#include "lifted/metrics/frechet.h"
#include "lifted/metrics/random_features.h"
#include "lifted/model/import.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using torch::Tensor;

struct MetricsOptions {
  fs::path network, gan, data;
  std::string metrics = "fd_random10k_full", device = "auto";
  double truncation_psi = 1;
  bool mirror = false, proxy = false;
  int batch = 32, threads = 0;
};

/// The number of samples in a metric's name: fd_random50k_full → 50,000. UsageError for other names.
int64_t samples_of(const std::string& metric) {
  const std::string head = "fd_random", tail = "k_full";
  const bool fits = metric.starts_with(head) && metric.ends_with(tail) && metric.size() > head.size() + tail.size();
  const std::string digits = fits ? metric.substr(head.size(), metric.size() - head.size() - tail.size()) : "";
  if (digits.empty() || digits.size() > 4 || digits.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(digits) == 0) {
    usage_error("--metrics {}: expected fd_randomNk_full, with N thousand samples (fd_random50k_full)", metric);
  }
  return std::stoll(digits) * 1000;
}

/// All images once, and mirrored once more if asked for.
metrics::Moments moments_of_data(const std::shared_ptr<const data::Dataset>& images,
                                 const metrics::RandomFeatures& features, const MetricsOptions& options,
                                 torch::Device device) {
  metrics::Moments moments;
  Progress progress("real images", images->size(), "images");
  for (int64_t from = 0; from < images->size(); from += options.batch) {
    const int64_t to = std::min(images->size(), from + options.batch);
    std::vector<Tensor> batch;
    for (int64_t i = from; i < to; ++i) batch.push_back(formats::tensor_from_image(images->image(i)));
    const auto tensor = torch::stack(batch).to(device);
    moments.add(features(tensor));
    if (options.mirror) moments.add(features(tensor.flip(3)));
    progress.advance(to - from);
  }
  return moments;
}

/// What the model makes of z = numpy RandomState(0).randn(count, z_dim): its renders, or with `proxy` its 2D teacher's
/// images; rounded to 8 bits like the real ones.
metrics::Moments moments_of_model(const model::LoadedNetwork& network, const metrics::RandomFeatures& features,
                                  const MetricsOptions& options, int64_t count) {
  const int64_t z_dim = network.generator->config().z_dim;
  metrics::Moments moments;
  Progress progress("generated images", count, "images");
  NumpyRandomState random(0);
  for (int64_t from = 0; from < count; from += options.batch) {
    const int64_t size = std::min<int64_t>(options.batch, count - from);
    auto z = torch::empty({size, z_dim});
    for (int64_t i = 0; i < z.numel(); ++i) z.data_ptr<float>()[i] = static_cast<float>(random.normal());
    const auto w = model::truncate(network.generator->map(z.to(network.statistics.mean.device())), network.statistics,
                                   {.psi = options.truncation_psi, .cutoff = {}}, network.generator->layers());
    Tensor images;
    if (network.lifted && !options.proxy) {
      images = network.lifted->render(network.lifted->estimate(w)).recon_im;
    } else {
      images = network.generator->synthesize(w).image;
    }
    moments.add(features((images.clamp(-1, 1) * 127.5 + 127.5).round() / 127.5 - 1));
    progress.advance(size);
  }
  return moments;
}

void run(const MetricsOptions& options) {
  if (options.batch < 1) usage_error("--batch {}: expected a positive number", options.batch);
  const int64_t count = samples_of(options.metrics);
  set_threads(options.threads);
  const torch::Device device = parse_device(options.device);
  const auto start = std::chrono::steady_clock::now();
  const torch::NoGradGuard guard;
  auto network = model::load_network(options.network, options.gan.empty() ? std::nullopt : std::optional(options.gan));
  if (network.lifted) network.lifted->to(device);
  network.generator->to(device);
  network.statistics.mean = network.statistics.mean.to(device);
  const int size = network.generator->config().size;
  const auto images = std::make_shared<const data::Dataset>(options.data, size);
  require(images->width() == size && images->height() == size,
          "{}: images of {}x{} pixels, expected {}x{} as the network makes", options.data.string(), images->width(),
          images->height(), size, size);
  require(images->size() >= 2, "{}: {} image, expected at least two", options.data.string(), images->size());
  const metrics::RandomFeatures features(size, device);
  const double distance = metrics::frechet_distance(moments_of_data(images, features, options, device),
                                                    moments_of_model(network, features, options, count));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const nlohmann::ordered_json result = {{"results", {{options.metrics, distance}}},
                                         {"metric", options.metrics},
                                         {"network", options.network.string()},
                                         {"data", options.data.string()},
                                         {"real_images", images->size()},
                                         {"generated_images", count},
                                         {"trunc", options.truncation_psi},
                                         {"total_time", seconds}};
  fmt::print("{}\n", result.dump());
}

}  // namespace

void add_metrics(CLI::App& app) {
  auto* command = app.add_subcommand("metrics", "Distance between what a model makes and a set of images");
  auto options = std::make_shared<MetricsOptions>();
  command->add_option("--network", options->network, "Network file, 2D or lifted")->required();
  command->add_option("--gan", options->gan, "The generator of a LiftedGAN checkpoint_NNN.pth");
  command->add_option("--data", options->data, "Real images: a folder, a zip or an lmdb")->required();
  command
      ->add_option("--metrics", options->metrics,
                   "fd_randomNk_full: Fréchet distance of N thousand samples to all real images, in the features of a "
                   "fixed random network (not FID)")
      ->capture_default_str();
  command->add_option("--trunc", options->truncation_psi, "Truncation psi of the samples")->capture_default_str();
  command->add_flag("--mirror", options->mirror, "Count every real image mirrored, too");
  command->add_flag("--proxy", options->proxy, "Of a lifted network, measure its 2D teacher");
  command->add_option("--batch", options->batch, "Images at a time")->capture_default_str();
  command->add_option("--device", options->device, "cpu, cuda, cuda:N or auto")->capture_default_str();
  command->add_option("--threads", options->threads, "Computing threads (0: OMP_NUM_THREADS, else every core)")
      ->capture_default_str();
  command->callback([options] { run(*options); });
}

}  // namespace lifted::app
