// `project`: pictures into codes, and, with a lifted network, into 3D.
#include <optional>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/project_clip.h"
#include "lifted/app/project_search.h"
#include "lifted/app/project_sheet.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/builtin.h"
#include "lifted/model/network_file.h"

namespace lifted::app {
namespace {
using torch::Tensor;

constexpr int kStepsFromMean = 500, kStepsFromEncoder = 100;

void check(ProjectOptions& options, bool rate_given) {
  const bool encoder = !options.encoder.empty();
  options.projector.steps = options.steps.value_or(encoder ? kStepsFromEncoder : kStepsFromMean);
  options.projector.per_layer = options.space == "w+";
  options.projector.quasi_newton = encoder && !rate_given && !options.projector.noise_maps;
  if (options.projector.steps == 0 && !encoder)
    usage_error("--steps 0: nothing would be searched; expected --encoder, whose code is taken then");
  if (options.projector.steps == 0 && (options.projector.per_layer || options.projector.noise_maps))
    usage_error("--steps 0: the encoder gives one code and no noise maps; expected steps for --space w+ and --noise");
  if (options.projector.steps > 0) options.projector.validate();
  options.tuning.pixel = options.projector.pixel, options.tuning.perceptual = options.projector.perceptual;
  options.sampling.truncation_psi = 1;
}

/// Each target's generator bent to it, in a file of its own; without --tune the network as it is.
std::vector<Found> tune(const ProjectOptions& options, const SamplingRun& run, const Targets& targets,
                        const train::Projection& projection, const train::PerceptualLoss* perceptual) {
  std::vector<Found> found;
  std::optional<Progress> progress;
  if (options.tuning.steps > 0)
    progress.emplace("tune", static_cast<int64_t>(targets.size()) * options.tuning.steps, "steps");
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const Tensor code = projection.codes.slice(0, row, row + 1);
    found.push_back({run.network(), code, projection.images[row], projection.error[row].item<double>()});
    if (options.tuning.steps == 0) continue;
    const Tensor target = formats::tensor_from_image(targets.images[i]).unsqueeze(0).to(run.device());
    auto& result = found.back();
    result.network = photo::tuned(run.network(), code, target, perceptual, options.tuning,
                                  [&](int, double) { progress->advance(); });
    const auto bent = train::projection_of(result.network.generator, code, target);
    result.image = bent.images[0], result.error = bent.error[0].item<double>();
    model::save_network(run.output(targets.names[i] + "-network.safetensors"), result.network, {.half = true});
  }
  if (progress) progress->finish();
  return found;
}

void project(ProjectOptions options, const CLI::App& command) {
  check(options, command.get_option("--lr")->count() > 0);
  SamplingRun run("project", options.sampling);
  const auto& network = run.network();
  const int size = network.generator->config().size;
  if (command.get_option("--crop")->count() == 0 && network.files.front() == model::kBuiltinNetwork)
    options.targets.portraits.crop = "heads";
  if (is_clip(options.targets)) return project_clip(options, run);
  const Targets targets = read_targets(options.targets, size);
  data::warn_about(targets.failed, "left out:");
  run.make_folder();
  std::optional<train::PerceptualLoss> perceptual;
  if (options.projector.steps > 0 || options.tuning.steps > 0) perceptual = perceptual_of(options, size, run.device());
  const auto* distance = perceptual ? &*perceptual : nullptr;
  const Tensor start = encoded(options, run, targets.tensors().to(run.device()));
  const auto projection = search(options, run, targets, start, distance);
  const auto found = tune(options, run, targets, projection, distance);
  write_codes(options, run, projection);
  nlohmann::ordered_json errors;
  for (size_t i = 0; i < targets.size(); ++i) {
    // As `generate` will draw the same code.
    const auto rounding = network.lifted ? formats::Rounding::truncate : formats::Rounding::nvidia;
    run.pictures().write(targets.names[i], formats::image_from_tensor(found[i].image.cpu(), rounding),
                         targets.names[i]);
    errors[targets.names[i]] = found[i].error;
  }
  run.pictures().write(comparison_name(targets), comparison(targets, found));
  run.record().set("space", options.space);
  run.record().set("steps", options.projector.steps);
  if (!options.encoder.empty()) run.record().set("encoder", options.encoder);
  if (options.tuning.steps > 0) run.record().set("tune", options.tuning.steps);
  if (!targets.failed.empty()) run.record().set("left_out", targets.failed.size());
  run.record().set("mean_absolute_error", errors);
  run.finish();
  log_info("every command takes these codes: --latents {} --trunc 1", run.output("codes.safetensors").string());
}

}  // namespace

