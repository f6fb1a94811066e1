#include "lifted/model/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/network_file.h"
#include "lifted/nets/load.h"
#include "tests/support/golden.h"
#include "tests/support/pytorch_file.h"

namespace lifted::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

nets::Stylegan2Config small_generator(int size, int last = 16) {
  nets::Stylegan2Config config;
  config.size = size;
  config.z_dim = config.w_dim = 32;
  config.mapping_layers = 2;
  for (int side = 4; side < size; side *= 2) config.channels.push_back(32);
  config.channels.push_back(last);
  return config;
}

StateDict copy_of(const torch::nn::Module& module) {
  StateDict state;
  for (const auto& [key, tensor] : nets::state_of(module)) state[key] = tensor.detach().clone();
  return state;
}

test::PytorchFile generator_file(int size, int last = 16) {
  return {{{"g_ema", copy_of(*nets::Stylegan2Generator(small_generator(size, last)))}},
          {{"latent_avg", torch::randn({32})}}};
}

test::PytorchFile lifting_file(int size, int features = 16) {
  test::PytorchFile file;
  for (const auto& [name, module] : LiftingNetworks(nets::LiftingConfig::at(size, features, 32)).published())
    file.dicts[name] = copy_of(*module);
  file.tensors["global_step"] = torch::tensor(7);
  return file;
}

/// The message of the Error (or UsageError) that `f` throws.
template <typename F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an error";
  return "";
}

class Import : public ::testing::Test {
 protected:
  Import() {
    generator.save(gan);
    lifting.save(pair);
  }
  std::string error_of(const std::filesystem::path& network, const std::optional<std::filesystem::path>& other = {}) {
    return message_of([&] { load_network(network, other); });
  }

  test::TemporaryFolder folder;
  std::filesystem::path gan = folder / "gan.pt", pair = folder / "checkpoint_001.pth", own = folder / "own.safetensors";
  test::PytorchFile generator = generator_file(32), lifting = lifting_file(32);
};

/// Everything the model makes of one code.
std::vector<torch::Tensor> pictures(const LoadedNetwork& network) {
  torch::NoGradGuard no_grad;
  const auto z = torch::linspace(-1, 1, 64).view({2, 32});
  const auto w = truncate(network.generator->map(z), network.statistics, {}, network.generator->layers());
  if (!network.lifted) return {network.generator->synthesize(w).image};
  const Rendering r = network.lifted->render(network.lifted->estimate(w));
  return {r.recon_im, r.recon_depth, r.canon_normal, network.lifted->proxy_image(w)};
}

void expect_same(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].equal(b[i])) << "picture " << i;
}

TEST_F(Import, PublishedPair) {
  const LoadedNetwork network = load_network(pair, gan);
  ASSERT_TRUE(network.lifted);
  EXPECT_TRUE(network.statistics.mean.equal(generator.tensors.at("latent_avg")));
  EXPECT_THAT(network.statistics.source, HasSubstr("latent_avg"));
  for (const auto& [name, module] : network.lifted->networks().published()) {
    for (const auto& [key, tensor] : nets::state_of(*module))
      EXPECT_TRUE(tensor.equal(lifting.dicts[name].at(key))) << name << "." << key;
  }
  for (const auto& parameter : network.generator->parameters()) EXPECT_FALSE(parameter.requires_grad());
}

TEST_F(Import, AConfigBesideTheCheckpointCounts) {
  const auto published = pictures(load_network(pair, gan));
  const auto config = folder / "config.py", other = folder / "other.txt";
  write_file_atomically(config, "fov = 10\nmin_depth = .9\nmax_depth = 1.1\n");
  expect_same(pictures(load_network(pair, gan)), published);
  write_file_atomically(config, "fov = 25\nxyz_rotation_range = 30\nborder_depth = 1.0\n");
  const LoadedNetwork beside = load_network(pair, gan);
  EXPECT_EQ(beside.lifted->config().fov_degrees, 25);
  EXPECT_EQ(beside.lifted->config().rotation_degrees, 30);
  EXPECT_EQ(beside.lifted->renderer().config().fov_degrees, 25);
  EXPECT_EQ(beside.config->file, config);
  EXPECT_FALSE(pictures(beside)[0].equal(published[0]));
  // What --config names comes first.
  write_file_atomically(other, "fov = 12\n");
  EXPECT_EQ(load_network(pair, gan, other).lifted->config().fov_degrees, 12);
  EXPECT_EQ(load_network(pair, gan, other).lifted->config().rotation_degrees, 60);
  // A converted network keeps it without the file.
  LoadedNetwork kept = load_network(pair, gan);
  save_network(own, kept);
  expect_same(pictures(load_network(own)), pictures(beside));
  EXPECT_THAT(message_of([&] { load_network(own, {}, other); }), HasSubstr("--config"));
  write_file_atomically(config, "fov = 5 * 5\n");
  EXPECT_THAT(error_of(pair, gan), AllOf(HasSubstr("config.py:1"), HasSubstr("fov")));
}

