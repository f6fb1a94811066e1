// `convert`: one self-describing .safetensors network out of published checkpoints.
#include "lifted/app/commands.h"
#include "lifted/app/sampling.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/import.h"
#include "lifted/model/network_file.h"
#include "lifted/model/network_kind.h"
#include "lifted/train/snapshot.h"

namespace lifted::app {
namespace {

struct ConvertOptions {
  std::filesystem::path network, gan, config, out;
  bool half = false, without_generator = false, for_training = false;
};

/// What a training of train-gan needs to start from another's networks, a tenth of a training state.
void convert_for_training(const ConvertOptions& options) {
  const train::TrainingState state = train::read_training_state(options.network);
  StateDict kept;
  for (const auto& [name, tensor] : state.tensors) {
    if (!name.starts_with("d.") && (options.without_generator || !name.starts_with("g_ema."))) continue;
    kept[name] = options.half && tensor.is_floating_point() ? tensor.to(torch::kFloat16) : tensor;
  }
  require(!kept.empty(), "{}: is a training state of another command than train-gan", options.network.string());
  formats::write_safetensors(
      options.out, kept,
      {{"format", model::kGanCheckpointFormat},
       {"provenance",
        {{"tool", "liftedgan train-gan"}, {"images", state.images}, {"options", state.values["task"]["options"]}}}});
  log_info("{}: {} after {} images; pass it as {} to train-gan", options.out.string(),
           options.without_generator ? "discriminator" : "generator and discriminator", state.images,
           options.without_generator ? "--discriminator" : "--resume");
}

void convert(const ConvertOptions& options) {
  if (options.out.extension() != ".safetensors" && !is_output_stream(options.out))
    usage_error("--out {}: expected a name ending in .safetensors", options.out.string());
  if (options.for_training) return convert_for_training(options);
  const auto given = [](const auto& file) { return file.empty() ? std::nullopt : std::optional(file); };
  model::LoadedNetwork network = model::load_network(options.network, given(options.gan), given(options.config));
  model::save_network(options.out, network, {.half = options.half, .generator = !options.without_generator});
  log_info("{}: {}", options.out.string(),
           options.without_generator ? "lifting networks; pass a network with the same generator as --gan"
           : network.lifted          ? "a lifted network; it needs no --gan"
                                     : "a 2D generator");
}

}  // namespace

void add_convert(CLI::App& app) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* command =
      app.add_subcommand("convert", "Write one self-describing .safetensors network from published checkpoints");
  command->add_option("--network,--ckpt,--pkl", options->network, "LiftedGAN checkpoint, StyleGAN2 .pt or NVIDIA .pkl")
      ->required();
  command->add_option("--gan", options->gan, "StyleGAN2 generator that a LiftedGAN checkpoint was trained with");
  command->add_option("--config", options->config, kConfigHelp);
  command->add_option("--out", options->out, "File to write")->required();
  command->add_flag("--half", options->half, "Store weights as float16");
  command->add_flag(
      "--without-generator", options->without_generator,
      "Leave the generator out: lifting networks for who has it from another file, or with --for-training the "
      "discriminator alone");
  command
      ->add_flag("--for-training", options->for_training,
                 "Of a training state of train-gan: generator and discriminator, for --resume of another training")
      ->excludes("--gan");
  command->callback([options] { convert(*options); });
}

}  // namespace lifted::app
