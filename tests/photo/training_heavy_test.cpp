// Landmark network and encoder: crops and labels, tiny trainings on built-in heads, files, exact resuming.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/base/file.h"
#include "lifted/data/heads/head_set.h"
#include "lifted/model/network_file.h"
#include "lifted/nets/init.h"
#include "lifted/photo/degrade.h"
#include "lifted/photo/encoder_task.h"
#include "lifted/photo/landmark_task.h"
#include "lifted/photo/network_files.h"
#include "lifted/photo/tuning.h"
#include "lifted/train/projector.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"
#include "tests/support/tiny_networks.h"

namespace lifted::photo {
namespace {
using test::error_of;
using testing::HasSubstr;
using torch::Tensor;
using train::Statistics;

TEST(FaceCrops, PointsMoveWithTheirPixels) {
  // A picture whose red and green say where a pixel was.
  const Tensor axis = (torch::arange(64) + 0.5) / 32 - 1;
  const Tensor picture =
      torch::stack({axis.expand({64, 64}), axis.unsqueeze(1).expand({64, 64}), torch::zeros({64, 64})});
  auto random = nets::seeded_generator(3);
  const Tensor points = torch::rand({kLandmarks, 2}, random) * 24 + 20;
  const CropSpread spread{.turn = 30, .nearest = 1.5, .widest = 1.7, .shift = 0.05};
  const auto crops =
      face_crops(picture.expand({4, 3, 64, 64}).contiguous(), points.expand({4, kLandmarks, 2}), 32, spread, random);
  ASSERT_EQ(crops.images.sizes(), torch::IntArrayRef({4, 3, 32, 32}));
  const Tensor grid = crops.points.to(torch::kFloat32).unsqueeze(1);
  const Tensor seen = torch::grid_sampler(crops.images, grid, 0, 1, false).squeeze(2);  // 4×3×68
  const Tensor expected = (points / 32 - 1).t();
  for (int64_t i = 0; i < 4; ++i) EXPECT_LT((seen[i].slice(0, 0, 2) - expected).abs().max().item<double>(), 0.02) << i;
}

TEST(Degrading, StaysWithinItsRangeAndFollowsItsStream) {
  auto random = nets::seeded_generator(1);
  const Tensor pictures = torch::rand({6, 3, 32, 32}, random) * 2 - 1;
  auto a = nets::seeded_generator(2), b = nets::seeded_generator(2), c = nets::seeded_generator(3);
  const Tensor first = degraded(misaligned(pictures, a), a);
  EXPECT_TRUE(first.equal(degraded(misaligned(pictures, b), b)));
  EXPECT_FALSE(first.equal(degraded(misaligned(pictures, c), c)));
  EXPECT_LE(first.abs().max().item<double>(), 1);
  EXPECT_GT((first - pictures).abs().mean().item<double>(), 0.02);
}

class LandmarkTraining : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = std::make_unique<test::TemporaryFolder>();
    data::heads::HeadSetOptions options;
    options.count = 60;
    options.size = 64;
    options.render.supersampling = 1;
    options.out = *folder / "heads.zip";
    const auto model = data::heads::open_face_model("");
    data::heads::render_head_set(model, options);
    options.out = *folder / "labels.jsonl";
    options.size = 128;  // labels may be said for another size
    data::heads::write_head_labels(options, &model);
  }
  static void TearDownTestSuite() { folder.reset(); }
  static LandmarkTask task(int64_t steps) {
    const auto images = std::make_shared<const data::Dataset>(*folder / "heads.zip");
    LandmarkOptions options;
    options.images = {
        .network = landmark_trunk(), .batch = 16, .total_images = 16 * steps, .lr = 3e-3, .weight_decay = 0};
    return {options, images, read_landmark_labels(*folder / "labels.jsonl", images->archive(), 64), torch::kCPU,
            train::World::alone()};
  }
  static inline std::unique_ptr<test::TemporaryFolder> folder;
};

