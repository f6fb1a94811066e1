#include "lifted/nets/stylegan2_discriminator.h"

#include "lifted/base/error.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/safetensors.h"
#include "lifted/nets/load.h"
#include "tests/support/golden.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

/// The golden images are stored at a quarter of their size.
Tensor enlarged(const Tensor& image) {
  return image.repeat_interleave(4, 2).repeat_interleave(4, 3);
}

class PublishedDiscriminator : public testing::Test {
 protected:
  void load() {
    LIFTED_GOLDEN_OR_SKIP(weights, "stylegan2-disc-256.pt");
    LIFTED_GOLDEN_OR_SKIP(tensors, "stylegan2.safetensors");
    golden_ = formats::read_safetensors(tensors);
    const auto checkpoint = formats::read_checkpoint(weights);
    const StateDict state = formats::tensors_of(checkpoint.root.at("d"));
    network_ = Stylegan2Discriminator(infer_stylegan2_discriminator_config(state, "golden"));
    load_strict(*network_, state, "golden");
  }
  Tensor logits(const std::string& images) { return network_->forward(enlarged(golden_.at(images))); }

  StateDict golden_;
  Stylegan2Discriminator network_{nullptr};
};

TEST_F(PublishedDiscriminator, GivesThePublishedLogits) {
  load();
  if (!network_) return;
  const torch::NoGradGuard guard;
  test::expect_close("d_real", logits("real64"), golden_.at("d_real"), 1e-4);
  test::expect_close("d_fake", logits("fake64"), golden_.at("d_fake"), 1e-4);
  test::expect_close("d_eight", logits("eight64"), golden_.at("d_eight"), 1e-4);
}

TEST_F(PublishedDiscriminator, GivesThePublishedFeatures) {
  load();
  if (!network_) return;
  const torch::NoGradGuard guard;
  const auto images = enlarged(golden_.at("real64"));
  const auto mean = [&](int blocks) { return network_->features(images, blocks).mean(at::IntArrayRef{2, 3}); };
  test::expect_close("d_convs_1_mean", mean(0), golden_.at("d_convs_1_mean"), 1e-5);
  test::expect_close("d_convs_2_mean", mean(1), golden_.at("d_convs_2_mean"), 1e-5);
  test::expect_close("d_convs_3_mean", mean(2), golden_.at("d_convs_3_mean"), 1e-5);
  test::expect_close("d_convs_out", network_->features(images), golden_.at("d_convs_out"), 1e-4);
}

TEST(Stylegan2Discriminator, TablesAreInferredFromShapes) {
  for (const int size : {16, 64}) {
    Stylegan2DiscriminatorConfig config{.size = size, .channels = {12, 10, 8}};
    if (size == 64) config.channels = {16, 14, 12, 10, 6};
    const Stylegan2Discriminator network(config);
    StateDict state;
    for (const auto& item : network->named_parameters()) state[item.key()] = item.value();
    EXPECT_EQ(infer_stylegan2_discriminator_config(state, "test"), config);
    EXPECT_EQ(Stylegan2DiscriminatorConfig::from_json(config.to_json()), config);
    EXPECT_EQ(network->forward(torch::zeros({2, 3, size, size})).sizes(), (std::vector<int64_t>{2, 1}));
  }
}

TEST(Stylegan2Discriminator, RefusesWhatDescribesNoNetwork) {
  EXPECT_THROW(Stylegan2Discriminator(Stylegan2DiscriminatorConfig{.size = 48, .channels = {8, 8, 8, 8}}), Error);
  EXPECT_THROW(Stylegan2Discriminator(Stylegan2DiscriminatorConfig{.size = 64, .channels = {8, 8}}), Error);
  EXPECT_THROW(infer_stylegan2_discriminator_config({}, "empty.pt"), Error);
  EXPECT_THROW(Stylegan2DiscriminatorConfig::from_json({{"size", "big"}}), Error);
}

TEST(Stylegan2Discriminator, LiteTable) {
  EXPECT_EQ(lite_discriminator_channels(256), (std::vector<int>{512, 512, 512, 256, 128, 64, 32}));
}

TEST(MinibatchStddev, SampleIBelongsToGroupIModuloTheNumberOfGroups) {
  const auto x = torch::randn({8, 3, 2, 2});
  const auto y = append_minibatch_stddev(x);
  ASSERT_EQ(y.sizes(), (std::vector<int64_t>{8, 4, 2, 2}));
  EXPECT_TRUE(y.slice(1, 0, 3).equal(x));
  for (int64_t group = 0; group < 2; ++group) {
    const auto members = x.slice(0, group, 8, 2);  // samples group, group + 2, …
    const auto expected = (members.var(0, false) + 1e-8).sqrt().mean();
    for (int64_t i = group; i < 8; i += 2) {
      EXPECT_TRUE(y[i][3].allclose(expected.expand({2, 2}), 1e-5, 1e-7)) << "sample " << i;
    }
  }
}

TEST(MinibatchStddev, GroupsShrinkWhereFourDoesNotDivideTheBatch) {
  for (const int64_t batch : {1, 3, 5, 6, 7}) {
    const auto y = append_minibatch_stddev(torch::randn({batch, 2, 3, 3}));
    EXPECT_EQ(y.size(0), batch);
    EXPECT_TRUE(y.isfinite().all().item<bool>());
  }
}

}  // namespace
}  // namespace lifted::nets
