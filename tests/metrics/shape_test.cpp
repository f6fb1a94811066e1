// Judging shapes: ground truth of heads, baselines, and a tiny lifted model.
#include "lifted/metrics/shape.h"

#include <cmath>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/data/heads/head_set.h"
#include "lifted/formats/safetensors.h"
#include "lifted/metrics/suite.h"
#include "lifted/model/critics.h"
#include "lifted/model/network_file.h"
#include "lifted/photo/network_files.h"
#include "lifted/train/depth_task.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"
#include "tests/support/tiny_networks.h"

namespace lifted::metrics {
namespace {
namespace fs = std::filesystem;
using test::error_of;
using torch::Tensor;

nets::ImageDepthConfig tiny_depth() {
  return {.size = 32, .widths = {8, 16, 16, 24, 32}};
}

/// Built-in heads with their ground truth, once for all tests.
class Shape : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = std::make_unique<test::TemporaryFolder>();
    data::heads::HeadSetOptions options;
    options.count = 96;
    options.size = 32;
    options.render.supersampling = 2;
    options.out = *folder / "heads.zip";
    options.ground_truth = true;
    data::heads::render_head_set(data::heads::open_face_model(""), options);
  }
  static void TearDownTestSuite() { folder.reset(); }

  static fs::path path() { return *folder / "heads.zip"; }
  static std::shared_ptr<const data::Dataset> images() { return std::make_shared<const data::Dataset>(path()); }
  static std::shared_ptr<const data::HeadTruth> shapes() {
    return std::make_shared<const data::HeadTruth>(path(), images()->archive());
  }
  static DepthMaps some(int64_t count) {
    const auto truth = shapes();
    std::vector<Tensor> depth, mask;
    for (int64_t i = 0; i < count; ++i) depth.push_back(truth->shape(i).depth), mask.push_back(truth->shape(i).head);
    return {torch::stack(depth), torch::stack(mask)};
  }
  static inline std::unique_ptr<test::TemporaryFolder> folder;
  const scene::Camera camera = scene::pixel_camera(32);
};

TEST_F(Shape, TruthIsReadWhole) {
  const auto truth = shapes();
  ASSERT_EQ(truth->size(), 96);
  const auto shape = truth->shape(5);
  EXPECT_EQ(shape.depth.sizes(), (torch::IntArrayRef{32, 32}));
  EXPECT_GT(shape.head.sum().item<int64_t>(), 300);
  EXPECT_GT(shape.face.sum().item<int64_t>(), 50);
  EXPECT_TRUE(shape.face.logical_and(shape.head.logical_not()).logical_not().all().item<bool>());
  const Tensor inside = shape.depth.masked_select(shape.head);
  EXPECT_GT(inside.min().item<float>(), 0.85f);
  EXPECT_LT(inside.max().item<float>(), 1.2f);
}

TEST_F(Shape, MissingOrDamagedTruthIsAnError) {
  EXPECT_TRUE(data::has_head_truth(path()));
  EXPECT_FALSE(data::has_head_truth(*folder / "none"));
  const auto archive = images();
  EXPECT_NE(error_of([&] { data::HeadTruth(*folder / "none", archive->archive()); }).find("--ground-truth"),
            std::string::npos);
  const fs::path other = *folder / "other-ground-truth";
  const auto with_line = [&](const std::string& line) {
    write_file_atomically(other / "ground_truth.jsonl", line);
    return error_of([&] { data::HeadTruth(*folder / "other.zip", archive->archive()).shape(0); });
  };
  EXPECT_NE(with_line("{\n").find("line 1: is not valid JSON"), std::string::npos);
  EXPECT_NE(with_line(R"({"file": "a.png", "maps": "a.safetensors", "identity": 0})").find("says nothing about"),
            std::string::npos);
  std::string all;
  for (int64_t i = 0; i < 96; ++i)
    all += fmt::format("{{\"file\": \"{}\", \"maps\": \"a.safetensors\", \"identity\": {}}}\n",
                       data::heads::image_name(i), i);
  EXPECT_NE(with_line(all).find("a.safetensors"), std::string::npos);
  const Tensor bytes = torch::full({4, 4}, 255, torch::kByte);
  const auto maps = [&](const StateDict& tensors) {
    formats::write_safetensors(other / "a.safetensors", tensors);
    return with_line(all);
  };
  EXPECT_NE(maps({{"mask", bytes}, {"label", bytes}}).find("has no 'depth'"), std::string::npos);
  EXPECT_NE(maps({{"mask", bytes}, {"label", bytes}, {"depth", bytes}}).find("'depth' is no map"), std::string::npos);
  EXPECT_NE(maps({{"mask", bytes}, {"label", bytes}, {"depth", torch::ones({4, 5})}}).find("differ in size"),
            std::string::npos);
  EXPECT_NE(maps({{"mask", bytes}, {"label", bytes}, {"depth", torch::zeros({4, 4})}}).find("not positive"),
            std::string::npos);
  EXPECT_EQ(maps({{"mask", bytes}, {"label", bytes}, {"depth", torch::ones({4, 4})}}), "(no error)");
}

