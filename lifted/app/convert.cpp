// `convert`: one self-describing .safetensors network out of published checkpoints.
#include "lifted/app/commands.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/model/import.h"
#include "lifted/model/network_file.h"

namespace lifted::app {
namespace {

struct ConvertOptions {
  std::filesystem::path network, gan, out;
  bool half = false;
};

void convert(const ConvertOptions& options) {
  if (options.out.extension() != ".safetensors")
    usage_error("--out {}: expected a name ending in .safetensors", options.out.string());
  model::LoadedNetwork network =
      model::load_network(options.network, options.gan.empty() ? std::nullopt : std::optional(options.gan));
  model::save_network(options.out, network, {.half = options.half});
  log_info("{}: {}", options.out.string(), network.lifted ? "a lifted network; it needs no --gan" : "a 2D generator");
}

}  // namespace

void add_convert(CLI::App& app) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* command =
      app.add_subcommand("convert", "Write one self-describing .safetensors network from published checkpoints");
  command->add_option("--network", options->network, "LiftedGAN checkpoint, StyleGAN2 .pt or NVIDIA .pkl")->required();
  command->add_option("--gan", options->gan, "StyleGAN2 generator that a LiftedGAN checkpoint was trained with");
  command->add_option("--out", options->out, "File to write")->required();
  command->add_flag("--half", options->half, "Store weights as float16");
  command->callback([options] { convert(*options); });
}

}  // namespace lifted::app
