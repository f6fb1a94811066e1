// `generate`: one picture per seed: the render at its predicted view and light, or the 2D sample of a plain generator.
#include "lifted/app/commands.h"
#include "lifted/app/pictures.h"
#include "lifted/app/sampling.h"
#include "lifted/app/validators.h"
#include "lifted/app/world_run.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/image.h"
#include "lifted/model/w_statistics.h"

namespace lifted::app {
namespace {

struct GenerateOptions {
  SamplingOptions sampling;
  std::vector<std::string> maps;
  std::string noise_mode = "const";
  int truncation_cutoff = -1;
  bool teacher = false;
};

nets::NoiseMode noise_mode(const std::string& name) {
  return name == "random" ? nets::NoiseMode::random
         : name == "none" ? nets::NoiseMode::none
                          : nets::NoiseMode::constant;
}

void keep_codes(SamplingRun& run, const Codes& codes) {
  run.keep_tensor("z", codes.z);
  run.keep_tensor("w", codes.w);
  run.keep_tensor("styles", codes.styles);
}

void keep_estimate(SamplingRun& run, const model::Estimate& estimate, const model::Rendering& rendering) {
  run.keep_tensor("canon_depth", estimate.canon_depth);
  run.keep_tensor("canon_albedo", estimate.canon_albedo);
  run.keep_tensor("canon_light", estimate.canon_light);
  run.keep_tensor("view", estimate.view);
  run.keep_tensor("neutral_style", estimate.neutral_style);
  run.keep_tensor("trans_map", estimate.trans_map);
  run.keep_tensor("canon_im_raw", estimate.canon_im_raw);
  run.keep_tensor("recon_im", rendering.recon_im);
  run.keep_tensor("recon_depth", rendering.recon_depth);
  run.keep_tensor("recon_im_mask", rendering.recon_im_mask);
  run.keep_tensor("canon_im", rendering.canon_im);
  run.keep_tensor("canon_normal", rendering.canon_normal);
  run.keep_tensor("canon_shading", rendering.canon_shading);
}

/// Renders a batch, writes its pictures and returns them.
std::vector<formats::Image> generate_lifted(SamplingRun& run, const GenerateOptions& options, const Codes& codes) {
  const model::LiftedGan& lifted = run.network().require_lifted();
  const model::Estimate estimate = lifted.estimate(codes.styles);
  const model::Rendering rendering = lifted.render(estimate);
  keep_estimate(run, estimate, rendering);
  const torch::Tensor teacher = options.teacher ? lifted.proxy_image(codes.styles) : torch::Tensor();
  run.keep_tensor("image", teacher);
  std::vector<formats::Image> images;
  for (int64_t i = 0; i < codes.size(); ++i) {
    const std::string& name = codes.names[static_cast<size_t>(i)];
    images.push_back(formats::image_from_tensor(rendering.recon_im[i]));
    run.pictures().write(name, images.back(), name);
    for (const std::string& map : options.maps)
      run.pictures().write(name + "_" + map, map_picture(map, estimate, rendering, i), name);
    if (options.teacher) run.pictures().write(name + "_teacher", formats::image_from_tensor(teacher[i]), name);
  }
  return images;
}

/// The generator with noise maps found by a projector in place of its own, which return at the end.
class GivenNoise {
 public:
  GivenNoise(const nets::Stylegan2Generator& generator, const std::vector<torch::Tensor>& maps) {
    for (const auto& item : generator->named_buffers()) {
      if (!item.key().starts_with("noises.")) continue;
      own_.emplace_back(item.value(), item.value().clone());
      own_.back().first.copy_(maps.at(own_.size() - 1));
    }
  }
  ~GivenNoise() {
    for (auto& [map, values] : own_) map.copy_(values);
  }
  GivenNoise(const GivenNoise&) = delete;
  GivenNoise& operator=(const GivenNoise&) = delete;

