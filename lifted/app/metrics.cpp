// `metrics`: how good what a network makes is, by the numbers of the field.
#include <chrono>
#include <nlohmann/json.hpp>

#include "lifted/app/commands.h"
#include "lifted/app/meter.h"
#include "lifted/app/validators.h"
#include "lifted/base/runtime.h"
#include "lifted/model/builtin.h"
#include "lifted/model/import.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;

struct MetricsOptions {
  fs::path network = model::kBuiltinNetwork, gan;
  std::string device = "auto";
  MeterSettings meter;
  int threads = 0;
};

model::LoadedNetwork load(const MetricsOptions& options, torch::Device device) {
  auto network = model::load_network(options.network, options.gan.empty() ? std::nullopt : std::optional(options.gan));
  if (network.lifted) network.lifted->to(device);
  network.generator->to(device);
  network.statistics.mean = network.statistics.mean.to(device);
  return network;
}

void measure(const MetricsOptions& options) {
  const MeterSettings& settings = options.meter;
  metrics::parse_metrics(settings.metrics);  // a mistake is better found before the network is read
  set_threads(options.threads);
  const torch::Device device = parse_device(options.device);
  const auto start = std::chrono::steady_clock::now();
  const auto network = load(options, device);
  const Meter meter(settings, network.generator->config().size, device);
  nlohmann::ordered_json result = {{"results", meter.measure(network)},
                                   {"metric", settings.metrics},
                                   {"network", options.network.string()},
                                   {"trunc", settings.suite.truncation_psi}};
  if (meter.images()) {
    result["data"] = settings.data.string();
    result["real_images"] = meter.images()->size();
    result["generated_images"] = meter.generated_images();
  }
  if (settings.suite.repeats > 1) result["repeats"] = settings.suite.repeats;
  if (!settings.inception.empty()) result["inception"] = settings.inception.string();
  if (!settings.vgg.empty()) result["vgg"] = settings.vgg.string();
  if (!settings.embedding.empty()) result["embedding"] = settings.embedding.string();
  if (!settings.probe.empty()) result["probe"] = settings.probe.string();
  if (!settings.depth.empty()) result["depth"] = settings.depth.string();
  if (!settings.truth.empty()) result["truth"] = settings.truth.string();
  result["total_time"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{}\n", result.dump());
}

}  // namespace

void add_metrics(CLI::App& app) {
  auto* command = app.add_subcommand("metrics", "Measure what a network makes");
  auto options = std::make_shared<MetricsOptions>();
  command->add_option("--network,--ckpt,--pkl", options->network, "Network file, 2D or lifted; or builtin")
      ->capture_default_str();
  command->add_option("--gan", options->gan, "The generator of a LiftedGAN checkpoint_NNN.pth");
  add_meter_options(*command, options->meter);
  command->add_option("--embedding", options->meter.embedding, "Face network, from train-embedding or the authors'");
  command->add_option("--vgg", options->meter.vgg, "VGG-16: torchvision's, or NVIDIA's vgg16.pt");
  command->add_option("--seed", options->meter.suite.seed, "Of the samples: the first where there are --repeats")
      ->transform(seed(UINT32_MAX))
      ->capture_default_str();
  command
      ->add_option("--trunc,--truncation-psi,--truncation,--trunc-psi,--psi", options->meter.suite.truncation_psi,
                   "Truncation psi of the samples")
      ->transform(number(bounds::truncation))
      ->capture_default_str();
  command->add_flag("--mirror", options->meter.suite.mirror, "Count every real image mirrored, too");
  command->add_flag("--teacher,--proxy", options->meter.suite.proxy,
                    "Of a lifted network, measure its 2D teacher's images");
  command->add_option("--batch", options->meter.suite.batch, "Images at a time")
      ->transform(number(bounds::batch))
      ->capture_default_str();
  command->add_option("--device", options->device, "cpu, cuda, cuda:N or auto")->capture_default_str();
  command->add_option("--threads", options->threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([options] { measure(*options); });
}

}  // namespace lifted::app