TEST_F(Import, PlainGeneratorMeasuresItsStatistics) {
  generator.tensors.clear();
  generator.save(gan);
  const LoadedNetwork network = load_network(gan);
  EXPECT_FALSE(network.lifted);
  EXPECT_THAT(network.statistics.source, HasSubstr("50000 codes drawn with seed 0"));
  torch::NoGradGuard no_grad;
  const auto others = network.generator->map(torch::randn({20000, 32}));
  EXPECT_LT((others.mean(0) - network.statistics.mean).abs().max().item<double>(), 0.05 * others.std().item<double>());
  EXPECT_NEAR(*network.statistics.sigma_inv * std::pow(others.std(0).mean().item<double>(), 2), 0.5, 0.02);
}

TEST_F(Import, ConvertedFileGivesTheSameBits) {
  LoadedNetwork network = load_network(pair, gan);
  save_network(own, network);
  const LoadedNetwork again = load_network(own);
  expect_same(pictures(again), pictures(network));
  EXPECT_EQ(again.statistics.source, network.statistics.source);
  EXPECT_TRUE(again.statistics.sigma_inv.has_value());
  EXPECT_EQ(again.provenance["sources"][0]["file"], "checkpoint_001.pth");
  EXPECT_EQ(again.provenance["sources"][1]["sha256"], sha256_of_file(gan));

  LoadedNetwork copy = again;
  save_network(folder / "again.safetensors", copy);
  EXPECT_EQ(sha256_of_file(folder / "again.safetensors"), sha256_of_file(own)) << "provenance survives, bytes repeat";
}

TEST_F(Import, HalfPrecisionFileIsSmallerAndClose) {
  LoadedNetwork network = load_network(pair, gan);
  save_network(own, network);
  save_network(folder / "half.safetensors", network, {.half = true});
  EXPECT_LT(std::filesystem::file_size(folder / "half.safetensors"),
            0.55 * static_cast<double>(std::filesystem::file_size(own)));
  const LoadedNetwork half = load_network(folder / "half.safetensors");
  test::expect_close("proxy image from half weights", pictures(half).back(), pictures(network).back(), 0.05);
}

TEST_F(Import, LiftingNetworksShareTheGeneratorOfAnother) {
  LoadedNetwork network = load_network(pair, gan);
  const auto alone = folder / "alone.safetensors", half = folder / "half.safetensors";
  save_network(own, network);
  save_network(half, network, {.half = true});
  save_network(alone, network, {.generator = false});
  EXPECT_LT(std::filesystem::file_size(alone), std::filesystem::file_size(own));
  expect_same(pictures(load_network(alone, own)), pictures(network));
  EXPECT_NO_THROW(load_network(alone, half)) << "half the digits are the same generator";
  EXPECT_NO_THROW(load_network(alone, gan)) << "as a checkpoint";
  EXPECT_THAT(error_of(alone), HasSubstr("without their generator, expected a network that can run by itself"));
  network.generator->parameters().front().data().add_(1);
  save_network(own, network);
  EXPECT_THAT(error_of(alone, own), HasSubstr("another generator"));
  LoadedNetwork plain = load_network(gan);
  EXPECT_THAT(message_of([&] { save_network(own, plain, {.generator = false}); }), HasSubstr("nothing"));
}

TEST_F(Import, PlainGeneratorConvertsToo) {
  LoadedNetwork network = load_network(gan);
  save_network(own, network);
  const LoadedNetwork again = load_network(own);
  EXPECT_FALSE(again.lifted);
  expect_same(pictures(again), pictures(network));
}

TEST_F(Import, SaysWhatIsMissing) {
  EXPECT_THAT(error_of(pair), AllOf(HasSubstr("checkpoint_001.pth: is a LiftedGAN checkpoint"), HasSubstr("as --gan")));
  const LoadedNetwork plain = load_network(gan);
  EXPECT_THAT(
      message_of([&] { plain.require_lifted(); }),
      AllOf(HasSubstr("gan.pt"),
            HasSubstr("without lifting networks; pass the LiftedGAN checkpoint as --network and this file as --gan")));
}

TEST_F(Import, SaysWhenTheTwoFilesAreExchangedOrTooMany) {
  EXPECT_THAT(error_of(gan, pair), HasSubstr("exchange the two"));
  EXPECT_THAT(error_of(gan, gan), HasSubstr("needs no --gan"));
  EXPECT_THAT(error_of(pair, pair),
              AllOf(HasSubstr("expected the StyleGAN2 generator of --gan"), HasSubstr("LiftedGAN checkpoint")));
  LoadedNetwork network = load_network(pair, gan);
  save_network(own, network);
  EXPECT_THAT(error_of(own, gan), HasSubstr("needs no --gan"));
}

