#include "lifted/app/image_training.h"

#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"

namespace lifted::app {

void add_schedule_options(CLI::App& command, ScheduleSettings& s, const char* batch_help) {
  command.add_option("--batch", s.batch, batch_help)->transform(number(bounds::batch))->capture_default_str();
  command.add_option("--kimg", s.kimg, "Thousand images to show; the learning rate falls to the end")
      ->transform(number(bounds::thousand_images))
      ->capture_default_str();
  command.add_option("--lr", s.lr, "Highest learning rate")
      ->transform(number(bounds::learning_rate))
      ->capture_default_str();
  command.add_option("--weight-decay", s.weight_decay, "Weight decay")
      ->transform(number(bounds::weight_decay))
      ->capture_default_str();
  command.add_option("--seed", s.seed, "Seed of every random stream")->transform(seed())->capture_default_str();
  add_run_options(command, s.run);
}

void add_image_options(CLI::App& command, ImageTrainingSettings& s, const char* data_help) {
  command.add_option("--data", s.data, data_help);
  add_schedule_options(command, s);
  command.add_option("--held-out", s.held_out, "Share of people kept apart to measure with")
      ->transform(number(bounds::inner_share))
      ->capture_default_str();
  command.add_flag("--no-mirror", s.no_mirror, "Never show images mirrored");
  add_precision_option(command, s.precision, HalfBlocks::none);
}

void add_face_architecture(CLI::App& command, std::string& arch) {
  command.add_option("--arch", arch, "lresnet18 sees 128x128 pixels, small 64x64")
      ->transform(choice({"lresnet18", "small"}))
      ->capture_default_str();
}

void check_image_settings(const ImageTrainingSettings& s, const char* missing_data) {
  if (s.data.empty()) usage_error("--data: expected {}", missing_data);
  bounds::inner_share.check("--held-out", s.held_out);
}

train::ImageTaskOptions image_options(ImageTrainingSettings& s, int64_t total_images) {
  return {.network = {},
          .batch = s.batch,
          .total_images = total_images,
          .lr = s.lr,
          .weight_decay = s.weight_decay,
          .mirror = !s.no_mirror,
          .precision = parse_precision(s.precision),
          .seed = s.seed,
          .shards = s.run.shard_count()};
}

void train_images(const ImageTrainingSettings& s, const char* command, const nlohmann::ordered_json& settings,
                  const train::LoopOptions& loop, const data::Dataset& images, ImageTraining training) {
  log_info("data {}: {} images of {}x{}; {}", s.data, images.size(), images.width(), images.height(),
           training.division);
  const std::string stem = std::filesystem::path(s.data).stem().string();
  train_in_folder(
      *training.task, s.run, loop,
      {fmt::format("{}-{}-batch{}", stem, training.description, s.batch),
       {{"command", command}, {"settings", settings}, {"images", images.size()}, {"options", training.options}}},
      training.options);
}

}  // namespace lifted::app