 private:
  std::vector<std::pair<torch::Tensor, torch::Tensor>> own_;
};

/// One generator call per sample, each with the noise maps that were given with its code.
torch::Tensor synthesize_with_noise(const nets::Stylegan2Generator& generator, const torch::Tensor& styles,
                                    const std::vector<torch::Tensor>& noise) {
  std::vector<torch::Tensor> images;
  for (int64_t i = 0; i < styles.size(0); ++i) {
    std::vector<torch::Tensor> maps;
    for (const torch::Tensor& map : noise) maps.push_back(map.slice(0, i, i + 1));
    const GivenNoise given(generator, maps);
    images.push_back(generator->synthesize(styles.slice(0, i, i + 1)).image);
  }
  return torch::cat(images);
}

/// One generator call per sample where noise is drawn, so that a seed's noise does not depend on its batch.
torch::Tensor synthesize(const nets::Stylegan2Generator& generator, const torch::Tensor& styles, nets::NoiseMode mode,
                         const std::vector<uint32_t>& ids) {
  if (mode != nets::NoiseMode::random) return generator->synthesize(styles, mode).image;
  std::vector<torch::Tensor> images;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    images.push_back(
        generator->synthesize(styles.slice(0, row, row + 1), mode, at::detail::createCPUGenerator(ids[i])).image);
  }
  return torch::cat(images);
}

std::vector<formats::Image> generate_plain(SamplingRun& run, const GenerateOptions& options, const Codes& codes) {
  const model::LoadedNetwork& network = run.network();
  torch::Tensor styles = codes.styles;
  if (options.truncation_cutoff >= 0) {
    styles = model::truncate(codes.w, network.statistics,
                             {.psi = options.sampling.truncation_psi, .cutoff = options.truncation_cutoff},
                             network.generator->layers());
  }
  const nets::NoiseMode mode = noise_mode(options.noise_mode);
  const torch::Tensor image = !codes.noise.empty() && mode == nets::NoiseMode::constant
                                  ? synthesize_with_noise(network.generator, styles, codes.noise)
                                  : synthesize(network.generator, styles, mode, codes.ids);
  run.keep_tensor("image", image);
  std::vector<formats::Image> images;
  for (int64_t i = 0; i < codes.size(); ++i) {
    images.push_back(formats::image_from_tensor(image[i], formats::Rounding::nvidia));
    const std::string& name = codes.names[static_cast<size_t>(i)];
    run.pictures().write(name, images.back(), name);
  }
  return images;
}

void check_options(const GenerateOptions& options, const model::LoadedNetwork& network) {
  if (network.lifted) {
    if (options.truncation_cutoff >= 0 || options.noise_mode != "const") {
      usage_error(
          "--trunc-cutoff and --noise-mode are for plain 2D generators; a lifted network takes one code and its stored "
          "noise");
    }
  } else if (!options.maps.empty() || options.teacher) {
    network.require_lifted();
  }
}

/// Of the first images; other processes' are read from where they wrote them.
void write_sheet(const SamplingRun& run, const Codes& codes, std::vector<formats::Image> shown) {
  const train::World& world = run.options().world;
  world.barrier("write its pictures");
  if (!world.writes()) return;
  if (world.size() > 1) {
    shown.clear();
    for (size_t i = 0; i < std::min(max_sheet_images, codes.names.size()); ++i)
      shown.push_back(formats::read_image(run.output(codes.names[i] + ".png")));
  }
  write_sample_sheet(run.pictures(), "sheet", shown, codes.names, "");
}

void check_world(const SamplingOptions& options, int64_t codes) {
  const int ranks = options.world.size();
  if (ranks > 1 && codes <= (ranks - 1) * static_cast<int64_t>(options.batch))
    usage_error("--batch {}: {} samples are too few for {} processes; expected a smaller batch", options.batch, codes,
                ranks);
}

void generate(const GenerateOptions& options) {
  const torch::NoGradGuard no_grad;
  SamplingRun run("generate", options.sampling);
  check_options(options, run.network());
  run.make_folder();
  const Codes codes = run.codes();
  check_world(options.sampling, codes.size());
  run.record().set("samples", codes.names);
  run.expect_codes(codes.size());
  std::vector<formats::Image> shown;
  {
    Progress progress("generate", codes.size(), "images");
    for_batches(codes.size(), options.sampling.batch, [&](int64_t first, int64_t last) {
      if (!run.has_batch(first)) return;
      const Codes batch = codes.slice(first, last);
      keep_codes(run, batch);
      for (formats::Image& image :
           run.network().lifted ? generate_lifted(run, options, batch) : generate_plain(run, options, batch)) {
        if (shown.size() < max_sheet_images) shown.push_back(std::move(image));
      }
      progress.advance(last - first);
    });
  }
  write_sheet(run, codes, std::move(shown));
  run.finish();
}

}  // namespace

void add_generate(CLI::App& app) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand("generate", "Faces at their predicted view and light, or plain 2D samples");
  add_sampling_options(*command, options->sampling);
  command->add_option("--maps", options->maps, "Also write these as pictures")
      ->delimiter(',')
      ->transform(choice(map_names(), {{"normals", "normal"}, {"neutral", "neutral-image"}}));
  command->add_flag("--teacher,--proxy", options->teacher, "Also write the 2D teacher's image of each code");
  command->add_option("--noise-mode", options->noise_mode, "Of plain 2D generators")
      ->transform(choice({"const", "random", "none"}))
      ->capture_default_str();
  command
      ->add_option("--trunc-cutoff", options->truncation_cutoff, "Of plain 2D generators: truncate only so many layers")
      ->transform(number(bounds::whole(0, 64)));
  command->callback([options] {
    in_world({options->sampling.threads, options->sampling.device}, [&](const train::World& world) {
      options->sampling.world = world;
      generate(*options);
    });
  });
}

}  // namespace lifted::app