TEST_F(Import, RefusesPairsThatDoNotBelongTogether) {
  lifting_file(64).save(pair);
  EXPECT_THAT(error_of(pair, gan), AllOf(HasSubstr("do not belong together"), HasSubstr("32×32"), HasSubstr("64×64")));
  lifting_file(32, 48).save(pair);
  EXPECT_THAT(error_of(pair, gan), AllOf(HasSubstr("has 16 channels"), HasSubstr("trained for 48")));
}

TEST_F(Import, NamesMissingUnknownMisshapenAndNanTensors) {
  const auto broken = [&](const std::function<void(StateDict&)>& change, const std::string& net) {
    auto file = lifting;
    change(file.dicts[net]);
    file.save(pair);
    return error_of(pair, gan);
  };
  EXPECT_THAT(broken([](StateDict& s) { s.erase("embed_light.mlp.10.weight"); }, "netSC"),
              AllOf(HasSubstr("netSC"), HasSubstr("1 missing key (embed_light.mlp.10.weight)")));
  EXPECT_THAT(broken([](StateDict& s) { s["extra"] = torch::zeros({1}); }, "netT"),
              AllOf(HasSubstr("netT"), HasSubstr("1 unknown key (extra)")));
  EXPECT_THAT(broken([](StateDict& s) { s["head.6.bias"] = torch::zeros({2}); }, "netD"),
              HasSubstr("head.6.bias is 2, expected 1"));
  EXPECT_THAT(broken([](StateDict& s) { s["head.6.bias"] = torch::full({1}, NAN); }, "netD"),
              HasSubstr("netD: the tensor head.6.bias holds NaN"));
  EXPECT_THAT(broken([](StateDict& s) { s.clear(); }, "netD"), HasSubstr("netD"));
  auto file = lifting;
  file.dicts.erase("netT");
  file.save(pair);
  EXPECT_THAT(error_of(pair, gan), HasSubstr("the network netT is missing"));
}

TEST_F(Import, RefusesBrokenGenerators) {
  auto file = generator;
  file.dicts["g_ema"]["conv1.activate.bias"] = torch::full({32}, INFINITY);
  file.save(gan);
  EXPECT_THAT(error_of(gan), HasSubstr("g_ema: the tensor conv1.activate.bias holds NaN or infinite values"));
  file = generator;
  file.dicts["g_ema"].erase("to_rgb1.bias");
  file.save(gan);
  EXPECT_THAT(error_of(gan), HasSubstr("to_rgb1.bias"));
  file = generator;
  file.tensors["latent_avg"] = torch::zeros({31});
  file.save(gan);
  EXPECT_THAT(error_of(gan), HasSubstr("latent_avg must be 32 finite values"));
}

TEST_F(Import, RecognizesOtherKindsAndSaysWhoTakesThem) {
  const auto refused = [&](const test::PytorchFile& file) {
    file.save(folder / "other.pth");
    return error_of(folder / "other.pth");
  };
  const StateDict any{{"module.conv.weight", torch::zeros({1})}};
  EXPECT_THAT(refused({{{"model_state_dict", any}}, {}}),
              AllOf(HasSubstr("face recognition network"), HasSubstr("as --embedding")));
  EXPECT_THAT(refused({{{"d", any}}, {}}),
              AllOf(HasSubstr("discriminator without a generator"), HasSubstr("pass it as --discriminator")));
  EXPECT_THAT(refused({{}, {{"features.0.weight", torch::zeros({1})}, {"features.28.weight", torch::zeros({1})}}}),
              AllOf(HasSubstr("VGG-16"), HasSubstr("as --vgg")));
  EXPECT_THAT(refused({{}, {{"Conv2d_1a_3x3.conv.weight", torch::zeros({1})}}}),
              AllOf(HasSubstr("InceptionV3"), HasSubstr("--inception to metrics")));
  EXPECT_THAT(refused({{}, {{"something", torch::zeros({1})}}}), HasSubstr("holds no network this project knows"));
  write_file_atomically(folder / "other.pth", "no checkpoint");
  EXPECT_THAT(error_of(folder / "other.pth"), HasSubstr("not a checkpoint"));
}

class OwnFile : public Import {
 protected:
  OwnFile() {
    LoadedNetwork network = load_network(pair, gan);
    save_network(own, network);
    tensors = formats::read_safetensors(own, &metadata);
    for (auto& [key, tensor] : tensors) tensor = tensor.clone();
  }
  std::string error_after_writing() {
    formats::write_safetensors(own, tensors, metadata);
    return error_of(own);
  }
  StateDict tensors;
  nlohmann::json metadata;
};