TEST_F(Shape, BaselinesAreWhatTheyAreByHand) {
  const DepthMaps truth = some(3);
  const auto json = baselines(truth, camera);
  // A constant's SIDE is the spread of the truth's logarithm.
  double expected = 0;
  for (int64_t i = 0; i < 3; ++i) {
    const Tensor mask = scene::eroded(truth.mask.slice(0, i, i + 1))[0];
    expected += truth.depth[i].masked_select(mask).to(torch::kFloat64).log().std(false).item<double>() / 3;
  }
  EXPECT_NEAR(json["constant_depth"]["side_x100"].get<double>(), 100 * expected, 1e-9);
  EXPECT_EQ(json["constant_depth"]["depth_correlation"].get<double>(), 0);
  EXPECT_EQ(json["constant_depth"]["images"].get<int>(), 3);
  // Of two heads, the mean of the others is the other head.
  const DepthMaps two{truth.depth.slice(0, 0, 2), truth.mask.slice(0, 0, 2)};
  const auto other = score({two.depth.flip(0), two.mask.flip(0)}, two, camera);
  EXPECT_EQ(baselines(two, camera)["mean_true_depth"], other);
  EXPECT_GT(other["mad_degrees"].get<double>(), 1);
  const auto twins =
      baselines({truth.depth.slice(0, 0, 1).repeat({2, 1, 1}), truth.mask.slice(0, 0, 1).repeat({2, 1, 1})}, camera);
  EXPECT_LT(twins["mean_true_depth"]["side_x100"].get<double>(), 1e-9);
  EXPECT_LT(score(truth, truth, camera)["mad_degrees"].get<double>(), 1e-9);
  EXPECT_NE(error_of([&] {
              score({truth.depth, torch::zeros_like(truth.mask)}, truth, camera);
            }).find("no image"),
            std::string::npos);
}

TEST_F(Shape, ATinyDepthNetworkLearnsStrangersAndIsKept) {
  train::DepthOptions options;
  options.images = {.network = {}, .batch = 16, .total_images = 16 * 60, .lr = 1e-2};
  options.network = tiny_depth();
  options.held_out = 0.2;
  train::DepthTask task(options, images(), shapes(), torch::kCPU);
  EXPECT_EQ(task.held_out_images(), 19);
  train::Statistics statistics;
  for (int i = 0; i < 60; ++i) task.step(statistics);
  const auto scores = task.score_held_out();
  const auto known = baselines(some(19), camera);
  EXPECT_LT(100 * scores.side, 0.7 * known["constant_depth"]["side_x100"].get<double>());
  EXPECT_LT(scores.mad, 0.7 * known["constant_depth"]["mad_degrees"].get<double>());
  EXPECT_GT(scores.correlation, 0.7);
  EXPECT_GT(scores.overlap, 0.8);
  // What is written reads the same.
  task.write_network(*folder / "depth.safetensors");
  auto kept = model::load_image_depth_net(*folder / "depth.safetensors");
  EXPECT_EQ(kept->config(), tiny_depth());
  EXPECT_NE(error_of([&] { model::load_view_light_probe(*folder / "depth.safetensors"); }).find("--depth"),
            std::string::npos);
  const Tensor image = formats::tensor_from_image(images()->image(0)).unsqueeze(0);
  const Tensor other = formats::tensor_from_image(images()->image(1)).unsqueeze(0);
  const Tensor alone = kept->forward(image).depth, together = kept->forward(torch::cat({other, image})).depth[1];
  EXPECT_LT((alone[0] - together).abs().max().item<float>(), 1e-5);
}

TEST_F(Shape, NetworksThatDoNotFitAreErrors) {
  auto network = nets::ImageDepthNet(tiny_depth());
  EXPECT_NE(error_of([&] { network->forward(torch::zeros({1, 3, 16, 16})); }).find("32"), std::string::npos);
  EXPECT_NE(error_of([] { nets::ImageDepthNet(nets::ImageDepthConfig{.size = 40}); }).find("multiple of 16"),
            std::string::npos);
  EXPECT_NE(error_of([] { nets::load_image_depth_net({}, "f"); }).find("no tensor size"), std::string::npos);
}

