// Networks that judge images, from the files people have.
#include "lifted/model/critics.h"

#include <torch/script.h>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/inception_program.h"
#include "lifted/model/torchscript.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"
#include "tests/support/pytorch_file.h"

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

// ---- Inception ----

/// Weights of the whole network, in pytorch-fid's layout.
StateDict random_inception() {
  StateDict state;
  for (const auto& layer : nets::inception_layers()) {
    const double fan = layer.in * layer.height * layer.width;
    state[layer.name + ".conv.weight"] =
        torch::randn({layer.out, layer.in, layer.height, layer.width}) * std::sqrt(2 / fan);
    state[layer.name + ".bn.weight"] = torch::ones({layer.out});
    state[layer.name + ".bn.bias"] = torch::randn({layer.out}) * 0.1;
    state[layer.name + ".bn.running_mean"] = torch::randn({layer.out}) * 0.1;
    state[layer.name + ".bn.running_var"] = torch::rand({layer.out}) + 0.5;
  }
  return state;
}

/// "layers_mixed_tower_conv_1" with a dot at every place where the program's modules may meet.
std::string dotted(std::string name) {
  const auto dot = [&](const std::string& before) {
    for (size_t at = 0; (at = name.find(before, at)) != std::string::npos; ++at) name[at] = '.';
  };
  dot("_tower"), dot("_mixed"), dot("_conv");
  return name;
}

/// The network as a program like NVIDIA's: names of the TensorFlow graph, no scales, and a forward that answers with
/// given features.
void write_inception_program(const std::filesystem::path& path, const StateDict& state, const Tensor& answer) {
  const auto unit = std::make_shared<torch::jit::CompilationUnit>();
  torch::jit::Module program("__torch__.Program", unit);
  std::map<std::string, torch::jit::Module> modules;
  std::vector<std::string> order;
  const auto module_at = [&](const std::string& name) -> torch::jit::Module& {
    for (size_t end = 0; end != std::string::npos;) {
      end = name.find('.', end + 1);
      const std::string part = name.substr(0, end);
      if (!modules.contains(part)) {
        modules.emplace(part, torch::jit::Module(fmt::format("__torch__.M{}", modules.size()), unit));
        order.push_back(part);
      }
    }
    return modules.at(name);
  };
  for (const auto& layer : nets::inception_layers()) {
    auto& module = module_at(dotted(layer.program));
    module.register_parameter("weight", state.at(layer.name + ".conv.weight"), false);
    module.register_buffer("mean", state.at(layer.name + ".bn.running_mean"));
    module.register_buffer("var", state.at(layer.name + ".bn.running_var"));
    module.register_parameter("beta", state.at(layer.name + ".bn.bias"), false);
  }
  for (const auto& name : order) {
    const auto dot = name.rfind('.');
    auto& parent = dot == std::string::npos ? program : modules.at(name.substr(0, dot));
    parent.register_module(name.substr(dot == std::string::npos ? 0 : dot + 1), modules.at(name));
  }
  torch::jit::Module output("__torch__.Output", unit);
  output.register_buffer("answer", answer);
  program.register_module("output", output);
  program.define(
      "def forward(self, img: Tensor, return_features: bool=False) -> Tensor:\n  return self.output.answer\n");
  program.save(path.string());
}

TEST(InceptionFile, MayBeNvidiasProgram) {
  torch::manual_seed(3);
  const test::TemporaryFolder folder;
  const StateDict state = random_inception();
  const auto expected = nets::load_inception_v3(state, "state", nets::InceptionInput::tensorflow);
  write_inception_program(folder / "other.pt", state, torch::ones({1, 2048}));
  // The refusal says how far off the program is; the answer it wanted is that of the same weights.
  EXPECT_NE(error_of([&] { load_inception(folder / "other.pt"); }).find("off those of"), std::string::npos);
  write_inception_program(folder / "inception.pt", state, expected->forward(inception_test_image()));
  const auto network = load_inception(folder / "inception.pt");
  EXPECT_EQ(network->input(), nets::InceptionInput::tensorflow);
  const Tensor image = torch::rand({1, 3, 64, 64}) * 2 - 1;
  EXPECT_TRUE(network->forward(image).allclose(expected->forward(image), 1e-4, 1e-5));
  EXPECT_GT(expected->forward(image).std().item<float>(), 0);
}

