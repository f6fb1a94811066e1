#include "lifted/formats/checkpoint.h"

#include "lifted/formats/nvidia_pickle.h"
#include "lifted/formats/safetensors.h"
#include "tests/support/golden.h"

namespace lifted::formats {
namespace {

using test::data_file;

/// What the authors' script put into tiny-cuda.pt and tiny-cuda-legacy.pt; every storage claims to live on cuda:0.
void expect_tiny_contents(const Checkpoint& checkpoint) {
  EXPECT_EQ(checkpoint.root.at("global_step").as_int(), 5);
  EXPECT_EQ(checkpoint.root.at("epoch").as_int(), 2);
  const Value& model = checkpoint.root.at("model_state_dict");
  EXPECT_EQ(model.as_dict().python_type, "collections.OrderedDict");
  const StateDict tensors = tensors_of(model, "module.");
  ASSERT_EQ(tensors.size(), 6u);
  const auto counting = torch::arange(12, torch::kFloat32).view({3, 4});
  EXPECT_TRUE(torch::equal(tensors.at("a.weight"), counting));
  EXPECT_TRUE(torch::equal(tensors.at("a.bias"), torch::tensor({1.f, -2.f, 3.f})));
  EXPECT_TRUE(torch::equal(tensors.at("n"), torch::tensor(int64_t{7})));
  EXPECT_EQ(tensors.at("n").dim(), 0);
  EXPECT_TRUE(torch::equal(tensors.at("t"), counting.t()));
  EXPECT_FALSE(tensors.at("t").is_contiguous());
  EXPECT_TRUE(torch::equal(tensors.at("h"), torch::arange(4, torch::kFloat16)));
  EXPECT_TRUE(torch::equal(tensors.at("p"), torch::ones({2, 2})));
  for (const auto& [name, tensor] : tensors) {
    EXPECT_TRUE(tensor.is_cpu()) << name;
    EXPECT_FALSE(tensor.requires_grad()) << name;
  }
}

TEST(Checkpoint, ZipFileSavedFromAGpuIsReadOnTheCpu) {
  const Checkpoint checkpoint = read_checkpoint(data_file("tiny-cuda.pt"));
  EXPECT_EQ(checkpoint.kind, FileKind::pytorch_zip);
  expect_tiny_contents(checkpoint);
}

TEST(Checkpoint, LegacyFileSavedFromAGpuIsReadOnTheCpu) {
  const Checkpoint checkpoint = read_checkpoint(data_file("tiny-cuda-legacy.pt"));
  EXPECT_EQ(checkpoint.kind, FileKind::pytorch_legacy);
  expect_tiny_contents(checkpoint);
}

TEST(Checkpoint, TensorsOutliveTheReader) {
  const test::TemporaryFolder folder;
  StateDict tensors;
  {
    std::filesystem::copy_file(data_file("tiny-cuda.pt"), folder / "copy.pt");
    tensors = tensors_of(read_checkpoint(folder / "copy.pt").root.at("model_state_dict"));
    std::filesystem::remove(folder / "copy.pt");
  }
  EXPECT_TRUE(torch::equal(tensors.at("module.a.weight"), torch::arange(12, torch::kFloat32).view({3, 4})));
  tensors.at("module.a.weight").fill_(3);  // the memory is ours to change
  EXPECT_EQ(tensors.at("module.a.weight").sum().item<float>(), 36);
}

TEST(Checkpoint, ZipAndLegacyFilesOfOneObjectHoldIdenticalTensors) {
  LIFTED_GOLDEN_OR_SKIP(zip, "stylegan2-256.pt");
  LIFTED_GOLDEN_OR_SKIP(legacy, "stylegan2-256-legacy.pt");
  const Checkpoint a = read_checkpoint(zip), b = read_checkpoint(legacy);
  EXPECT_EQ(a.kind, FileKind::pytorch_zip);
  EXPECT_EQ(b.kind, FileKind::pytorch_legacy);
  const StateDict from_zip = tensors_of(a.root.at("g_ema")), from_legacy = tensors_of(b.root.at("g_ema"));
  ASSERT_EQ(from_zip.size(), from_legacy.size());
  for (const auto& [name, tensor] : from_zip) EXPECT_TRUE(torch::equal(tensor, from_legacy.at(name))) << name;
  EXPECT_TRUE(torch::equal(a.root.at("latent_avg").as_tensor(), b.root.at("latent_avg").as_tensor()));
  EXPECT_EQ(from_zip.at("input.input").sizes(), torch::IntArrayRef({1, 512, 4, 4}));
}

TEST(Checkpoint, LiftedGanCheckpoint) {
  LIFTED_GOLDEN_OR_SKIP(path, "liftedgan-256.pth");
  const auto start = std::chrono::steady_clock::now();
  const Checkpoint checkpoint = read_checkpoint(path);
  std::printf("  read in %.3f s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  size_t count = 0;
  for (const char* network : {"netD", "netT", "netSD", "netSC"})
    count += tensors_of(checkpoint.root.at(network)).size();
  EXPECT_EQ(count, 169u);
  EXPECT_EQ(checkpoint.root.at("global_step").as_int(), 1);
  const Dict& state = checkpoint.root.at("optimizer").at("state").as_dict();
  EXPECT_EQ(state.items().size(), 155u);
  EXPECT_EQ(state.items().front().second.at("exp_avg").as_tensor().dim(), 2);
}

TEST(Checkpoint, FaceEmbeddingWithModulePrefixes) {
  LIFTED_GOLDEN_OR_SKIP(path, "lresnet.pth.tar");
  const Value& model = read_checkpoint(path).root.at("model_state_dict");
  for (const auto& [name, tensor] : tensors_of(model)) EXPECT_TRUE(name.starts_with("module.")) << name;
  for (const auto& [name, tensor] : tensors_of(model, "module.")) EXPECT_FALSE(name.starts_with("module.")) << name;
}

TEST(Checkpoint, NvidiaPickleGivesTensorsAndArgumentsOfEachNetwork) {
  LIFTED_GOLDEN_OR_SKIP(path, "nvidia-ada-64.pkl");
  const Checkpoint checkpoint = read_checkpoint(path);
  EXPECT_EQ(checkpoint.kind, FileKind::nvidia_pickle);
  EXPECT_EQ(checkpoint.root.at("training_set_kwargs").at("resolution").as_int(), 64);
  const Value& generator = checkpoint.root.at("G_ema");
  EXPECT_EQ(generator.as_object().class_name, "Generator");
  EXPECT_EQ(module_arguments(generator).at("z_dim"), 128);
  const StateDict tensors = module_state_dict(generator);
  EXPECT_EQ(tensors.at("synthesis.b4.const").sizes(), torch::IntArrayRef({128, 4, 4}));
  EXPECT_EQ(tensors.at("mapping.w_avg").sizes(), torch::IntArrayRef({128}));
  EXPECT_FALSE(torch::equal(tensors.at("mapping.fc0.weight"),
                            module_state_dict(checkpoint.root.at("G")).at("mapping.fc0.weight")));
  LIFTED_GOLDEN_OR_SKIP(reference, "nvidia-ada-64.safetensors");
  EXPECT_TRUE(torch::equal(tensors.at("mapping.w_avg"), read_safetensors(reference).at("w_avg")));
}

}  // namespace
}  // namespace lifted::formats
