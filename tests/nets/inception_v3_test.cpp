// InceptionV3 for FID: the published features, the two ways images reach it, and files that do not fit.
#include "lifted/nets/inception_v3.h"

#include "lifted/base/error.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/safetensors.h"
#include "lifted/nets/load.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::nets {
namespace {
using test::error_of;
using torch::Tensor;

/// max |a − b| / max |b|.
double relative_error(const Tensor& a, const Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

TEST(InceptionV3, IsThePublishedNetwork) {
  LIFTED_GOLDEN_OR_SKIP(weights, "inception-fid.pth");
  LIFTED_GOLDEN_OR_SKIP(tensors, "fid.safetensors");
  const StateDict golden = formats::read_safetensors(tensors);
  const auto network = load_inception_v3(formats::tensors_of(formats::read_checkpoint(weights).root), "golden");
  const Tensor images = golden.at("im64").repeat_interleave(4, 2).repeat_interleave(4, 3);
  const auto blocks = network->blocks(network->prepare(images));
  ASSERT_EQ(blocks.size(), 4u);
  for (size_t i = 0; i < blocks.size(); ++i) {
    const double error = relative_error(blocks[i].mean({2, 3}), golden.at(fmt::format("block{}_mean", i)));
    fmt::print("block {}: relative error {:.1e}\n", i, error);
    EXPECT_LT(error, 1e-4);
  }
  const Tensor features = network->forward(images);
  EXPECT_LT(relative_error(features, golden.at("pool3")), 1e-4);
  EXPECT_LT(relative_error(features, golden.at("pool3_normalized")), 1e-4);
  // Element by element, too.
  EXPECT_TRUE(features.allclose(golden.at("pool3"), 1e-3, 1e-4));
  EXPECT_LT(relative_error(network->forward(images.slice(0, 1, 2)), features.slice(0, 1, 2)), 1e-5);
}

TEST(InceptionV3, SamplesAsTensorFlowDid) {
  const InceptionV3 network(InceptionInput::tensorflow);
  // A ramp along x: pixel i of 299 shows i · 64 / 299, and the last column's edge is repeated.
  const Tensor ramp = (torch::arange(64).view({1, 1, 1, 64}).expand({1, 3, 64, 64}) - 127.5) / 127.5;
  const Tensor seen = network->prepare(ramp) * 128 + 128;
  const Tensor expected = (torch::arange(299) * (64.0 / 299)).clamp_max(63);
  EXPECT_LT((seen[0][1][17] - expected).abs().max().item<double>(), 1e-3);
  const Tensor down = network->prepare(ramp.transpose(2, 3)) * 128 + 128;
  EXPECT_LT((down[0][2].select(1, 250) - expected).abs().max().item<double>(), 1e-3);
}

TEST(InceptionV3, SamplesAsPytorchFidDoes) {
  const InceptionV3 network;
  const Tensor ramp = torch::arange(64).view({1, 1, 1, 64}).expand({1, 3, 64, 64}).to(torch::kFloat32) / 64;
  const Tensor expected = ((torch::arange(299) + 0.5) * (64.0 / 299) - 0.5).clamp(0, 63) / 64;
  EXPECT_LT((network->prepare(ramp)[0][1][17] - expected).abs().max().item<double>(), 1e-5);
}

TEST(InceptionV3, RefusesWhatDoesNotFit) {
  EXPECT_EQ(inception_layers().size(), 94u);
  StateDict state = {{"Conv2d_1a_3x3.conv.weight", torch::zeros({32, 3, 3, 3})}};
  EXPECT_NE(error_of([&] { load_inception_v3(state, "cut.pth"); }).find("cut.pth"), std::string::npos);
  EXPECT_NE(error_of([&] { load_inception_v3(state, "cut.pth"); }).find("missing key"), std::string::npos);
}

}  // namespace
}  // namespace lifted::nets
