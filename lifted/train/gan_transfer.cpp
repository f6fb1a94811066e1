#include "lifted/train/gan_transfer.h"

#include "lifted/base/error.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/model/network_file.h"
#include "lifted/nets/load.h"
#include "lifted/nets/stylegan2_grow.h"
#include "lifted/train/snapshot.h"

namespace lifted::train {
namespace {

/// Of the three networks what was found, and in which file d was.
struct Weights {
  StateDict average, generator, discriminator;
  std::string discriminator_file;
};

/// One network's weights out of a checkpoint with several: a dict of dicts (rosinality), or a flat one with dotted
/// names (this project's training states). Empty where it has none of that name.
StateDict network_in(const formats::Checkpoint& checkpoint, const char* name) {
  if (const auto* found = checkpoint.root.find(name)) return formats::tensors_of(*found, "module.");
  if (checkpoint.kind != formats::FileKind::safetensors) return {};
  return entries_under(formats::tensors_of(checkpoint.root), std::string(name) + ".");
}

Weights read_weights(const GanTransfer& transfer, const nets::Stylegan2Config& config) {
  const std::string what = transfer.checkpoint.string();
  const auto checkpoint = formats::read_checkpoint(transfer.checkpoint);
  Weights weights = {network_in(checkpoint, "g_ema"), network_in(checkpoint, "g"), network_in(checkpoint, "d"), what};
  if (!transfer.discriminator.empty()) {
    weights.discriminator_file = transfer.discriminator.string();
    weights.discriminator = network_in(formats::read_checkpoint(transfer.discriminator), "d");
    require(!weights.discriminator.empty(),
            "{}: has no discriminator; expected a training state, a StyleGAN2 .pt, or a file of convert --for-training",
            weights.discriminator_file);
  }
  if (weights.average.empty()) {
    const auto loaded = model::load_network(transfer.checkpoint);
    require(transfer.grow || loaded.generator->config() == config, "{}: a generator of another shape: {}, expected {}",
            what, loaded.generator->config().to_json().dump(), config.to_json().dump());
    weights.average = nets::state_of(*loaded.generator);
  }
  return weights;
}

/// Generator and average from the same fresh layers: the average of what has just begun is what has just begun.
void grow(Weights& weights, const GanTrainer& trainer, const std::string& what) {
  const StateDict fresh = nets::state_of(*trainer.generator);
  weights.average = nets::grown_generator(fresh, weights.average, what + ": g_ema");
  if (!weights.generator.empty()) weights.generator = nets::grown_generator(fresh, weights.generator, what + ": g");
  if (!weights.discriminator.empty()) {
    weights.discriminator = nets::grown_discriminator(nets::state_of(*trainer.discriminator), weights.discriminator,
                                                      weights.discriminator_file + ": d");
  }
}

}  // namespace

std::string transfer_weights(GanTrainer& trainer, const nets::Stylegan2Config& config, const GanTransfer& transfer) {
  const std::string what = transfer.checkpoint.string();
  Weights weights = read_weights(transfer, config);
  if (transfer.grow) grow(weights, trainer, what);
  const bool has_generator = !weights.generator.empty(), has_discriminator = !weights.discriminator.empty();
  nets::load_strict(*trainer.average, weights.average, what + ": g_ema");
  nets::load_strict(*trainer.generator, has_generator ? weights.generator : weights.average,
                    what + (has_generator ? ": g" : ": g_ema"));
  if (has_discriminator)
    nets::load_strict(*trainer.discriminator, weights.discriminator, weights.discriminator_file + ": d");
  return fmt::format("{} from {}: generator {}, discriminator {}", transfer.grow ? "grown" : "transfer", what,
                     has_generator ? "and average" : "from its average",
                     !has_discriminator               ? "absent, starting at random"
                     : transfer.discriminator.empty() ? "too"
                                                      : "from " + weights.discriminator_file);
}

}  // namespace lifted::train