TEST_F(OwnFile, DescribesItself) {
  EXPECT_EQ(metadata["format"], "lifted-network");
  for (const char* key : {"format_version", "generator", "lifting", "lift_config", "w_statistics", "provenance"})
    EXPECT_TRUE(metadata.contains(key)) << key;
}

TEST_F(OwnFile, RefusesAnotherVersion) {
  metadata["format_version"] = "2";
  EXPECT_THAT(error_after_writing(), HasSubstr("format version 2, this program reads version 1"));
}

TEST_F(OwnFile, RefusesMissingOrUnreadableMetadata) {
  auto good = metadata;
  for (const char* key : {"format_version", "generator", "lift_config", "w_statistics"}) {
    metadata = good;
    metadata.erase(key);
    EXPECT_THAT(error_after_writing(), HasSubstr(fmt::format("no '{}'", key)));
    metadata[key] = "{";
    EXPECT_THAT(error_after_writing(), HasSubstr("is not valid JSON"));
  }
}

TEST_F(OwnFile, RefusesSizesThatContradictTheTensors) {
  auto sizes = nlohmann::json::parse(metadata["lifting"].get<std::string>());
  sizes["size"] = 64;
  metadata["lifting"] = sizes.dump();
  EXPECT_THAT(error_after_writing(), HasSubstr("do not have the sizes its metadata says"));
}

TEST_F(OwnFile, RefusesStrangeTensorsAndNan) {
  tensors["stowaway"] = torch::zeros({1});
  EXPECT_THAT(error_after_writing(), HasSubstr("the tensor stowaway belongs to no part"));
  tensors.erase("stowaway");
  tensors["w_statistics.mean"].fill_(NAN);
  EXPECT_THAT(error_after_writing(), HasSubstr("w_statistics.mean holds NaN"));
}

TEST_F(Import, DescribesEveryKind) {
  EXPECT_EQ(describe_network(pair).sentence,
            "checkpoint_001.pth is a LiftedGAN checkpoint: the lifting networks without their generator; pass it as "
            "--network, with the StyleGAN2 "
            "file it was trained with as --gan");
  const auto description = describe_network(gan);
  EXPECT_THAT(description.sentence, HasSubstr("gan.pt is a StyleGAN2 generator"));
  EXPECT_THAT(description.facts, ::testing::Contains(::testing::Pair("image size", "32×32")));
  generator.dicts["g_ema"].erase("convs.0.conv.weight");
  generator.save(gan);
  EXPECT_THAT(describe_network(gan).facts,
              ::testing::Contains(::testing::Pair("but", HasSubstr("convs.N.conv.weight"))));
}

TEST(LiftConfig, RoundTripsAndRefusesNonsense) {
  LiftConfig config;
  config.border_depth = 1.02;
  config.unit_normals = true;
  EXPECT_EQ(LiftConfig::from_json(config.to_json()), config);
  EXPECT_EQ(LiftConfig::from_json(nlohmann::json::object()), LiftConfig());
  EXPECT_EQ(LiftConfig::at(256), LiftConfig());
  EXPECT_EQ(LiftConfig::at(64).blur_radius, 3);
  EXPECT_THROW(LiftConfig::from_json({{"min_depth", 2.0}}), Error);
  EXPECT_THROW(LiftConfig::from_json({{"min_depth", "near"}}), Error);
  EXPECT_THROW(LiftConfig::from_json({{"mim_depth", 0.8}}), Error);
  EXPECT_THROW(LiftConfig::from_json(3), Error);
}

TEST(Truncate, PullsTheFirstLayersTowardsTheMean) {
  WStatistics statistics;
  statistics.mean = torch::ones({4});
  const auto w = torch::full({2, 4}, 3.0);
  EXPECT_TRUE(truncate(w, statistics, {0.5, {}}, 6).allclose(torch::full({2, 4}, 2.0)));
  const auto cut = truncate(w, statistics, {0.5, 2}, 6);
  EXPECT_EQ(cut.sizes(), (std::vector<int64_t>{2, 6, 4}));
  EXPECT_TRUE(cut.slice(1, 0, 2).allclose(torch::full({2, 2, 4}, 2.0)));
  EXPECT_TRUE(cut.slice(1, 2).allclose(torch::full({2, 4, 4}, 3.0)));
  const auto layered = torch::arange(48, torch::kFloat32).view({2, 6, 4});
  EXPECT_TRUE(truncate(layered, statistics, {0.5, {}}, 6).allclose(1 + 0.5 * (layered - 1)));
  const auto cut_layers = truncate(layered, statistics, {0.5, 2}, 6);
  EXPECT_TRUE(cut_layers.slice(1, 0, 2).allclose((1 + 0.5 * (layered - 1)).slice(1, 0, 2)));
  EXPECT_TRUE(cut_layers.slice(1, 2).equal(layered.slice(1, 2)));
}

}  // namespace
}  // namespace lifted::model
