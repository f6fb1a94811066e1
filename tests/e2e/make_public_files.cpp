// Stand-ins for what people download, in the real formats and under the real names, for rehearsing the whole way.
//   make_public_files sets SOURCE OUT            of the square pictures of SOURCE: FFHQ's and AFHQ's folders, an lmdb
//   as
//                                                rosinality's prepare_data.py writes it, CelebA with its identity list
//   make_public_files judges OUT SIZE            VGG-16, Inception and a face network for SIZE pixels, of random
//   weights make_public_files checkpoint NETWORK GAN LIFTED   a lifted network as the authors keep it: GAN.pt,
//   checkpoint.pth
#include <fmt/format.h>

#include <cmath>
#include <fstream>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive.h"
#include "lifted/formats/image_ops.h"
#include "lifted/model/import.h"
#include "lifted/nets/face_embedding.h"
#include "lifted/nets/inception_v3.h"
#include "lifted/nets/load.h"
#include "tests/support/archives.h"
#include "tests/support/pytorch_file.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;

constexpr int kPhotosOfOne = 4;  // people of the identity list have so many

/// The centred part of CelebA's shape, a little enlarged.
formats::Image as_celeba(const formats::Image& image) {
  const int width = 178, height = 218;
  return formats::cropped(formats::resized(image, height, height), (height - width) / 2, 0, width, height);
}

void make_sets(const fs::path& source, const fs::path& out) {
  const auto archive = formats::open_image_archive(source);
  const int64_t count = archive->size();
  const fs::path ffhq = out / "images1024x1024", cats = out / "afhq" / "train" / "cat",
                 celeba = out / "img_align_celeba";
  std::map<std::string, Bytes> dogs = {{"length", test::bytes_of(std::to_string(count))}};
  fs::create_directories(out);
  std::ofstream identities(out / "identity_CelebA.txt");
  for (int64_t i = 0; i < count; ++i) {
    const formats::Image image = archive->image(i);
    formats::write_png(ffhq / fmt::format("{:05d}", i / 20 * 1000) / fmt::format("{:05d}.png", i),
                       formats::resized(image, 1024, 1024));
    formats::write_png(cats / fmt::format("pixabay_cat_{:06d}.png", i), formats::resized(image, 512, 512));
    const std::string face = fmt::format("{:06d}.jpg", i + 1);
    formats::write_jpeg(celeba / face, as_celeba(image), 90);
    identities << face << " " << 1 + i / kPhotosOfOne << "\n";
    for (const int size : {32, 64})
      dogs[fmt::format("{}-{:05d}", size, i)] = formats::encode_jpeg(formats::resized(image, size, size), 100);
  }
  test::write_lmdb(out / "afhq_dog_lmdb", dogs);
}

/// Of a size that keeps what goes through at its size.
torch::Tensor random_filter(const std::vector<int64_t>& shape) {
  const auto inputs = static_cast<double>(shape[1] * shape[2] * shape[3]);
  return torch::randn(shape) * std::sqrt(2 / inputs);
}

StateDict random_vgg() {
  const std::pair<int, std::pair<int, int>> convolutions[] = {
      {0, {3, 64}},     {2, {64, 64}},    {5, {64, 128}},   {7, {128, 128}},  {10, {128, 256}},
      {12, {256, 256}}, {14, {256, 256}}, {17, {256, 512}}, {19, {512, 512}}, {21, {512, 512}},
      {24, {512, 512}}, {26, {512, 512}}, {28, {512, 512}}};
  StateDict state;
  for (const auto& [index, widths] : convolutions) {
    const auto& [in, out] = widths;
    state[fmt::format("features.{}.weight", index)] = random_filter({out, in, 3, 3});
    state[fmt::format("features.{}.bias", index)] = torch::zeros({out});
  }
  return state;
}

StateDict random_inception() {
  StateDict state;
  for (const auto& layer : nets::inception_layers()) {
    state[layer.name + ".conv.weight"] = random_filter({layer.out, layer.in, layer.height, layer.width});
    state[layer.name + ".bn.weight"] = state[layer.name + ".bn.running_var"] = torch::ones({layer.out});
    state[layer.name + ".bn.bias"] = state[layer.name + ".bn.running_mean"] = torch::zeros({layer.out});
  }
  return state;
}

void make_judges(const fs::path& out, int size) {
  fs::create_directories(out);
  torch::manual_seed(1);
  test::PytorchFile{{}, random_vgg()}.save(out / "vgg16-397923af.pth");
  test::PytorchFile{{}, random_inception()}.save(out / "pt_inception-2015-12-05-6726825d.pth");
  nets::FaceEmbeddingConfig config;
  config.size = size;
  config.widths = {16, 32, 64, 128};
  StateDict state;
  for (const auto& [key, tensor] : nets::state_of(*nets::FaceEmbedding(config))) state["module." + key] = tensor;
  test::PytorchFile{{{"model_state_dict", state}}, {}}.save(out / "lresnet_casia.pth.tar");
}

void make_checkpoint(const fs::path& network_file, const fs::path& gan, const fs::path& checkpoint) {
  const model::LoadedNetwork network = model::load_network(network_file);
  test::PytorchFile lifted;
  for (const auto& [name, module] : network.require_lifted().networks().published())
    lifted.dicts[name] = nets::state_of(*module);
  lifted.tensors["global_step"] = torch::tensor(50'000);
  lifted.save(checkpoint);
  test::PytorchFile{{{"g_ema", nets::state_of(*network.generator)}}, {{"latent_avg", network.statistics.mean}}}.save(
      gan);
}

int run(const std::vector<std::string>& words) {
  const std::string what = words.size() > 1 ? words[1] : "";
  if (what == "sets" && words.size() == 4) {
    make_sets(words[2], words[3]);
  } else if (what == "judges" && words.size() == 4) {
    make_judges(words[2], std::stoi(words[3]));
  } else if (what == "checkpoint" && words.size() == 5) {
    make_checkpoint(words[2], words[3], words[4]);
  } else {
    fmt::print(stderr, "usage: make_public_files sets SOURCE OUT | judges OUT SIZE | checkpoint NETWORK GAN LIFTED\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace lifted

int main(int argc, char** argv) {
  const torch::NoGradGuard no_grad;
  try {
    return lifted::run({argv, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