void add_project(CLI::App& app) {
  auto options = std::make_shared<ProjectOptions>();
  auto* command = app.add_subcommand("project", "Find the codes of given pictures, and lift them to 3D");
  command
      ->add_option("--target", options->targets.files,
                   "Pictures, or folders of them, or one video: the largest centred square is taken, unless there is "
                   "--align")
      ->required();
  command->add_option("--frames", options->frames, "Of a video at most so many frames, from the beginning")
      ->transform(number(bounds::whole(1, 1e6)))
      ->capture_default_str();
  command->add_flag("--align", options->targets.align, "Take the face instead, aligned as the network's data set was");
  add_portrait_options(*command, options->targets.portraits);
  command->add_option("--encoder", options->encoder,
                      "Network of train-encoder that gives the code to begin with (builtin: that of the heads this "
                      "program carries)");
  command
      ->add_option("--network,--ckpt,--pkl", options->sampling.networks,
                   "Network file, 2D or lifted (default: builtin, the heads this program carries)")
      ->expected(1);
  command->add_option("--gan", options->sampling.gans, "The generator of a LiftedGAN checkpoint_NNN.pth")->expected(1);
  command->add_option("--outdir,--out-dir,--out", options->sampling.outdir, "Folder of the results")->required();
  command->add_option("--space", options->space, "w: one code, which lifts best; w+: one per layer, closer in 2D")
      ->transform(choice({"w", "w+"}))
      ->capture_default_str();
  command
      ->add_option("--steps,--num-steps", options->steps,
                   "Steps of the search: 500 from the mean code; 100 from --encoder, or 0 for its code as it is")
      ->transform(number(bounds::whole(0, bounds::steps.high)));
  command
      ->add_option("--tune", options->tuning.steps,
                   "Then bend the generator to each picture for so many steps; writes a network of its own")
      ->transform(number(bounds::whole(0, 1e6)))
      ->capture_default_str();
  command
      ->add_option(
          "--lr", options->projector.lr,
          "Highest learning rate of Adam, which with --encoder searches where this is given or for --noise; otherwise "
          "L-BFGS does")
      ->transform(number(bounds::learning_rate))
      ->capture_default_str();
  command->add_option("--pixel", options->projector.pixel, "Weight of mean |x − y|")
      ->transform(number(bounds::weight))
      ->capture_default_str();
  command->add_option("--perceptual", options->projector.perceptual, "Weight of the perceptual distance")
      ->transform(number(bounds::weight))
      ->capture_default_str();
  command->add_option("--vgg", options->vgg, "VGG-16 for the perceptual distance");
  command->add_option("--embedding", options->embedding, "Face network for it, where there is no --vgg");
  command->add_flag("--noise", options->projector.noise_maps, "Find noise maps too (one picture after another)");
  command->add_flag("--no-video,!--save-video", options->no_video, "Do not write progress.mp4");
  command->add_option("--seed", options->projector.seed, "Seed of the search")
      ->transform(seed())
      ->capture_default_str();
  add_device_option(*command, options->sampling.device);
  command->add_option("--threads", options->sampling.threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([options, command] { project(*options, *command); });
}

}  // namespace lifted::app
