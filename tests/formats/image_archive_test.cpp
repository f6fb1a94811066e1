#include "lifted/formats/image_archive.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "lifted/base/error.h"
#include "lifted/formats/zip_writer.h"
#include "tests/support/archives.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::formats {
namespace {

namespace fs = std::filesystem;
using test::bytes_of;
using test::error_of;
using test::smooth_image;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Folder, IsRecursiveSortedAndListsWhatItLeavesOut) {
  const TemporaryFolder folder;
  write_png(folder / "b/2.png", smooth_image(8, 8, 2));
  write_png(folder / "a/deep/1.PNG", smooth_image(8, 8, 1));
  write_jpeg(folder / "c.jpeg", smooth_image(8, 8, 3));
  write_file_atomically(folder / "readme.txt", "hello");
  write_file_atomically(folder / ".hidden.png", "x");
  write_file_atomically(folder / ".git/x.png", "x");
  const auto archive = open_image_archive(folder.path());
  ASSERT_EQ(archive->size(), 3);
  EXPECT_EQ(archive->name(0), "a/deep/1.PNG");
  EXPECT_EQ(archive->name(1), "b/2.png");
  EXPECT_EQ(archive->name(2), "c.jpeg");
  EXPECT_EQ(archive->image(1), smooth_image(8, 8, 2));
  EXPECT_THAT(archive->ignored(), ElementsAre(".hidden.png", "readme.txt"));
  EXPECT_TRUE(archive->label(0).is_null());
}

TEST(Folder, WithoutImagesOrAbsentIsAnError) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { open_image_archive(folder.path()); }), HasSubstr("holds no images"));
  EXPECT_THAT(error_of([&] { open_image_archive(folder / "absent"); }), HasSubstr("does not exist"));
  write_file_atomically(folder / "text.zip", "not a zip");
  EXPECT_THAT(error_of([&] { open_image_archive(folder / "text.zip"); }),
              HasSubstr("neither a folder nor a zip nor an lmdb"));
}

TEST(Folder, DanglingLinksAreNamedWhenRead) {
  const TemporaryFolder folder;
  fs::create_symlink("/nowhere/at/all.png", folder / "link.png");
  const auto archive = open_image_archive(folder.path());
  EXPECT_THAT(error_of([&] { archive->image(0); }), HasSubstr("link.png"));
}

TEST(Zip, RoundTripHasStyleGansLayoutAndIsDeterministic) {
  const TemporaryFolder folder;
  for (const char* name : {"a.zip", "b.zip"}) {
    DatasetZipWriter writer(folder / name);
    for (int i = 0; i < 1002; ++i) writer.add(encode_png(smooth_image(4, 4, i)), i % 7);
    writer.finish();
  }
  EXPECT_EQ(sha256_of_file(folder / "a.zip"), sha256_of_file(folder / "b.zip"));
  const auto archive = open_image_archive(folder / "a.zip");
  ASSERT_EQ(archive->size(), 1002);
  EXPECT_EQ(archive->name(0), "00000/img00000000.png");
  EXPECT_EQ(archive->name(1001), "00001/img00001001.png");
  EXPECT_EQ(archive->image(1001), smooth_image(4, 4, 1001));
  EXPECT_EQ(archive->label(1001), 0);
  EXPECT_TRUE(archive->ignored().empty());
  const Bytes raw = read_file(folder / "a.zip"), png = encode_png(smooth_image(4, 4, 1));
  EXPECT_NE(std::search(raw.begin(), raw.end(), png.begin(), png.end()), raw.end()) << "entries must be stored";
}

