// `metrics`: how good what a network makes is, by the numbers of the field.
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/meter.h"
#include "lifted/app/sampling.h"
#include "lifted/app/validators.h"
#include "lifted/app/world_run.h"
#include "lifted/base/runtime.h"
#include "lifted/model/builtin.h"
#include "lifted/model/import.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct MetricsOptions {
  fs::path network, gan, config, images;
  std::string protocol = "field";
  std::string device = "auto";
  MeterSettings meter;
  int threads = 0;
};

model::LoadedNetwork load(const MetricsOptions& options, torch::Device device) {
  const auto given = [](const fs::path& file) { return file.empty() ? std::nullopt : std::optional(file); };
  auto network = model::load_network(options.network, given(options.gan), given(options.config));
  if (network.lifted) network.lifted->to(device);
  network.generator->to(device);
  network.statistics.mean = network.statistics.mean.to(device);
  return network;
}

/// What is measured: a network, images, or with --save-stats alone only the real ones.
struct Measured {
  std::optional<model::LoadedNetwork> network;
  std::unique_ptr<const data::Dataset> images;
};

Measured open_measured(const MetricsOptions& options, torch::Device device) {
  const MeterSettings& settings = options.meter;
  if (!options.network.empty() && !options.images.empty())
    usage_error("--network and --images: expected one of them to measure");
  Measured measured;
  if (!options.network.empty()) {
    measured.network = load(options, device);
  } else if (!options.images.empty()) {
    measured.images = open_images(options.images);
  } else {
    if (settings.data.empty()) usage_error("--save-stats: expected --data, the images to measure");
    measured.images = open_images(settings.data);
  }
  return measured;
}

ordered_json measure(const MetricsOptions& options, const Measured& measured, const Meter& meter,
                     torch::Device device) {
  if (measured.network) return meter.measure(*measured.network);
  if (!options.images.empty()) return meter.measure_images(*measured.images, device);
  meter.write_statistics(device);
  return ordered_json::object();
}

/// What was measured, against what, with which files.
ordered_json facts_of(const MetricsOptions& options, const Measured& measured, const Meter& meter) {
  const MeterSettings& settings = options.meter;
  ordered_json record = {{"metric", settings.metrics}};
  if (measured.network) {
    record["network"] = options.network.string();
    record["trunc"] = settings.suite.truncation_psi;
  } else if (!options.images.empty()) {
    record["images"] = options.images.string();
  }
  record["protocol"] = options.protocol;
  if (meter.images()) {
    const int64_t there = meter.images()->size();
    record["data"] = settings.data.string();
    record["real_images"] = options.protocol == "published" ? std::min(there, metrics::kPublishedRealImages) : there;
  }
  if (!settings.suite.statistics.empty()) record["stats"] = settings.suite.statistics.string();
  if (meter.images() || !settings.suite.statistics.empty()) {
    const int64_t wanted = meter.generated_images();
    record["generated_images"] = measured.network ? wanted : std::min(wanted, measured.images->size());
  }
  if (settings.suite.repeats > 1) record["repeats"] = settings.suite.repeats;
  const std::pair<const char*, const fs::path&> files[] = {
      {"inception", settings.inception}, {"vgg", settings.vgg},     {"embedding", settings.embedding},
      {"probe", settings.probe},         {"depth", settings.depth}, {"truth", settings.truth}};
  for (const auto& [name, file] : files)
    if (!file.empty()) record[name] = file.string();
  return record;
}

void measure(const MetricsOptions& given) {
  MetricsOptions options = given;
  MeterSettings& settings = options.meter;
  if (options.network.empty() && options.images.empty() && settings.suite.save_statistics.empty())
    options.network = model::kBuiltinNetwork;
  settings.suite.protocol = options.protocol == "published" ? metrics::Protocol::published : metrics::Protocol::field;
  metrics::parse_metrics(settings.metrics);  // a mistake is better found before the network is read
  set_threads(options.threads);
  const torch::Device device = choose_device(options.device);
  const auto start = std::chrono::steady_clock::now();
  const Measured measured = open_measured(options, device);
  const Meter meter(settings, measured.network ? measured.network->generator->config().size : measured.images->width(),
                    device);
  ordered_json result = {{"results", measure(options, measured, meter, device)}};
  result.update(facts_of(options, measured, meter));
  result["total_time"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (settings.suite.world.writes()) fmt::print("{}\n", result.dump());
}

}  // namespace

void add_metrics(CLI::App& app) {
  auto* command = app.add_subcommand("metrics", "Measure what a network makes");
  auto options = std::make_shared<MetricsOptions>();
  command->add_option("--network,--ckpt,--pkl", options->network, "Network file, 2D or lifted (default: builtin)");
  command->add_option("--images", options->images,
                      "In place of a network: a folder, zip or lmdb of images that one made (as many of them as the "
                      "name of the metric asks for, or all)");
  command->add_option("--gan", options->gan, "The generator of a LiftedGAN checkpoint_NNN.pth");
  command->add_option("--config", options->config, kConfigHelp);
  add_meter_options(*command, options->meter);
  command->add_option("--stats", options->meter.suite.statistics,
                      "In place of --data: its published statistics, inception_NAME.pkl");
  command->add_option("--save-stats", options->meter.suite.save_statistics,
                      "Write the statistics of --data there, as published; without --network and --images only that");
  command
      ->add_option(
          "--protocol", options->protocol,
          "field: samples rounded to 8 bits as in files, all real images; published: the authors', samples not "
          "rounded, the first 50,000 real images, no truncation")
      ->transform(choice({"field", "published"}))
      ->capture_default_str();
  command->add_option("--embedding", options->meter.embedding, "Face network, from train-embedding or the authors'");
  command->add_option("--vgg", options->meter.vgg, "VGG-16: torchvision's, or NVIDIA's vgg16.pt");
  command->add_option("--seed", options->meter.suite.seed, "Of the samples: the first where there are --repeats")
      ->transform(seed(UINT32_MAX))
      ->capture_default_str();
  command
      ->add_option("--trunc,--truncation-psi,--truncation,--trunc-psi,--psi", options->meter.suite.truncation_psi,
                   "Truncation psi of the samples, and of the codes that --encoder reads")
      ->transform(number(bounds::truncation))
      ->capture_default_str();
  command->add_flag("--mirror", options->meter.suite.mirror, "Count every real image mirrored, too");
  command->add_flag("--teacher,--proxy", options->meter.suite.proxy,
                    "Of a lifted network, measure its 2D teacher's images");
  command->add_option("--batch", options->meter.suite.batch, "Images at a time")
      ->transform(number(bounds::batch))
      ->capture_default_str();
  add_device_option(*command, options->device);
  command->add_option("--threads", options->threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([options] {
    in_world({options->threads, options->device}, [&](const train::World& world) {
      options->meter.suite.world = world;
      measure(*options);
    });
  });
}

}  // namespace lifted::app
