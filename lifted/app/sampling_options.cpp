#include "lifted/app/device_options.h"
#include "lifted/app/sampling.h"
#include "lifted/app/validators.h"

namespace lifted::app {

void add_supersampling_option(CLI::App& command, SamplingOptions& options) {
  command
      .add_option("--supersampling", options.supersampling,
                  "Of renderings: sub-pixels per pixel side, averaged, for smooth contours; 1: as published")
      ->transform(number(bounds::whole(1, 16)))
      ->capture_default_str();
}

void add_sampling_options(CLI::App& command, SamplingOptions& options, Networks networks) {
  auto* network = command.add_option("--network,--ckpt,--pkl", options.networks,
                                     "Checkpoint to sample from (default: builtin, the heads this program carries)");
  auto* gan =
      command.add_option("--gan", options.gans, "StyleGAN2 generator that a LiftedGAN checkpoint was trained with");
  auto* config = command.add_option("--config", options.configs, kConfigHelp);
  if (networks == Networks::one) {
    network->expected(1);
    gan->expected(1);
    config->expected(1);
  } else {
    network->description("Checkpoint to sample from; give two or more")->take_all()->required();
    gan->take_all();
    config->take_all();
  }
  command.add_option("--seeds", options.seeds, "Seeds such as 0-15,20")->capture_default_str();
  command
      .add_option("--latents", options.latents,
                  "Instead of seeds: codes z, w or w+ from .safetensors, .npz, .npy or .pt, as projectors write them")
      ->excludes("--seeds");
  command
      .add_option("--trunc,--truncation-psi,--truncation,--trunc-psi,--psi", options.truncation_psi,
                  "Truncation psi; 1 for none")
      ->transform(number(bounds::truncation))
      ->capture_default_str();
  command.add_option("--outdir,--out-dir,--out", options.outdir, "Folder of the results")->required();
  command.add_option("--batch", options.batch, "Samples at a time; does not change results")
      ->transform(number(bounds::batch))
      ->capture_default_str();
  add_supersampling_option(command, options);
  add_device_option(command, options.device);
  add_precision_option(command, options.precision);
  command.add_option("--threads", options.threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command.add_option("--tensors", options.tensors, "Also write the raw fp32 tensors to this .safetensors");
}

}  // namespace lifted::app
