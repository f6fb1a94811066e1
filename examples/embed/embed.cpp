// A stranger's program on top of the library: turns a head, without a checkpoint or, given one, with it.
//   embed OUT.png [NETWORK.safetensors SEED]
#include <cstdio>
#include <exception>
#include <string>

#include "lifted/base/random.h"
#include "lifted/base/runtime.h"
#include "lifted/data/heads/canonical.h"
#include "lifted/formats/image.h"
#include "lifted/model/import.h"

using namespace lifted;

static torch::Tensor built_in_head(const torch::Tensor& view) {
  const data::heads::CanonicalHead head = data::heads::canonical_head(128, 0);
  scene::RendererConfig config;
  config.size = 128;
  return scene::Renderer(config)
      .render_lit({head.depth, head.albedo, head.light, view, head.transform_map})
      .mesh.image[0];
}

static torch::Tensor face_of_seed(const std::string& network_file, uint32_t seed, const torch::Tensor& view) {
  const model::LoadedNetwork network = model::load_network(network_file);
  const int z_dim = network.generator->config().z_dim;
  const torch::Tensor z = torch::tensor(numpy_randn(seed, z_dim)).reshape({1, z_dim});
  const torch::Tensor w = model::truncate(network.generator->map(z), network.statistics, {.psi = 0.7, .cutoff = {}}, 0);
  const model::LiftedGan& lifted = network.require_lifted();
  return lifted.render(lifted.estimate(w), {.view = view}).recon_im[0];
}

int main(int argc, char** argv) try {
  prepare_process(argv);
  if (argc != 2 && argc != 4) return std::fputs("usage: embed OUT.png [NETWORK.safetensors SEED]\n", stderr), 2;
  const torch::NoGradGuard no_grad;
  const torch::Tensor view = scene::yaw_view(30).unsqueeze(0);
  const torch::Tensor image = argc == 2 ? built_in_head(view) : face_of_seed(argv[2], std::stoul(argv[3]), view);
  formats::write_png(argv[1], formats::image_from_tensor(image));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