TEST_F(LandmarkTraining, LabelsAreWhereHeadsAreDrawn) {
  const auto images = std::make_shared<const data::Dataset>(*folder / "heads.zip");
  const auto labels = read_landmark_labels(*folder / "labels.jsonl", images->archive(), 64);
  const auto model = data::heads::open_face_model("");
  const auto sample = data::heads::render_head(model, data::heads::HeadRecipe{}, 0, 7, 64, {.supersampling = 1});
  for (int64_t i = 0; i < kLandmarks; ++i) {
    EXPECT_NEAR(labels.points[7][i][0].item<double>(), sample.landmarks[static_cast<size_t>(i)].x, 1e-3);
    EXPECT_NEAR(labels.points[7][i][1].item<double>(), sample.landmarks[static_cast<size_t>(i)].y, 1e-3);
  }
  write_file_atomically(*folder / "bad.jsonl", R"({"file": "a", "identity": 0, "landmarks": [[1, 2]]})");
  EXPECT_THAT(error_of([&] { read_landmark_labels(*folder / "bad.jsonl", images->archive(), 64); }),
              HasSubstr("line 1: 'landmarks' has 1 points, expected 68"));
}

TEST_F(LandmarkTraining, BeginsAtTheMeanResumesExactlyAndIsStored) {
  LandmarkTask whole = task(24);
  const auto before = whole.score_held_out();
  EXPECT_LT(before.tight, before.loose);
  EXPECT_LT(before.loose, 0.8);  // eye distances: a mean face is about there
  Statistics statistics;
  for (int i = 0; i < 6; ++i) whole.step(statistics);
  LandmarkTask resumed = task(24);
  resumed.load_state(whole.state(), whole.values());
  for (int i = 0; i < 6; ++i) whole.step(statistics), resumed.step(statistics);
  for (const auto& [name, tensor] : whole.state()) EXPECT_TRUE(tensor.equal(resumed.state().at(name))) << name;
  EXPECT_NE(whole.score_held_out().tight, before.tight);
  const auto file = *folder / "net.safetensors";
  whole.write_network(file);
  EXPECT_LT(std::filesystem::file_size(file), 2'000'000u);
  EXPECT_EQ(load_landmark_net(file)->config().widths, landmark_trunk().widths);
  EXPECT_THAT(error_of([&] { load_image_encoder(file); }),
              HasSubstr("is a network that finds the landmarks of a face"));
}

TEST(MirroredLandmarks, AreAnInvolutionThatSwapsTheEyes) {
  for (int64_t i = 0; i < kLandmarks; ++i)
    EXPECT_EQ(kMirroredLandmark[static_cast<size_t>(kMirroredLandmark[static_cast<size_t>(i)])], i);
  EXPECT_EQ(kMirroredLandmark[36], 45);
  EXPECT_EQ(kMirroredLandmark[48], 54);
  EXPECT_EQ(kMirroredLandmark[30], 30);
}

EncoderTask encoder_task(const model::LoadedNetwork& network, std::shared_ptr<const data::Dataset> real = nullptr,
                         double prior = 0) {
  EncoderOptions options;
  options.real = real ? 8 : 0;
  options.weights.prior = prior;
  options.images = {
      .network = {.size = 32, .dimensions = 32, .widths = {8, 16, 16, 32}, .blocks = {1, 1, 1, 1}, .dropout = 0},
      .batch = 8,
      .total_images = 160,
      .lr = 3e-3,
      .weight_decay = 0};
  options.compared = 2;
  return {options, network, std::move(real), nets::FaceEmbedding(nullptr), torch::kCPU};
}

