// The face network's training: loss, verification, who is who, and a tiny run on built-in heads.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/data/heads/head_set.h"
#include "lifted/model/critics.h"
#include "lifted/model/import.h"
#include "lifted/train/embedding_task.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"
#include "tests/support/images.h"

namespace lifted::train {
namespace {
using test::error_of;
namespace fs = std::filesystem;
using torch::Tensor;

// ---- CosFace ----

TEST(CosFace, WorkedExample) {
  const Tensor embeddings = torch::tensor({{1.f, 0.f}, {0.f, 1.f}});
  const Tensor centers = torch::tensor({{2.f, 0.f}, {0.f, 3.f}});  // their length does not count
  const CosFaceOptions options{.scale = 2, .margin = 0.25};
  const auto loss = [&](std::vector<int64_t> labels) {
    return cosface_loss(embeddings, centers, torch::tensor(labels), options).item<double>();
  };
  const double right = std::log1p(std::exp(-1.5));        // logits 2·(1 − ¼) and 0
  const double wrong = 2.5 + std::log1p(std::exp(-2.5));  // logits 2·(0 − ¼) and 2
  EXPECT_NEAR(loss({0, 1}), right, 1e-6);
  EXPECT_NEAR(loss({1, 0}), wrong, 1e-6);
  EXPECT_NEAR(loss({0, 0}), (right + wrong) / 2, 1e-6);
}

TEST(CosFace, Gradients) {
  torch::manual_seed(1);
  const auto labels = torch::tensor({0, 2, 1, 2}, torch::kInt64);
  const auto input = [](int64_t rows) { return torch::randn({rows, 5}, torch::kFloat64).requires_grad_(); };
  test::expect_gradients(
      [&](const std::vector<Tensor>& in) { return cosface_loss(in[0], in[1], labels, {.scale = 4, .margin = 0.3}); },
      {input(4), input(3)});
}

// ---- Verification ----

TEST(Verification, WorkedExample) {
  const auto result = verify(torch::tensor({.9, .8, .3, .7}), torch::tensor({.1, .25, .6, .4}));
  EXPECT_NEAR(result.auc, 14.0 / 16, 1e-12);
  // The halves' best thresholds are 0.2 and 0.55; each is right about half of the other half's pairs.
  EXPECT_NEAR(result.threshold, 0.375, 1e-6);
  EXPECT_NEAR(result.accuracy, 0.5, 1e-12);
  EXPECT_NEAR(result.tar, 0.75, 1e-12);  // of four, none above 0.6
}

TEST(Verification, PerfectReversedAndBlind) {
  const Tensor low = torch::linspace(0, 0.4, 200), high = torch::linspace(0.6, 1, 200);
  const auto perfect = verify(high, low), reversed = verify(low, high), blind = verify(low, low);
  EXPECT_EQ(perfect.accuracy, 1);
  EXPECT_EQ(perfect.auc, 1);
  EXPECT_EQ(perfect.tar, 1);
  EXPECT_EQ(reversed.auc, 0);
  EXPECT_EQ(reversed.tar, 0);
  EXPECT_NEAR(blind.auc, 0.5, 1e-12);
  EXPECT_NEAR(blind.accuracy, 0.5, 0.01);
  EXPECT_NEAR(blind.tar, 0.01, 1e-12);
}

TEST(Verification, PairsAreOfTheirKind) {
  std::vector<int64_t> identity;
  for (int64_t person = 0; person < 20; ++person)
    identity.insert(identity.end(), static_cast<size_t>(1 + person % 3), person);
  const auto of = [&](int64_t image) { return identity[static_cast<size_t>(image)]; };
  const auto pairs = verification_pairs(identity, 500, 3);
  EXPECT_EQ(pairs.same.size(), 500u);
  EXPECT_EQ(pairs.different.size(), 500u);
  for (const auto& [a, b] : pairs.same) EXPECT_TRUE(a != b && of(a) == of(b));
  for (const auto& [a, b] : pairs.different) EXPECT_NE(of(a), of(b));
  EXPECT_EQ(verification_pairs(identity, 500, 3).same, pairs.same);
  EXPECT_NE(verification_pairs(identity, 500, 4).same, pairs.same);
}

TEST(Verification, SaysWhatIsMissing) {
  EXPECT_NE(error_of([] { verification_pairs({0, 0, 0}, 5, 0); }).find("two identities"), std::string::npos);
  EXPECT_NE(error_of([] { verification_pairs({0, 1, 2}, 5, 0); }).find("two images"), std::string::npos);
  EXPECT_NE(error_of([] { verify(torch::ones({1}), torch::ones({4})); }).find("two pairs"), std::string::npos);
  EXPECT_NE(error_of([] { verify(torch::full({4}, NAN), torch::ones({4})); }).find("NaN"), std::string::npos);
}

// ---- Who is who ----

class Identities : public testing::Test {
 protected:
  void add(const std::string& name) const {
    fs::create_directories((folder_ / name).parent_path());
    formats::write_png(folder_ / name, formats::filled_image(4, 4));
  }
  void labels(const std::string& json) const { write_file_atomically(folder_ / "dataset.json", json); }
  data::IdentityLabels read(int64_t images_per_identity = 0) const {
    return data::read_identities(*formats::open_image_archive(folder_.path()), images_per_identity);
  }
  std::string problem() const {
    return error_of([&] { read(); });
  }
  test::TemporaryFolder folder_;
};

TEST_F(Identities, ComeFromFoldersLabelsOrCounting) {
  for (const char* name : {"ann/1.png", "ann/2.png", "bob/1.png", "cid/x/1.png"}) add(name);
  EXPECT_EQ(read().of_image, (std::vector<int64_t>{0, 0, 1, 2}));
  EXPECT_EQ(read(3).of_image, (std::vector<int64_t>{0, 0, 0, 1}));
  labels(R"({"labels": [["ann/1.png", 7], ["ann/2.png", 5], ["bob/1.png", 7], ["cid/x/1.png", 5]]})");
  EXPECT_EQ(read().of_image, (std::vector<int64_t>{0, 1, 0, 1}));
  EXPECT_EQ(read().source, "dataset.json");
}

TEST_F(Identities, ThatCannotBeToldAreErrors) {
  add("00000/img00000000.png"), add("00001/img00001000.png");
  EXPECT_NE(problem().find("--images-per-identity"), std::string::npos) << problem();
  labels(R"({"labels": [["00000/img00000000.png", 1]]})");
  EXPECT_NE(problem().find("no label"), std::string::npos) << problem();
  labels(R"({"labels": [["00000/img00000000.png", [1, 2]], ["00001/img00001000.png", 1]]})");
  EXPECT_NE(problem().find("no class index"), std::string::npos) << problem();
  labels(R"({"labels": [["00000/img00000000.png", 1], ["00001/img00001000.png", 1]]})");
  EXPECT_NE(problem().find("one identity"), std::string::npos) << problem();
}

TEST_F(Identities, AreNeverTheFoldersThatNumberImages) {
  for (const char* name : {"set/00000/img00000000.png", "set/00000/img00000001.png", "set/00001/img00000002.png"})
    add(name);
  EXPECT_NE(problem().find("number images"), std::string::npos) << problem();  // of StyleGAN2-ADA, wrapped
  std::filesystem::remove_all(folder_ / "set");
  for (const char* name : {"00000/00000.png", "00000/00999.png", "01000/01000.png", "02000/02000.png"}) add(name);
  EXPECT_NE(problem().find("number images"), std::string::npos) << problem();  // of FFHQ
  // People may have numbers, too: here the images' own begin again, or go back and forth.
  add("03000/00001.png");
  EXPECT_EQ(read().of_image, (std::vector<int64_t>{0, 0, 1, 2, 3}));
  add("lonely.png");
  EXPECT_NE(problem().find("lonely.png"), std::string::npos) << problem();
}

TEST_F(Identities, OfAWrappedSetComeFromItsLabels) {
  for (const char* name : {"p/00000/img00000000.png", "p/00000/img00000001.png", "p/00001/img00000002.png"}) add(name);
  write_file_atomically(
      folder_ / "p/dataset.json",
      R"({"labels": [["00000/img00000000.png", 4], ["00000/img00000001.png", 9], ["00001/img00000002.png", 9]]})");
  EXPECT_EQ(read().of_image, (std::vector<int64_t>{0, 1, 1}));
}

TEST(IdentitySplits, KeepPeopleApart) {
  data::IdentityLabels labels{{}, 30, "test"};
  for (int64_t image = 0; image < 90; ++image) labels.of_image.push_back(image * 7 % 30);
  const auto split = data::split_identities(labels, 0.2, 5);
  EXPECT_EQ(split.held_out.identities, 6);
  EXPECT_EQ(split.training.identities, 24);
  EXPECT_EQ(split.held_out.images.size() + split.training.images.size(), 90u);
  std::set<int64_t> inside, outside;
  for (const int64_t image : split.training.images) inside.insert(labels.of_image[static_cast<size_t>(image)]);
  for (const int64_t image : split.held_out.images) outside.insert(labels.of_image[static_cast<size_t>(image)]);
  for (const int64_t identity : outside) EXPECT_FALSE(inside.contains(identity));
  EXPECT_EQ(*std::ranges::max_element(split.training.identity), 23);
  EXPECT_EQ(data::split_identities(labels, 0.2, 5).held_out.images, split.held_out.images);
  EXPECT_NE(data::split_identities(labels, 0.2, 6).held_out.images, split.held_out.images);
  labels.identities = 3;
  EXPECT_NE(error_of([&] { data::split_identities(labels, 0.2, 5); }).find("expected at least 4"), std::string::npos);
}

// ---- A tiny run ----

class TinyEmbedding : public testing::Test {
 protected:
  /// 40 people of the built-in head, six pictures of 32×32 each.
  static void SetUpTestSuite() {
    folder = std::make_unique<test::TemporaryFolder>();
    data::heads::HeadSetOptions options;
    options.recipe.images_per_identity = 6;
    options.count = 240;
    options.size = 32;
    options.render.supersampling = 2;
    options.out = *folder / "heads.zip";
    data::heads::render_head_set(data::heads::open_face_model(""), options);
  }
  static void TearDownTestSuite() { folder.reset(); }