TEST(InceptionFile, NamesMayBeJoinedByUnderscores) {
  torch::manual_seed(4);
  const StateDict state = random_inception();
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const auto& layer : nets::inception_layers()) {
    std::string name = layer.program;
    name[name.find('_')] = '.';  // layers.mixed_9_tower_mixed_conv
    tensors.emplace_back(name + ".conv.weight", state.at(layer.name + ".conv.weight"));
    tensors.emplace_back(name + ".bn.bias", state.at(layer.name + ".bn.bias"));
    tensors.emplace_back(name + ".bn.running_mean", state.at(layer.name + ".bn.running_mean"));
    tensors.emplace_back(name + ".bn.running_var", state.at(layer.name + ".bn.running_var"));
    tensors.emplace_back(name + ".bn.num_batches_tracked", torch::zeros({}, torch::kInt64));
  }
  tensors.emplace_back("output.weight", torch::zeros({1008, 2048}));
  const StateDict found = inception_state_of(tensors, "program");
  ASSERT_EQ(found.size(), state.size());
  for (const auto& [name, tensor] : state) EXPECT_TRUE(found.at(name).equal(tensor)) << name;
  tensors.emplace_back("layers.mixed_11.conv.weight", torch::zeros({1, 1, 1, 1}));
  EXPECT_NE(error_of([&] { inception_state_of(tensors, "program"); }).find("layers.mixed_11.conv.weight"),
            std::string::npos);
}

TEST(InceptionFile, OtherFilesAreRefused) {
  torch::manual_seed(5);
  const test::TemporaryFolder folder;
  write_program(folder / "vgg16.pt", {8, 8}, nullptr);
  EXPECT_NE(error_of([&] { load_inception(folder / "vgg16.pt"); }).find("layers.conv1.weight"), std::string::npos);
  test::PytorchFile file;
  file.tensors = random_inception();
  file.tensors.erase("Mixed_7c.branch_pool.bn.bias");
  file.save(folder / "cut.pth");
  const std::string problem = error_of([&] { load_inception(folder / "cut.pth"); });
  EXPECT_NE(problem.find("Mixed_7c.branch_pool.bn.bias"), std::string::npos) << problem;
  file.tensors = {{"features.0.weight", torch::zeros({1})}, {"features.28.weight", torch::zeros({1})}};
  file.save(folder / "vgg.pth");
  EXPECT_NE(error_of([&] { load_inception(folder / "vgg.pth"); }).find("--vgg"), std::string::npos);
}

TEST(FeatureProgram, RunsWithItsFlags) {
  const test::TemporaryFolder folder;
  torch::jit::Module program("__torch__.Flags", std::make_shared<torch::jit::CompilationUnit>());
  program.define(
      "def forward(self, img: Tensor, resize_images: bool=True, return_lpips: bool=False) -> Tensor:\n"
      "  if return_lpips and not resize_images:\n"
      "    return img.float().flatten(1) * 2\n"
      "  return img\n");
  program.save((folder / "flags.pt").string());
  const FeatureProgram loaded(folder / "flags.pt");
  const Tensor image = torch::arange(12, torch::kUInt8).view({1, 3, 2, 2});
  EXPECT_TRUE(loaded.run(image, {{"resize_images", false}, {"return_lpips", true}})
                  .equal(torch::arange(12).view({1, 12}).to(torch::kFloat32) * 2));
  EXPECT_NE(error_of([&] { loaded.run(image, {{"return_features", true}}); }).find("flags.pt"), std::string::npos);
  EXPECT_EQ(loaded.content_hash().size(), 64u);
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
