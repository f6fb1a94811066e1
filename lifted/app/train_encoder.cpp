// liftedgan train-encoder: train a network that reads a generator's codes off pictures.
#include <memory>

#include "lifted/app/commands.h"
#include "lifted/app/image_training.h"
#include "lifted/app/sampling.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/model/critics.h"
#include "lifted/photo/encoder_task.h"

namespace lifted::app {
namespace {
struct EncoderSettings : ScheduleSettings {
  EncoderSettings() { batch = 16, lr = 1e-3, weight_decay = 0; }
  std::string network = "builtin", gan, data, embedding;
  int64_t compared = 4, real = 16;
  double background = 0.25;
  photo::EncoderWeights weights;

  template <typename Self, typename Visit>
  static void each(Self& self, const Visit& visit) {
    visit("network", self.network);
    visit("gan", self.gan);
    visit("data", self.data);
    visit("embedding", self.embedding);
    visit("compared", self.compared);
    visit("real", self.real);
    visit("background", self.background);
    visit("code", self.weights.code);
    visit("pixel", self.weights.pixel);
    visit("perceptual", self.weights.perceptual);
    visit("identity", self.weights.identity);
    visit("view", self.weights.view);
    visit("prior", self.weights.prior);
    ScheduleSettings::each(self, visit);
  }
};

photo::EncoderOptions encoder_options(const EncoderSettings& s, int64_t total_images, int size) {
  photo::EncoderOptions options;
  options.images = {.network = photo::encoder_trunk(size),
                    .batch = s.batch,
                    .total_images = total_images,
                    .lr = s.lr,
                    .weight_decay = s.weight_decay,
                    .mirror = true,
                    .seed = s.seed};
  options.weights = s.weights;
  options.compared = std::min(s.compared, s.batch);
  options.real = s.data.empty() ? 0 : s.real;
  options.background = s.background;
  return options;
}

void train_encoder(EncoderSettings s, const CLI::App& command) {
  adopt_run(s, command, {"network", "gan", "data", "embedding"});
  set_threads(s.run.threads);
  const train::LoopOptions loop = loop_options(s.run, s.kimg);
  const torch::Device device = choose_device(s.run.device, Precision::fp32);
  auto network =
      model::load_network(s.network, s.gan.empty() ? std::nullopt : std::optional(std::filesystem::path(s.gan)));
  if (!network.lifted) usage_error("--network {}: is a 2D generator, expected a lifted network", s.network);
  network.lifted->to(device);
  network.statistics = network.lifted->statistics();
  nets::FaceEmbedding face{nullptr};
  if (!s.embedding.empty()) {
    face = model::load_face_embedding(s.embedding);
    face->to(device);
  }
  std::shared_ptr<const data::Dataset> real;
  if (!s.data.empty() && s.real > 0) real = std::make_shared<const data::Dataset>(s.data);
  const auto options = encoder_options(s, loop.total_images, network.lifted->size());
  photo::EncoderTask task(options, network, real, face, device);
  if (face.is_empty()) log_info("no --embedding: pictures are compared by their pixels alone");
  const std::string stem = std::filesystem::path(s.network).stem().string();
  train_in_folder(task, s.run, loop,
                  {fmt::format("{}-encoder-batch{}", stem, s.batch),
                   {{"command", "train-encoder"}, {"settings", settings_json(s)}, {"options", options.to_json()}}},
                  options.to_json());
}

void add_weights(CLI::App& command, photo::EncoderWeights& weights) {
  const auto add = [&](const char* name, double& weight, const char* help) {
    command.add_option(name, weight, help)->transform(number(bounds::weight))->capture_default_str();
  };
  add("--code", weights.code, "Weight of the code's mean squared error");
  add("--pixel", weights.pixel, "Weight of mean |x − y| of pictures");
  add("--perceptual", weights.perceptual, "Weight of their perceptual distance (--embedding)");
  add("--identity", weights.identity, "Weight of 1 − their cosine in the face network (--embedding)");
  add("--view", weights.view, "Weight of the error of the code's view and light");
  add("--prior", weights.prior, "Weight of the square of real pictures' codes, in deviations");
}

}  // namespace

void add_train_encoder(CLI::App& app) {
  auto* command = app.add_subcommand("train-encoder", "Train a network that reads a generator's codes off pictures");
  auto s = std::make_shared<EncoderSettings>();
  command->add_option("--network,--ckpt,--pkl", s->network, "Lifted network whose codes are read")
      ->capture_default_str();
  command->add_option("--gan", s->gan, "The generator of a LiftedGAN checkpoint_NNN.pth");
  command->add_option("--data", s->data, "Real pictures to show beside the network's own: a folder, a zip or an lmdb");
  command->add_option("--embedding", s->embedding, "Face network for perceptual distance and identity");
  command->add_option("--compared", s->compared, "So many of them are drawn again and compared as pictures")
      ->transform(number(bounds::batch))
      ->capture_default_str();
  command->add_option("--real", s->real, "Pictures of --data per step")
      ->transform(number(bounds::whole(0, 65536)))
      ->capture_default_str();
  command->add_option("--background", s->background, "Share of the pictures that get another background")
      ->transform(number(bounds::share))
      ->capture_default_str();
  add_weights(*command, s->weights);
  add_schedule_options(*command, *s, "The network's pictures per step");
  command->callback([s, command] {
    train_in_world(s->run, [&] {
      if (s->run.world.size() > 1 || s->run.shards > 1) {
        usage_error("train-encoder: knows one process and one shard only");
      }
      train_encoder(*s, *command);
    });
  });
}

}  // namespace lifted::app