TEST_F(Shape, AJudgeMeasuresATinyModel) {
  torch::manual_seed(5);
  const auto network = test::small_lifted();
  nets::ImageDepthNet depth(tiny_depth());
  depth->eval();
  // An untrained network says "head" by chance only.
  for (auto& item : depth->named_parameters())
    if (item.key() == "last.bias") item.value().data()[1] = 100;
  ShapeTruth truth{images(), shapes(), 3, {.steps = 4}};
  const auto judge = std::make_shared<const ShapeJudge>(depth, truth, nets::FaceEmbedding{nullptr});
  const Judges judges{nets::FaceEmbedding{nullptr}, nets::ViewLightProbe{nullptr}, judge};
  const auto names = parse_metrics("shape");
  const auto result = measure(names, network, nullptr, judges, {.batch = 4, .samples = 6})["shape"];
  EXPECT_EQ(result["samples"]["lifted"]["images"].get<int>(), 6);
  for (const char* entry : {"lifted", "constant_depth", "mean_true_depth", "supervised"}) {
    EXPECT_EQ(result["inverted"][entry]["images"].get<int>(), 3) << entry;
    EXPECT_GT(result["inverted"][entry]["mad_degrees"].get<double>(), 0) << entry;
    EXPECT_TRUE(result["inverted"]["face"].contains(entry)) << entry;
  }
  // Batches do not matter; the codes found are kept.
  const auto again = measure(names, network, nullptr, judges, {.batch = 6, .samples = 6})["shape"];
  EXPECT_NEAR(again["samples"]["lifted"]["side_x100"].get<double>(),
              result["samples"]["lifted"]["side_x100"].get<double>(), 1e-4);
  EXPECT_EQ(again["inverted"]["image_error"], result["inverted"]["image_error"]);
}

TEST_F(Shape, CodesOfAnEncoderAreTakenAsTheyAre) {
  torch::manual_seed(6);
  const auto network = test::small_lifted();
  photo::ImageEncoder encoder(
      nets::FaceEmbeddingConfig{.size = 32, .dimensions = 16, .widths = {8, 8, 8, 16}, .blocks = {1, 1, 1, 1}}, 32);
  encoder->eval();
  const auto file = *folder / "encoder.safetensors";
  photo::save_image_encoder(file, {encoder, model::generator_fingerprint(network.generator)}, {});
  const ShapeTruth truth{images(), shapes(), 3, {.steps = 0}, file};
  const ShapeJudge judge({nullptr}, truth, {nullptr});
  const torch::NoGradGuard guard;
  const auto result = judge.measure(network, {.count = 3, .batch = 4});
  std::vector<Tensor> targets;
  for (int64_t i = 0; i < 3; ++i) targets.push_back(formats::tensor_from_image(images()->image(i)));
  auto stored = photo::load_encoder_of(file, network.generator);
  const Tensor made = network.generator->synthesize(stored->forward(torch::stack(targets))).image;
  EXPECT_NEAR(result["inverted"]["image_error"].get<double>(),
              (made - torch::stack(targets)).abs().mean().item<double>(), 1e-5);
  // Pulled to the mean entirely, every head has the mean code.
  const auto pulled = judge.measure(network, {.count = 3, .batch = 4, .truncation_psi = 0});
  const Tensor mean = network.generator->synthesize(network.statistics.mean.unsqueeze(0)).image;
  EXPECT_NEAR(pulled["inverted"]["image_error"].get<double>(),
              (mean - torch::stack(targets)).abs().mean().item<double>(), 1e-5);
}

TEST_F(Shape, WhatIsMissingIsSaid) {
  auto network = test::small_lifted();
  EXPECT_NE(error_of([&] { measure(parse_metrics("shape"), network, nullptr, {}, {}); }).find("--truth"),
            std::string::npos);
  EXPECT_NE(error_of([] { ShapeJudge({nullptr}, {}, {nullptr}); }).find("--depth"), std::string::npos);
  EXPECT_NE(error_of([] {
              ShapeJudge({nullptr}, {images(), shapes(), 1, {}}, {nullptr});
            }).find("--inversions"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              ShapeJudge({nullptr}, {images(), shapes(), 4, {.steps = 0}}, {nullptr});
            }).find("--steps"),
            std::string::npos);
  const nets::ImageDepthConfig large{.size = 64};
  const ShapeJudge judge(nets::ImageDepthNet(large), {}, {nullptr});
  EXPECT_NE(error_of([&] { judge.measure(network, {.count = 4, .batch = 4}); }).find("64x64"), std::string::npos);
  network.lifted = nullptr;
  EXPECT_NE(error_of([&] { judge.measure(network, {.count = 4, .batch = 4}); }), "(no error)");
}

}  // namespace
}  // namespace lifted::metrics