TEST(Zip, NothingAppearsWithoutFinishAndNullLabelsAreNull) {
  const TemporaryFolder folder;
  {
    DatasetZipWriter writer(folder / "a.zip");
    writer.add(encode_png(smooth_image(4, 4)));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
  test::write_image_zip(folder / "b.zip", 2, 4);
  EXPECT_FALSE(open_image_archive(folder / "b.zip")->has_labels());
  const Bytes raw = read_file(folder / "b.zip"), expected = bytes_of("{\"labels\":null}");
  EXPECT_NE(std::search(raw.begin(), raw.end(), expected.begin(), expected.end()), raw.end());
  DatasetZipWriter mixed(folder / "c.zip");
  mixed.add(encode_png(smooth_image(4, 4)), 1);
  mixed.add(encode_png(smooth_image(4, 4)));
  EXPECT_THAT(error_of([&] { mixed.finish(); }), HasSubstr("1 of 2"));
}

TEST(Zip, MoreEntriesThanAPlainZipCanCount) {
  const TemporaryFolder folder;
  DatasetZipWriter writer(folder / "many.zip");
  for (int i = 0; i < 66000; ++i) writer.add(bytes_of(std::to_string(i)));
  writer.finish();
  const auto archive = open_image_archive(folder / "many.zip");
  ASSERT_EQ(archive->size(), 66000);
  for (const int i : {0, 1, 65534, 65535, 65536, 65999}) EXPECT_EQ(archive->bytes(i), bytes_of(std::to_string(i)));
}

TEST(Zip, Eg3dLabelsAreKept) {
  const TemporaryFolder folder;
  const nlohmann::json camera = std::vector<double>(25, 0.5);
  DatasetZipWriter writer(folder / "a.zip");
  writer.add(encode_png(smooth_image(4, 4)), camera);
  writer.finish();
  EXPECT_EQ(open_image_archive(folder / "a.zip")->label(0), camera);
}

TEST(Zip, BadDatasetJsonIsNamed) {
  const TemporaryFolder folder;
  for (const char* text :
       {"{", "[]", "{\"labels\": 3}", "{\"labels\": [[1, 2]]}", "{\"labels\": [[\"a\", \"\xff\"]]}"}) {
    ZipWriter writer(folder / "a.zip");
    writer.add("dataset.json", text);
    writer.finish();
    EXPECT_THAT(error_of([&] { open_image_archive(folder / "a.zip"); }), HasSubstr("dataset.json")) << text;
  }
}

/// Overwrites 32-bit fields of every central (and local) header.
void patch_headers(const fs::path& path, const char* magic, size_t offset, uint32_t value) {
  Bytes bytes = read_file(path);
  for (size_t i = 0; i + 46 < bytes.size(); ++i) {
    if (std::memcmp(bytes.data() + i, magic, 4) == 0) std::memcpy(bytes.data() + i + offset, &value, 4);
  }
  write_file_atomically(path, bytes.data(), bytes.size());
}

TEST(Zip, LiesAboutSizesAreErrorsNotCrashes) {
  const char *central = "PK\1\2", *local = "PK\3\4";
  struct Lie {
    const char* what;
    size_t central_offset, local_offset;
    uint32_t value;
  };
  for (const Lie& lie :
       {Lie{"size", 24, 22, 0xFFFFFFF0u}, Lie{"size", 24, 22, 10}, Lie{"compressed", 20, 18, 0xFFFFFFF0u},
        Lie{"compressed", 20, 18, 10}, Lie{"crc", 16, 14, 12345}, Lie{"offset", 42, 14, 0x7FFFFFFFu}}) {
    const TemporaryFolder folder;
    test::write_image_zip(folder / "a.zip", 3, 8);
    patch_headers(folder / "a.zip", central, lie.central_offset, lie.value);
    patch_headers(folder / "a.zip", local, lie.local_offset, lie.value);
    // dataset.json is hit too: the error may come at opening or at reading.
    EXPECT_THAT(error_of([&] { open_image_archive(folder / "a.zip")->image(1); }), HasSubstr("a.zip"))
        << lie.what << lie.value;
  }
}

TEST(Zip, TruncationsAndNoiseAreErrors) {
  const TemporaryFolder folder;
  test::write_image_zip(folder / "a.zip", 3, 8);
  const Bytes whole = read_file(folder / "a.zip");
  for (size_t size = 2; size + 1 < whole.size(); size += 53) {
    write_file_atomically(folder / "cut.zip", whole.data(), size);
    EXPECT_THAT(error_of([&] { open_image_archive(folder / "cut.zip"); }), HasSubstr("cut.zip")) << size;
  }
}

TEST(Zip, ReadsFromManyThreads) {
  const TemporaryFolder folder;
  test::write_image_zip(folder / "a.zip", 40, 16);
  const auto archive = open_image_archive(folder / "a.zip");
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) right[t] += archive->image(i) == smooth_image(16, 16, i);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(right, ElementsAre(40, 40, 40, 40));
}