  static EmbeddingOptions options(int64_t total_images) {
    EmbeddingOptions options;
    options.images = {.network = {.size = 32, .dimensions = 32, .widths = {8, 16, 16, 32}, .blocks = {1, 1, 1, 1}},
                      .batch = 32,
                      .total_images = total_images,
                      .lr = 5e-3,
                      .seed = 2};
    options.cosface = {.scale = 16, .margin = 0.2};
    options.held_out = 0.25;
    options.pairs = 500;
    return options;
  }
  static EmbeddingTask task(const EmbeddingOptions& options) {
    return {options, std::make_shared<const data::Dataset>(*folder / "heads.zip"), torch::kCPU};
  }
  static inline std::unique_ptr<test::TemporaryFolder> folder;
};

TEST_F(TinyEmbedding, TellsStrangersApart) {
  auto training = task(options(32 * 150));
  Statistics first, last;
  for (int i = 0; i < 150; ++i) training.step(i < 10 ? first : last);
  const auto result = training.verify_held_out();
  EXPECT_GT(result.accuracy, 0.75);
  EXPECT_GT(result.auc, 0.8);
  EXPECT_LT(last.mean("Loss/loss"), first.mean("Loss/loss"));

  // The file is what every --embedding takes, and says what it is.
  const fs::path file = *folder / "network.safetensors";
  training.write_network(file);
  auto network = model::load_face_embedding(file);
  EXPECT_EQ(network->config().widths, (std::vector<int>{8, 16, 16, 32}));
  const auto unit = network->forward(torch::randn({2, 3, 64, 64})).norm(2, 1);
  EXPECT_TRUE(unit.allclose(torch::ones({2})));
  EXPECT_NE(model::describe_network(file).sentence.find("face recognition network"), std::string::npos);
  EXPECT_NE(error_of([&] { model::load_vgg16(file); }).find("face recognition"), std::string::npos);
}

TEST_F(TinyEmbedding, ResumesExactly) {
  const auto chosen = options(32 * 8);
  auto whole = task(chosen), first = task(chosen), second = task(chosen);
  Statistics statistics;
  for (int i = 0; i < 6; ++i) whole.step(statistics);
  for (int i = 0; i < 3; ++i) first.step(statistics);
  StateDict copy;
  for (const auto& [name, tensor] : first.state()) copy[name] = tensor.clone();
  second.load_state(copy, first.values());
  for (int i = 0; i < 3; ++i) second.step(statistics);
  EXPECT_EQ(whole.values(), second.values());
  const auto expected = whole.state();
  for (const auto& [name, tensor] : second.state()) EXPECT_TRUE(tensor.equal(expected.at(name))) << name;
}

TEST_F(TinyEmbedding, LeavesItsNumbersInTheRunFolder) {
  auto training = task(options(64));
  const test::TemporaryFolder runs;
  auto run = RunDirectory::create(runs.path(), "embedding", {{"data", "heads"}});
  run_training(training, run, {.total_images = 64, .images_per_tick = 32, .image_ticks = 0, .snapshot_ticks = 0});
  EXPECT_TRUE(fs::exists(run.path() / "people.png"));
  EXPECT_TRUE(fs::exists(run.path() / "network-snapshot-000000.safetensors"));
  std::ifstream file(run.path() / "stats.jsonl");
  int verified = 0;
  for (std::string line; std::getline(file, line);)
    verified += nlohmann::json::parse(line).contains("Metrics/verification_accuracy");
  EXPECT_EQ(verified, 2);  // before and after
}

TEST_F(TinyEmbedding, RefusesOtherSizes) {
  auto chosen = options(64);
  chosen.images.network.size = 48;
  EXPECT_NE(error_of([&] { task(chosen); }).find("squares of 48"), std::string::npos);
  chosen = options(64);
  chosen.images.batch = 1;
  EXPECT_NE(error_of([&] { task(chosen); }).find("--batch 1"), std::string::npos);
}

}  // namespace
}  // namespace lifted::train
