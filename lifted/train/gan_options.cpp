#include "lifted/train/gan_options.h"

#include "lifted/base/bounds.h"
#include "lifted/base/error.h"

namespace lifted::train {
namespace {

const char* name_of(AugmentMode mode) {
  return mode == AugmentMode::adaptive ? "ada" : mode == AugmentMode::fixed ? "fixed" : "noaug";
}

}  // namespace

nlohmann::ordered_json GanOptions::to_json() const {
  nlohmann::ordered_json json = {{"generator", generator.to_json()},
                                 {"discriminator", discriminator.to_json()},
                                 {"batch", batch},
                                 {"batch_part", batch_part},
                                 {"lr", training.lr},
                                 {"gamma", training.r1_gamma},
                                 {"d_reg_every", training.d_reg_every},
                                 {"g_reg_every", training.g_reg_every},
                                 {"path_weight", training.path_weight},
                                 {"path_decay", training.path_decay},
                                 {"path_batch_shrink", path_batch_shrink},
                                 {"style_mixing", style_mixing},
                                 {"average_decay", average_decay},
                                 {"warmup_images", warmup_images},
                                 {"mirror", mirror},
                                 {"aug", name_of(augment)},
                                 {"aug_strength", augment_strength},
                                 {"aug_target", augment_target},
                                 {"precision", name_of(training.precision)},
                                 {"seed", seed}};
  if (shards > 1) json["shards"] = shards;  // states of earlier versions do not know it
  return json;
}

void GanOptions::validate(const data::Dataset& images) const {
  bounds::batch.check("--batch", static_cast<double>(batch));
  if (batch_part < 0 || batch_part > batch) usage_error("--batch-part {}: expected 1 to --batch {}", batch_part, batch);
  bounds::learning_rate.check("--lr", training.lr);
  bounds::weight.check("--gamma", training.r1_gamma);
  bounds::share.check("--p", augment_strength);
  bounds::between(-1, 1).check("--target", augment_target);
  const std::string data = images.archive().path().string();
  if (images.size() < batch) {
    usage_error("--data {}: {} images, fewer than --batch {}; use more images or a smaller batch", data, images.size(),
                batch);
  }
  if (images.width() != generator.size || images.height() != generator.size) {
    usage_error("--data {}: images of {}x{} pixels, expected {}x{} (--size); `dataset make` resizes them", data,
                images.width(), images.height(), generator.size, generator.size);
  }
}

void set_channels(GanOptions& options, const std::string& table, int size) {
  auto& g = options.generator;
  auto& d = options.discriminator;
  g.size = d.size = size;
  if (table == "lite") {
    g.channels = nets::lite_channels(size);
    d.channels = nets::lite_discriminator_channels(size);
  } else if (table == "full") {
    g.channels = d.channels = nets::full_channels(size);
  } else if (table == "tiny" || table == "micro") {
    const int widest = table == "tiny" ? 256 : 128;
    g.z_dim = g.w_dim = widest;
    for (int side = 4; side <= size; side *= 2) g.channels.push_back(std::min(widest, 8 * widest / side));
    d.channels = g.channels;
  } else {
    usage_error("--channels {}: expected lite, full, tiny or micro", table);
  }
}

}  // namespace lifted::train
