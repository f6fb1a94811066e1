#include <gmock/gmock.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <sstream>

#include "lifted/base/file.h"
#include "lifted/formats/image_archive.h"
#include "lifted/formats/image_ops.h"
#include "lifted/formats/zip_writer.h"
#include "tests/app/program.h"
#include "tests/support/archives.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"
#include "tests/support/measured_program.h"

namespace lifted {
namespace {

namespace fs = std::filesystem;
using test::bytes_of;
using test::smooth_image;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Outcome {
  int code = -1;
  std::string text;  ///< stdout and stderr
};

Outcome run_dataset(const std::string& arguments) {
  std::istringstream text(arguments);
  std::vector<std::string> words;
  for (std::string word; text >> std::quoted(word, '\'');) words.push_back(word);
  const test::ProgramResult result = test::run_program(words);
  return {result.exit_code, result.output + result.errors};
}

std::string quoted(const fs::path& path) {
  return fmt::format("'{}'", path.string());
}

nlohmann::json inspect_json(const TemporaryFolder& folder, const fs::path& data, int expected_code = 0) {
  const Outcome outcome =
      run_dataset("dataset inspect --data " + quoted(data) + " --json " + quoted(folder / "report.json"));
  EXPECT_EQ(outcome.code, expected_code) << outcome.text;
  std::ifstream file(folder / "report.json");
  return nlohmann::json::parse(file);
}

/// A folder with two good images and one of every kind of trouble.
void write_troubled_folder(const fs::path& folder) {
  formats::write_png(folder / "a.png", smooth_image(32, 32, 1));
  formats::write_jpeg(folder / "b.jpg", smooth_image(32, 32, 2), 100);
  write_file_atomically(folder / "notes.txt", "not an image");
  write_file_atomically(folder / "text.png", "not an image");
  write_file_atomically(folder / "zero.png", "");
  const Bytes whole = formats::encode_png(smooth_image(32, 32, 3));
  write_file_atomically(folder / "truncated.png", whole.data(), whole.size() / 2);
  const Bytes cmyk = test::cmyk_jpeg(32, 32, {10, 200, 30, 40}, true);
  write_file_atomically(folder / "cmyk.jpg", cmyk.data(), cmyk.size());
  const Bytes deep = test::png_with(
      {.width = 32, .height = 32, .bit_depth = 16, .color_type = 0, .rows = std::vector<uint8_t>(2048, 99)});
  write_file_atomically(folder / "deep.png", deep.data(), deep.size());
  formats::write_png(folder / "wide.png", smooth_image(64, 32, 4));
}

TEST(Dataset, FolderToZipToInspection) {
  const TemporaryFolder folder;
  test::write_image_folder(folder / "in", 7, 40, 30);
  fs::copy_file(folder / "in/img03.png", folder / "in/same.png");
  const Outcome made =
      run_dataset("dataset make --source " + quoted(folder / "in") + " --dest " + quoted(folder / "out.zip") +
                  " --size 16 --transform center-crop --resize_filter=box");
  ASSERT_EQ(made.code, 0) << made.text;
  EXPECT_THAT(made.text, HasSubstr("8 images of 16x16, 0 skipped"));
  const auto archive = formats::open_image_archive(folder / "out.zip");
  ASSERT_EQ(archive->size(), 8);
  const auto expected =
      formats::resized(formats::center_square(smooth_image(40, 30, 2)), 16, 16, formats::ResizeFilter::box);
  EXPECT_EQ(archive->image(2), expected);
  const auto report = inspect_json(folder, folder / "out.zip");
  EXPECT_EQ(report["count"], 8);
  EXPECT_EQ(report["sizes"]["16x16"], 8);
  EXPECT_EQ(report["duplicates"].size(), 1u);
  EXPECT_EQ(report["duplicates"][0], (std::vector<std::string>{"00000/img00000003.png", "00000/img00000007.png"}));
  EXPECT_TRUE(report["broken"].empty());
}

TEST(Dataset, StatisticsAreThoseOfThePixels) {
  const TemporaryFolder folder;
  for (const int value : {0, 100}) {
    formats::Image image = formats::filled_image(8, 8, 3, static_cast<uint8_t>(value));
    for (size_t i = 0; i < image.pixels.size(); i += 3) image.pixels[i] = 255;
    formats::write_png(folder / fmt::format("in/{}.png", value), image);
  }
  const auto report = inspect_json(folder, folder / "in");
  EXPECT_EQ(report["mean"], (std::vector<double>{255, 50, 50}));
  EXPECT_EQ(report["std"], (std::vector<double>{0, 50, 50}));
}

TEST(Dataset, LmdbToZipKeepsImagesAndOrder) {
  const TemporaryFolder folder;
  test::write_lmdb(folder / "db", test::rosinality_pairs(9, {16, 64}));
  const Outcome made = run_dataset("dataset make --source " + quoted(folder / "db") + " --dest " +
                                   quoted(folder / "out.zip") + " --size 16");
  ASSERT_EQ(made.code, 0) << made.text;
  const auto lmdb = formats::open_image_archive(folder / "db", 16),
             zip = formats::open_image_archive(folder / "out.zip");
  ASSERT_EQ(zip->size(), 9);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(zip->image(i), lmdb->image(i)) << i;
}

TEST(Dataset, LmdbWithMissingKeysIsAnErrorOrAListedSkip) {
  const TemporaryFolder folder;
  auto pairs = test::rosinality_pairs(6, {16});
  pairs.erase("16-00002");
  pairs.erase("16-00004");
  test::write_lmdb(folder / "db", pairs);
  const std::string make = "dataset make --source " + quoted(folder / "db") + " --dest " + quoted(folder / "out.zip");
  const Outcome strict = run_dataset(make);
  EXPECT_EQ(strict.code, 1);
  EXPECT_THAT(strict.text, HasSubstr("16-00002 is missing"));
  EXPECT_FALSE(fs::exists(folder / "out.zip"));
  const Outcome skipping = run_dataset(make + " --skip-broken");
  EXPECT_EQ(skipping.code, 0);
  EXPECT_THAT(skipping.text,
              AllOf(HasSubstr("16-00002"), HasSubstr("16-00004"), HasSubstr("4 images of 16x16, 2 skipped")));
}

TEST(Dataset, EveryKindOfTroubleIsNamed) {
  const TemporaryFolder folder;
  write_troubled_folder(folder / "in");
  const std::string make = "dataset make --source " + quoted(folder / "in") + " --dest " + quoted(folder / "out.zip");
  const Outcome strict = run_dataset(make);
  EXPECT_EQ(strict.code, 1);
  EXPECT_THAT(strict.text, HasSubstr("text.png"));
  const Outcome skipping = run_dataset(make + " --skip-broken");
  EXPECT_EQ(skipping.code, 0) << skipping.text;
  EXPECT_THAT(skipping.text, AllOf(HasSubstr("text.png"), HasSubstr("zero.png"), HasSubstr("truncated.png"),
                                   HasSubstr("wide.png"), HasSubstr("4 images of 32x32, 4 skipped")));
  const auto report = inspect_json(folder, folder / "in", 1);
  EXPECT_EQ(report["count"], 8);
  EXPECT_EQ(report["readable"], 5);
  EXPECT_EQ(report["broken"].size(), 3u);
  EXPECT_EQ(report["ignored"], std::vector<std::string>{"notes.txt"});
  EXPECT_EQ(report["sizes"]["64x32"], 1);
  EXPECT_EQ(run_dataset("dataset inspect --skip-broken --data " + quoted(folder / "in")).code, 0);
}

TEST(Dataset, AZipThatLiesIsListed) {
  const TemporaryFolder folder;
  test::write_image_zip(folder / "a.zip", 5, 16);
  Bytes bytes = read_file(folder / "a.zip");
  const std::string central("PK\1\2");
  int entry = 0;
  for (size_t i = 0; i + 46 < bytes.size(); ++i) {
    if (std::memcmp(bytes.data() + i, central.data(), 4) == 0 && entry++ == 2) bytes[i + 24] ^= std::byte{0x55};
  }
  write_file_atomically(folder / "a.zip", bytes.data(), bytes.size());
  const auto report = inspect_json(folder, folder / "a.zip", 1);
  ASSERT_EQ(report["broken"].size(), 1u);
  EXPECT_EQ(report["broken"][0]["name"], "00000/img00000002.png");
  EXPECT_EQ(report["readable"], 4);
}

TEST(Dataset, BytesDoNotDependOnTheThreads) {
  const TemporaryFolder folder;
  test::write_image_folder(folder / "in", 30, 24, 24);
  for (const int workers : {1, 4}) {
    const Outcome made =
        run_dataset(fmt::format("dataset make --source {} --dest {} --size 16 --workers {}", quoted(folder / "in"),
                                quoted(folder / fmt::format("{}.zip", workers)), workers));
    ASSERT_EQ(made.code, 0) << made.text;
  }
  EXPECT_EQ(sha256_of_file(folder / "1.zip"), sha256_of_file(folder / "4.zip"));
}

TEST(Dataset, LabelsTravelAndMaxImagesLimits) {
  const TemporaryFolder folder;
  test::write_image_folder(folder / "in", 4, 16, 16);
  write_file_atomically(folder / "in/dataset.json",
                        R"({"labels": [["img00.png", 5], ["img01.png", 6], ["img02.png", 7], ["img03.png", 8]]})");
  const Outcome made = run_dataset("dataset make --source " + quoted(folder / "in") + " --dest " +
                                   quoted(folder / "out.zip") + " --max-images 3");
  ASSERT_EQ(made.code, 0) << made.text;
  const auto archive = formats::open_image_archive(folder / "out.zip");
  ASSERT_EQ(archive->size(), 3);
  EXPECT_EQ(archive->label(2), 7);
}

TEST(Dataset, WhatIsLeftOutIsSaidAndLabelsInPartAreRefusedFirst) {
  const TemporaryFolder folder;
  test::write_image_folder(folder / "in", 3, 16, 16);
  write_file_atomically(folder / "in/movie.mp4", "x");
  write_file_atomically(folder / "in/notes.txt", "x");
  const std::string make = "dataset make --source " + quoted(folder / "in") + " --dest " + quoted(folder / "out.zip");
  const Outcome plain = run_dataset(make);
  EXPECT_EQ(plain.code, 0) << plain.text;
  EXPECT_THAT(plain.text, HasSubstr("2 files are no images by name and left out: .mp4, .txt"));
  fs::remove(folder / "out.zip");
  write_file_atomically(folder / "in/dataset.json", R"({"labels": [["img00.png", 5], ["img02.png", 7]]})");
  const Outcome partly = run_dataset(make);
  EXPECT_EQ(partly.code, 1);
  EXPECT_THAT(partly.text, AllOf(HasSubstr("img01.png: has no label"), Not(HasSubstr("writing"))));
  EXPECT_FALSE(fs::exists(folder / "out.zip"));
  const Outcome skipping = run_dataset(make + " --skip-broken");
  EXPECT_EQ(skipping.code, 0) << skipping.text;
  EXPECT_THAT(skipping.text, AllOf(HasSubstr("img01.png"), HasSubstr("2 images of 16x16, 1 skipped")));
  EXPECT_EQ(formats::open_image_archive(folder / "out.zip")->label(1), 7);
}

TEST(Dataset, NamesThatAreNoUtf8AreRead) {
  const TemporaryFolder folder;
  formats::write_png(folder / "in/caf\xe9.png", smooth_image(16, 16));
  formats::write_png(folder / "in/two.png", smooth_image(16, 16));
  const auto report = inspect_json(folder, folder / "in");
  EXPECT_EQ(report["readable"], 2);
  ASSERT_EQ(report["duplicates"].size(), 1u);
  EXPECT_EQ(report["duplicates"][0][0], "caf\uFFFD.png");
  EXPECT_EQ(run_dataset("dataset make --source " + quoted(folder / "in") + " --dest " + quoted(folder / "o.zip")).code,
            0);
}

// ---- small files that ask for much: under 320 MB beyond libtorch itself, and two seconds of computing ----

void expect_little_memory(const test::MeasuredRun& run) {
  std::printf("  %6.0f MB %5.2f s\n", static_cast<double>(test::bytes_beyond_idle(run)) * 1e-6, run.user_seconds);
  EXPECT_LT(test::bytes_beyond_idle(run), uint64_t{320} << 20) << run.errors;
}

void expect_cheap(const test::MeasuredRun& run) {
  expect_little_memory(run);
  EXPECT_LT(run.user_seconds, 2.0) << run.errors;
}

/// A lossless WebP of one colour, whose header may name any size.
Bytes flat_webp(uint32_t width, uint32_t height) {
  Bytes webp = test::encode_webp(formats::filled_image(8, 8, 3, 50));
  uint32_t bits = 0;
  std::memcpy(&bits, webp.data() + 21, 4);
  bits = (bits & 0xf0000000u) | (width - 1) | (height - 1) << 14;
  std::memcpy(webp.data() + 21, &bits, 4);
  return webp;
}

TEST(LargePictures, AreRefusedOrReadCheaply) {
  if (test::kMemoryIsInstrumented) GTEST_SKIP() << "memory is measured without sanitizers";
  const TemporaryFolder folder;
  const auto write = [&](const char* name, const Bytes& bytes) {
    write_file_atomically(folder / "in" / name, bytes.data(), bytes.size());
  };
  write("a.webp", flat_webp(16383, 8192));
  write("b.jpg", test::with_jpeg_size(formats::encode_jpeg(smooth_image(8, 8)), 11000, 11000));
  write("c.png", test::png_with({.width = 11585,
                                 .height = 11585,
                                 .bit_depth = 1,
                                 .color_type = 0,
                                 .rows = std::vector<uint8_t>(size_t{11585} * 1449)}));
  formats::write_png(folder / "in/d.png", smooth_image(32, 32));
  const auto run = test::measured_run({"dataset", "inspect", "--data", (folder / "in").string()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, AllOf(HasSubstr("4 images, 1 readable"), HasSubstr("a.webp: declares 16383x8192"),
                                HasSubstr("b.jpg: declares 11000x11000"), HasSubstr("c.png: declares 11585x11585")));
  expect_cheap(run);
}

TEST(LargePictures, ShareOneBudgetAmongWorkers) {
  if (test::kMemoryIsInstrumented) GTEST_SKIP() << "memory is measured without sanitizers";
  const TemporaryFolder folder;
  for (int i = 0; i < 8; ++i) {
    const Bytes webp = flat_webp(4096, 4096);  // 112 MB each: two at a time
    write_file_atomically(folder / fmt::format("in/{}.webp", i), webp.data(), webp.size());
  }
  const auto run = test::measured_run({"dataset", "make", "--source", (folder / "in").string(), "--dest",
                                       (folder / "out.zip").string(), "--size", "16", "--workers", "8"});
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  expect_little_memory(run);
  EXPECT_EQ(formats::open_image_archive(folder / "out.zip")->image(7), formats::filled_image(16, 16, 3, 50));
}

TEST(Dataset, TheSheetShowsTheImages) {
  const TemporaryFolder folder;
  test::write_image_folder(folder / "in", 6, 32, 32);
  const Outcome outcome = run_dataset("dataset inspect --data " + quoted(folder / "in") + " --sheet " +
                                      quoted(folder / "sheet.png") + " --sheet-images 4");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_THAT(outcome.text, AllOf(HasSubstr("6 images, 6 readable"), HasSubstr("32x32 (6)")));
  const auto sheet = formats::read_image(folder / "sheet.png");
  EXPECT_GT(sheet.width, 64);
  EXPECT_GT(sheet.height, 64);
}

TEST(Dataset, MistakesHaveExitCodeTwoAndChangeNothing) {
  const TemporaryFolder folder;
  test::write_image_folder(folder / "in", 2, 20, 16);
  write_file_atomically(folder / "old.zip", "precious");
  const std::string make = "dataset make --source " + quoted(folder / "in") + " --dest ";
  EXPECT_EQ(run_dataset(make + quoted(folder / "old.zip")).code, 2);
  EXPECT_EQ(read_file(folder / "old.zip"), bytes_of("precious"));
  EXPECT_EQ(run_dataset(make + quoted(folder / "new.tar")).code, 2);
  EXPECT_EQ(run_dataset(make + quoted(folder / "new.zip") + " --width 8").code, 2);
  EXPECT_EQ(run_dataset(make + quoted(folder / "new.zip") + " --size 8 --width 8 --height 8").code, 2);
  EXPECT_EQ(run_dataset(make + quoted(folder / "new.zip") + " --size 0").code, 2);
  EXPECT_EQ(run_dataset("dataset").code, 2);
  const Outcome other_shape = run_dataset(make + quoted(folder / "new.zip") + " --size 8");
  EXPECT_EQ(other_shape.code, 1);
  EXPECT_THAT(other_shape.text, HasSubstr("center-crop"));
  EXPECT_EQ(
      run_dataset("dataset make --source " + quoted(folder / "absent") + " --dest " + quoted(folder / "new.zip")).code,
      1);
  EXPECT_FALSE(fs::exists(folder / "new.zip"));
  EXPECT_EQ(run_dataset(make + quoted(folder / "old.zip") + " --overwrite").code, 0);
}

}  // namespace
}  // namespace lifted