TEST(Lmdb, ReadsRosinalitysKeysFromFolderAndFile) {
  const TemporaryFolder folder;
  for (const char* name : {"db", "db.lmdb"}) {
    test::write_lmdb(folder / name, test::rosinality_pairs(12, {16}));
    const auto archive = open_image_archive(folder / name);
    EXPECT_EQ(archive->kind(), "lmdb");
    ASSERT_EQ(archive->size(), 12);
    EXPECT_EQ(archive->name(11), "16-00011");
    EXPECT_LT(test::mean_difference(archive->image(11), smooth_image(16, 16, 11)), 3);
  }
}

TEST(Lmdb, ChoosesAmongSizes) {
  const TemporaryFolder folder;
  test::write_lmdb(folder / "db", test::rosinality_pairs(3, {8, 16, 128}));
  EXPECT_EQ(open_image_archive(folder / "db")->image(0).width, 128);
  EXPECT_EQ(open_image_archive(folder / "db", 16)->image(2).width, 16);
  EXPECT_EQ(open_image_archive(folder / "db", 9)->image(2).width, 16);
  EXPECT_EQ(open_image_archive(folder / "db", 512)->image(2).width, 128);
}

TEST(Lmdb, MissingKeysAndWrongLengthsAreNamed) {
  const TemporaryFolder folder;
  auto pairs = test::rosinality_pairs(5, {8});
  pairs.erase("8-00003");
  test::write_lmdb(folder / "hole", pairs);
  const auto archive = open_image_archive(folder / "hole");
  EXPECT_EQ(archive->size(), 5);
  EXPECT_THAT(error_of([&] { archive->image(3); }), AllOf(HasSubstr("8-00003"), HasSubstr("missing")));
  pairs["length"] = bytes_of("99999999");
  test::write_lmdb(folder / "long", pairs);
  EXPECT_THAT(error_of([&] { open_image_archive(folder / "long"); }), HasSubstr("99999999"));
  pairs["length"] = bytes_of("five");
  test::write_lmdb(folder / "word", pairs);
  EXPECT_THAT(error_of([&] { open_image_archive(folder / "word"); }), HasSubstr("five"));
  pairs.erase("length");
  test::write_lmdb(folder / "none", pairs);
  EXPECT_THAT(error_of([&] { open_image_archive(folder / "none"); }), HasSubstr("length"));
  test::write_lmdb(folder / "other", {{"length", bytes_of("1")}, {"key", bytes_of("value")}});
  EXPECT_THAT(error_of([&] { open_image_archive(folder / "other"); }), HasSubstr("256-00000"));
}

TEST(Lmdb, TruncatedFilesAreErrors) {
  const TemporaryFolder folder;
  test::write_lmdb(folder / "db", test::rosinality_pairs(10, {32}));
  const Bytes whole = read_file(folder / "db/data.mdb");
  for (const size_t size :
       {size_t{0}, size_t{100}, size_t{4096}, size_t{8192}, whole.size() / 2, whole.size() - 4096}) {
    write_file_atomically(folder / "db/data.mdb", whole.data(), size);
    EXPECT_THAT(error_of([&] { open_image_archive(folder / "db"); }), HasSubstr("lmdb")) << size;
  }
}

}  // namespace
}  // namespace lifted::formats
