// Networks that judge images, from the files people have.
#include "lifted/model/critics.h"

#include <torch/script.h>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/formats/safetensors.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::model {
namespace {
using test::error_of;
using torch::Tensor;

/// A program as NVIDIA's vgg16.pt: layers.conv1 … conv13 and fully connected ones, under names that are not
/// torchvision's.
void write_program(const std::filesystem::path& path, const std::vector<int64_t>& channels, StateDict* torchvision) {
  const auto unit = std::make_shared<torch::jit::CompilationUnit>();
  const auto make = [&](const std::string& name) { return torch::jit::Module("__torch__." + name, unit); };
  torch::jit::Module program = make("Program"), layers = make("Layers");
  const std::vector<int> places = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
  int64_t in = 3;
  for (size_t i = 0; i < channels.size(); ++i) {
    const Tensor weight = torch::randn({channels[i], in, 3, 3}) * std::sqrt(2.0 / static_cast<double>(9 * in)),
                 bias = torch::randn({channels[i]}) * 0.1;
    torch::jit::Module conv = make("Conv" + std::to_string(i + 1));
    conv.register_parameter("weight", weight, false);
    conv.register_parameter("bias", bias, false);
    layers.register_module("conv" + std::to_string(i + 1), conv);
    if (torchvision) {
      (*torchvision)["features." + std::to_string(places[i]) + ".weight"] = weight;
      (*torchvision)["features." + std::to_string(places[i]) + ".bias"] = bias;
    }
    in = channels[i];
  }
  torch::jit::Module full = make("Full");
  full.register_parameter("weight", torch::randn({8, 8}), false);
  full.register_parameter("bias", torch::randn({8}), false);
  layers.register_module("fc1", full);
  program.register_module("layers", layers);
  program.save(path.string());
}

TEST(Vgg16File, MayBeATorchScriptProgram) {
  torch::manual_seed(1);
  const test::TemporaryFolder folder;
  StateDict torchvision;
  write_program(folder / "vgg16.pt", {64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512}, &torchvision);
  const auto network = load_vgg16(folder / "vgg16.pt"), same = nets::load_vgg16(torchvision, "torchvision");
  const torch::NoGradGuard guard;
  const Tensor image = torch::rand({1, 3, 32, 32}) * 2 - 1;
  const auto maps = network->forward(image), expected = same->forward(image);
  ASSERT_EQ(maps.size(), 4u);
  for (size_t i = 0; i < maps.size(); ++i) EXPECT_TRUE(maps[i].equal(expected[i])) << i;
  EXPECT_GT(maps.back().abs().max().item<float>(), 0);
}

TEST(Vgg16File, OtherProgramsAreRefused) {
  torch::manual_seed(1);
  const test::TemporaryFolder folder;
  write_program(folder / "small.pt", {8, 8}, nullptr);
  EXPECT_NE(error_of([&] { load_vgg16(folder / "small.pt"); }).find("expected the 13 of VGG-16"), std::string::npos);
  write_program(folder / "thin.pt", {8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8}, nullptr);
  EXPECT_NE(error_of([&] { load_vgg16(folder / "thin.pt"); }).find("misshapen"), std::string::npos);
  const Bytes whole = read_file(folder / "thin.pt");
  write_file_atomically(folder / "cut.pt", whole.data(), whole.size() / 2);
  EXPECT_NE(error_of([&] { load_vgg16(folder / "cut.pt"); }).find("cut.pt"), std::string::npos);
}

TEST(ProbeFile, ComesBackAndSaysWhatItIs) {
  torch::manual_seed(2);
  const test::TemporaryFolder folder;
  nets::ViewLightProbe probe(
      nets::FaceEmbeddingConfig{.size = 16, .dimensions = 8, .widths = {4, 4, 8, 8}, .blocks = {1, 1, 1, 1}});
  probe->set_scale(torch::arange(7), torch::arange(7) + 1);
  probe->eval();
  const auto file = folder / "probe.safetensors";
  save_view_light_probe(file, probe, {{"tool", "test"}});
  const Tensor image = torch::rand({2, 3, 32, 32});
  EXPECT_TRUE(load_view_light_probe(file)->forward(image).equal(probe->forward(image)));
  EXPECT_TRUE(probe->standardize(probe->forward(image)).allclose(probe->standardized(image), 1e-4, 1e-5));
  EXPECT_NE(error_of([&] { load_face_embedding(file); }).find("pass it as --probe"), std::string::npos);
}

}  // namespace
}  // namespace lifted::model