TEST(EncoderTraining, LearnsResumesExactlyAndKnowsItsGenerator) {
  const auto network = test::small_lifted();
  EncoderTask whole = encoder_task(network);
  const double before = whole.score_held_out(true).code;
  Statistics statistics;
  for (int i = 0; i < 10; ++i) whole.step(statistics);
  EncoderTask resumed = encoder_task(network);
  resumed.load_state(whole.state(), whole.values());
  for (int i = 0; i < 10; ++i) whole.step(statistics), resumed.step(statistics);
  for (const auto& [name, tensor] : whole.state()) EXPECT_TRUE(tensor.equal(resumed.state().at(name))) << name;
  EXPECT_LT(whole.score_held_out(true).code, before);

  test::TemporaryFolder folder;
  whole.write_network(folder / "encoder.safetensors");
  const auto encoder = load_encoder_of(folder / "encoder.safetensors", network.generator);
  EXPECT_EQ(encoder->w_dim(), network.generator->config().w_dim);
  const auto other = test::tiny_lifted(5);
  EXPECT_THAT(error_of([&] { load_encoder_of(folder / "encoder.safetensors", other.generator); }),
              HasSubstr("reads codes of another generator"));
  EncoderTask stranger = encoder_task(test::small_lifted());
  auto values = whole.values();
  values["generator"] = "0";
  EXPECT_THAT(error_of([&] { stranger.load_state(whole.state(), values); }), HasSubstr("is not the one"));
}

TEST(EncoderTraining, APriorHoldsTheCodesOfRealPicturesTowardsTheMean) {
  const auto network = test::small_lifted();
  test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "real");
  for (int i = 0; i < 4; ++i)
    formats::write_png(folder / "real" / fmt::format("{}.png", i), test::smooth_image(32, 32, i));
  const auto real = std::make_shared<const data::Dataset>(folder / "real");
  const auto size_of_codes = [&](double prior) {
    EncoderTask task = encoder_task(network, real, prior);
    Statistics statistics;
    for (int i = 0; i < 20; ++i) task.step(statistics);
    task.write_network(folder / "encoder.safetensors");
    auto encoder = load_encoder_of(folder / "encoder.safetensors", network.generator);
    const torch::NoGradGuard guard;
    const Tensor picture = formats::tensor_from_image(real->image(0)).unsqueeze(0);
    return encoder->standardize(encoder->forward(picture)).square().mean().item<double>();
  };
  EXPECT_LT(size_of_codes(20), 0.7 * size_of_codes(0));
}

TEST(Searching, FromACodeBeginsThere) {
  const auto network = test::small_lifted();
  const Tensor codes = network.generator->map(torch::randn({2, network.generator->config().z_dim})).detach();
  const Tensor pictures = network.generator->synthesize(codes).image.detach();
  const auto exact =
      train::project(network.generator, network.statistics, nullptr, pictures, {.steps = 0}, {}, {.codes = codes});
  EXPECT_LT(exact.error.max().item<double>(), 1e-5);
  const Tensor near = codes + 0.05 * torch::randn(codes.sizes());
  const auto rough =
      train::project(network.generator, network.statistics, nullptr, pictures, {.steps = 0}, {}, {.codes = near});
  const auto found = train::project(network.generator, network.statistics, nullptr, pictures,
                                    {.steps = 30, .quasi_newton = true}, {}, train::start_at(network, near));
  EXPECT_LT(found.error.mean().item<double>(), rough.error.mean().item<double>());
  EXPECT_THAT(error_of([&] {
                train::project(network.generator, network.statistics, nullptr, pictures, {.steps = 2}, {},
                               {.codes = codes[0]});
              }),
              HasSubstr("codes to start from"));
}

TEST(Tuning, BendsACopyAndLeavesTheOriginal) {
  const auto network = test::small_lifted();
  const Tensor code = network.generator->map(torch::randn({1, network.generator->config().z_dim})).detach();
  const Tensor target = torch::rand({1, 3, 32, 32}) * 2 - 1;
  const std::string before = model::generator_fingerprint(network.generator);
  const auto bent = tuned(network, code, target, nullptr, {.steps = 40, .lr = 3e-3});
  EXPECT_EQ(model::generator_fingerprint(network.generator), before);
  EXPECT_NE(model::generator_fingerprint(bent.generator), before);
  const auto error = [&](const model::LoadedNetwork& made) {
    return train::projection_of(made.generator, code, target).error.item<double>();
  };
  EXPECT_LT(error(bent), 0.9 * error(network));
  ASSERT_TRUE(bent.lifted);
  EXPECT_EQ(bent.lifted->generator().get(), bent.generator.get());
}

}  // namespace
}  // namespace lifted::photo
