// Sets on disk: the same bytes however the work is split, labels, ground truth, and refusal of nonsense.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/data/heads/head_set.h"
#include "lifted/data/heads/preview.h"
#include "lifted/formats/image_archive.h"
#include "lifted/formats/safetensors.h"
#include "tests/heads/face_models.h"

namespace lifted::data::heads {
namespace {

namespace fs = std::filesystem;

const FaceModel& model() {
  return *test::shared_face_model("built-in");
}

HeadSetOptions small_set(const fs::path& out, int64_t start, int64_t count) {
  HeadSetOptions options;
  options.seed = 12;
  options.start = start;
  options.count = count;
  options.size = 16;
  options.render.supersampling = 2;
  options.out = out;
  return options;
}

std::map<std::string, Bytes> images_in(const fs::path& path) {
  const auto archive = formats::open_image_archive(path);
  std::map<std::string, Bytes> images;
  for (int64_t i = 0; i < archive->size(); ++i) images[archive->name(i)] = archive->bytes(i);
  return images;
}

TEST(HeadSet, ThreadsSplitsAndContainersGiveTheSameBytes) {
  const test::TemporaryFolder folder;
  HeadSetOptions one = small_set(folder / "one", 998, 6), two = small_set(folder / "two.zip", 998, 6);
  one.workers = 1;
  two.workers = 2;
  render_head_set(model(), one);
  render_head_set(model(), two);
  render_head_set(model(), small_set(folder / "split", 1001, 3));
  render_head_set(model(), small_set(folder / "split", 998, 3));
  const auto images = images_in(folder / "one");
  EXPECT_EQ(images.size(), 6u);
  EXPECT_TRUE(images.count("00000/img00000999.png"));
  EXPECT_TRUE(images.count("00001/img00001000.png"));
  EXPECT_EQ(images, images_in(folder / "two.zip"));
  EXPECT_EQ(images, images_in(folder / "split"));
}

TEST(HeadSet, IdentitiesBecomeLabels) {
  const test::TemporaryFolder folder;
  HeadSetOptions options = small_set(folder / "set", 2, 4);
  options.recipe.images_per_identity = 3;
  render_head_set(model(), options);
  const auto archive = formats::open_image_archive(folder / "set");
  const auto text = read_file(folder / "set" / "dataset.json");
  const auto json = nlohmann::json::parse(std::string(reinterpret_cast<const char*>(text.data()), text.size()));
  ASSERT_EQ(json["labels"].size(), 4u);
  EXPECT_EQ(json["labels"][0], (nlohmann::json{"00000/img00000002.png", 0}));
  EXPECT_EQ(json["labels"][1], (nlohmann::json{"00000/img00000003.png", 1}));
}

TEST(HeadSet, GroundTruthFilesMatchTheSamples) {
  const test::TemporaryFolder folder;
  HeadSetOptions options = small_set(folder / "set", 0, 2);
  options.ground_truth = options.canonical = true;
  render_head_set(model(), options);
  const StateDict maps =
      formats::read_safetensors(folder / "set" / "ground_truth" / "00000" / "img00000001.safetensors");
  const HeadSample sample = render_head(model(), options.recipe, options.seed, 1, options.size, options.render);
  EXPECT_TRUE(torch::equal(maps.at("depth").flatten(), torch::tensor(sample.depth)));
  EXPECT_EQ(maps.at("normal").sizes(), (torch::IntArrayRef{16, 16, 3}));
  for (const char* name : {"albedo", "shading", "mask", "label", "canonical_depth", "canonical_normal"})
    EXPECT_TRUE(maps.count(name)) << name;
  const auto text = read_file(folder / "set" / "ground_truth" / "ground_truth.jsonl");
  const std::string lines(reinterpret_cast<const char*>(text.data()), text.size());
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  const auto record = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(record["file"], "00000/img00000000.png");
  EXPECT_EQ(record["raw_light"].size(), 4u);
  EXPECT_EQ(record["raw_view"].size(), 6u);
  EXPECT_EQ(record["landmarks"].size(), 68u);
  // Image files are found, maps are not taken for images.
  EXPECT_EQ(formats::open_image_archive(folder / "set")->size(), 2);
}

TEST(HeadSet, NonsenseIsRefused) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(render_head_set(model(), small_set(folder / "set", 0, 0)), UsageError);
  EXPECT_THROW(render_head_set(model(), small_set(folder / "set", -1, 1)), UsageError);
  HeadSetOptions options = small_set(folder / "set", 0, 1);
  options.size = 2;
  EXPECT_THROW(render_head_set(model(), options), UsageError);
  EXPECT_THROW(render_head_set(model(), small_set("/proc/no/such/folder", 0, 1)), Error);
  EXPECT_THROW(render_head_set(model(), small_set("/proc/no/such/file.zip", 0, 1)), Error);
  EXPECT_THROW(preview("poster", model(), {}), UsageError);
}

TEST(HeadSet, SheetsHaveAllTheirCells) {
  PreviewOptions options;
  options.size = 16;
  for (const char* kind : {"yaw-light", "ground-truth", "identities", "heads"}) {
    const formats::Image sheet = preview(kind, model(), options);
    EXPECT_GE(sheet.width, 7 * 16) << kind;
    EXPECT_GE(sheet.height, 3 * 16) << kind;
  }
}

}  // namespace
}  // namespace lifted::data::heads
