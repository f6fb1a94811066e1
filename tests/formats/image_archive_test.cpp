#include "lifted/formats/image_archive.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "lifted/base/error.h"
#include "lifted/formats/zip_writer.h"
#include "tests/formats/writers.h"
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
  EXPECT_THAT(archive->ignored(), ElementsAre("readme.txt"));
  EXPECT_EQ(archive->ignored_text(), "1 file is no image by name and left out: .txt");
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

std::vector<std::string> names_of(const ImageArchive& archive) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < archive.size(); ++i) names.push_back(archive.name(i));
  return names;
}

TEST(Folder, LinksAreFollowedAndNoFolderIsReadTwice) {
  const TemporaryFolder folder;
  write_png(folder / "real/1.png", smooth_image(8, 8, 1));
  write_png(folder / "real/2.png", smooth_image(8, 8, 2));
  write_png(folder / "set/own/3.png", smooth_image(8, 8, 3));
  fs::create_symlink("../real", folder / "set/link");
  fs::create_symlink("../real", folder / "set/second");  // the same again
  fs::create_symlink("own", folder / "set/alias");       // what is there by itself
  fs::create_symlink("..", folder / "set/own/up");       // a loop
  fs::create_symlink("../../real/1.png", folder / "set/own/4.png");
  const auto archive = open_image_archive(folder / "set");
  EXPECT_THAT(names_of(*archive), ElementsAre("link/1.png", "link/2.png", "own/3.png", "own/4.png"));
  EXPECT_EQ(archive->image(3), smooth_image(8, 8, 1));
  EXPECT_THAT(archive->ignored(), ElementsAre("alias/", "own/up/", "second/"));
  EXPECT_THAT(archive->ignored_text(), AllOf(HasSubstr("3 files"), HasSubstr("links to folders read already")));
}

TEST(Folder, WhatIsLeftOutForItsKindIsCounted) {
  const TemporaryFolder folder;
  for (const char* name : {"a.jfif", "b.JPE", "c.jpg"}) {
    const Bytes jpeg = encode_jpeg(smooth_image(8, 8), 90);
    write_file_atomically(folder / name, jpeg.data(), jpeg.size());
  }
  for (const char* name : {"d.tif", "e.tiff", "f.bmp", "g.TIF", "noext", "._a.jfif", ".DS_Store", "depth.safetensors"})
    write_file_atomically(folder / name, "x");
  const auto archive = open_image_archive(folder.path());
  EXPECT_THAT(names_of(*archive), ElementsAre("a.jfif", "b.JPE", "c.jpg"));
  EXPECT_EQ(archive->ignored_text(),
            "5 files are no images by name and left out: .TIF, .bmp, .tif, .tiff, no extension");
}

// ---- labels, wherever dataset.json lies and however it writes names ----

class Labelled : public testing::Test {
 protected:
  /// The same files as a folder and as a zip.
  void write(const std::vector<std::pair<std::string, std::string>>& files) const {
    ZipWriter zip(folder_ / "set.zip");
    const Bytes png = encode_png(smooth_image(4, 4));
    for (const auto& [name, content] : files) {
      const Bytes bytes = content.empty() ? png : bytes_of(content);
      zip.add(name, bytes.data(), bytes.size());
      write_file_atomically(folder_ / "set" / name, bytes.data(), bytes.size());
    }
    zip.finish();
  }
  /// What `look` finds in both.
  void both(const std::function<void(const std::function<std::shared_ptr<const ImageArchive>()>&)>& look) const {
    for (const char* name : {"set", "set.zip"}) {
      SCOPED_TRACE(name);
      look([&] { return open_image_archive(folder_ / name); });
    }
  }
  TemporaryFolder folder_;
};

TEST_F(Labelled, ByADatasetJsonInsideTheWrappingFolder) {
  write({{"people/00000/img00000000.png", ""},
         {"people/00000/img00000001.png", ""},
         {"people/dataset.json", R"({"labels": [["00000/img00000000.png", 5], ["00000/img00000001.png", 6]]})"},
         {"readme.md", "text"}});
  both([](const auto& open) {
    EXPECT_EQ(open()->label(0), 5);
    EXPECT_EQ(open()->label(1), 6);
    EXPECT_THAT(open()->ignored(), ElementsAre("readme.md"));
  });
}

TEST_F(Labelled, ByOneDatasetJsonForEachPart) {
  write({{"a/x.png", ""},
         {"b/x.png", ""},
         {"a/dataset.json", R"({"labels": [["x.png", 1]]})"},
         {"b/dataset.json", R"({"labels": [["b/x.png", 2]]})"}});  // names from the top are understood, too
  both([](const auto& open) {
    EXPECT_EQ(open()->label(0), 1);
    EXPECT_EQ(open()->label(1), 2);
  });
}

TEST_F(Labelled, WithBackslashesAndDots) {
  write({{"00000/a.png", ""},
         {"00001/b.png", ""},
         {"dataset.json", R"({"labels": [["00000\\a.png", 3], [".//00001/b.png", 4]]})"}});
  both([](const auto& open) {
    EXPECT_EQ(open()->label(0), 3);
    EXPECT_EQ(open()->label(1), 4);
  });
}

TEST_F(Labelled, StrayLabelsAreErrorsThatNameTheFirst) {
  write({{"a.png", ""}, {"dataset.json", R"({"labels": [["a.png", 3], ["b.png", 4], ["c.png", 4]]})"}});
  both([](const auto& open) {
    EXPECT_THAT(error_of([&] { open(); }),
                AllOf(HasSubstr("dataset.json: labels 'b.png', which is no image here"), HasSubstr("2 of its 3")));
  });
  write({{"a.png", ""}, {"dataset.json", R"({"labels": [["a.png", 3], ["./a.png", 4]]})"}});
  both([](const auto& open) { EXPECT_THAT(error_of([&] { open(); }), HasSubstr("second, different label")); });
}

TEST_F(Labelled, InPartAreNamedWhereAllAreNeeded) {
  write({{"a.png", ""}, {"b.png", ""}, {"c.png", ""}, {"dataset.json", R"({"labels": [["a.png", 3], ["b.png", 4]]})"}});
  both([](const auto& open) {
    EXPECT_NO_THROW(open()->require_labels_for_all(2));
    EXPECT_THAT(error_of([&] { open()->require_labels_for_all(3); }), HasSubstr("c.png: has no label"));
  });
}

TEST_F(Labelled, NothingHiddenIsAnImage) {
  write({{"p/1.png", ""},
         {"p/._1.png", "Mac"},
         {"__MACOSX/p/._1.png", "Mac"},
         {"__MACOSX/p/2.png", "Mac"},
         {"p/.DS_Store", "Mac"},
         {".git/3.png", "git"}});
  both([](const auto& open) {
    EXPECT_THAT(names_of(*open()), ElementsAre("p/1.png"));
    EXPECT_TRUE(open()->ignored().empty());
  });
}

// ---- zips that others made ----

std::shared_ptr<const ImageArchive> open_zip_of(const TemporaryFolder& folder,
                                                const std::vector<test::ZipPart>& parts) {
  write_file_atomically(folder / "other.zip", test::zip_of(parts));
  return open_image_archive(folder / "other.zip");
}

std::string png_text(int variant = 0) {
  const Bytes png = encode_png(smooth_image(40, 40, variant));
  return {reinterpret_cast<const char*>(png.data()), png.size()};
}

TEST(ForeignZip, DeflatedAndZip64EntriesAreRead) {
  const TemporaryFolder folder;
  const auto archive = open_zip_of(folder, {{.name = "a.png", .content = png_text(1), .deflate = true},
                                            {.name = "b.png", .content = png_text(2), .zip64 = true},
                                            {.name = "c\\d.png", .content = png_text(3)}});
  EXPECT_THAT(names_of(*archive), ElementsAre("a.png", "b.png", "c/d.png"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(archive->image(i), smooth_image(40, 40, i + 1));
    EXPECT_EQ(archive->header(i).width, 40);
    const auto [start, size] = archive->start(i, 10);
    EXPECT_EQ(start, bytes_of(png_text(i + 1).substr(0, 10)));
    EXPECT_EQ(size, png_text(i + 1).size());
    EXPECT_EQ(archive->start(i, 1 << 20).bytes, bytes_of(png_text(i + 1)));
  }
}

TEST(ForeignZip, NamesAreUtf8WhateverTheyAreWrittenIn) {
  const TemporaryFolder folder;
  const auto archive = open_zip_of(folder, {{.name = "J\x81rgen.png", .content = png_text()},       // CP437
                                            {.name = "J\xc3\xbcrgen2.png", .content = png_text()},  // UTF-8, unmarked
                                            {.name = "\xe5\xe1.png", .content = png_text()}});
  EXPECT_THAT(names_of(*archive), ElementsAre("Jürgen.png", "Jürgen2.png", "σß.png"));
  EXPECT_EQ(archive->image(0), smooth_image(40, 40));
  EXPECT_NO_THROW(nlohmann::json(archive->name(2)).dump());
}

TEST(ForeignZip, EncryptedAndUnknownOnesAreRefusedInWords) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] {
                open_zip_of(folder, {{.name = "a.png", .content = png_text()},
                                     {.name = "b.png", .content = png_text(), .flags = 1}});
              }),
              AllOf(HasSubstr("other.zip: 'b.png' is encrypted"), HasSubstr("without a password")));
  std::string bzip2 = test::zip_of({{.name = "a.png", .content = png_text()}});
  bzip2[bzip2.find("PK\1\2") + 10] = 12;
  write_file_atomically(folder / "bzip2.zip", bzip2);
  EXPECT_THAT(error_of([&] { open_image_archive(folder / "bzip2.zip")->image(0); }),
              AllOf(HasSubstr("a.png"), HasSubstr("bzip2")));
}

TEST(ForeignZip, ABrokenEntryIsAnErrorOfItsOwn) {
  const TemporaryFolder folder;
  const auto archive =
      open_zip_of(folder, {{.name = "a.png", .content = png_text()},
                           {.name = "bomb.png", .content = std::string(1000, 0), .deflate = true, .size = 0xf0000000},
                           {.name = "over.png", .content = png_text(), .compressed_size = 9999},
                           {.name = "sum.png", .content = png_text(), .crc = 5},
                           {.name = "z.png", .content = png_text()}});
  const auto problem = [&](int i) { return error_of([&] { archive->image(i); }); };
  EXPECT_EQ(problem(0), "(no error)");
  EXPECT_THAT(problem(1), HasSubstr("impossible"));
  EXPECT_THAT(problem(2), HasSubstr("over.png"));
  EXPECT_THAT(problem(3), HasSubstr("checksum"));
  EXPECT_EQ(problem(4), "(no error)");
}

TEST(ForeignZip, AnImageIsNotInflatedBeyondItsLimit) {
  const TemporaryFolder folder;
  const auto archive = open_zip_of(
      folder, {{.name = "a.png", .content = std::string(1 << 20, 0), .deflate = true, .size = (1u << 28) + 1},
               {.name = "b.png", .content = png_text()}});
  // 260 KB may well hold 268 MB of zeros.
  EXPECT_THAT(error_of([&] { archive->image(0); }), AllOf(HasSubstr("a.png"), HasSubstr("268435457")));
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

/// Eleven-page values, values inside the leaf, three sizes, a tree of two and of three levels.
TEST(Lmdb, HoldsWhatWasWrittenHoweverDeepTheTree) {
  for (const int count : {1, 300, 9000}) {
    const TemporaryFolder folder;
    std::map<std::string, Bytes> pairs{{"length", bytes_of(std::to_string(count))}};
    const auto content = [](int size, int i) {
      return bytes_of(std::string(static_cast<size_t>((i * 7 + size) % (i % 50 == 3 ? 40000 : 90)),
                                  static_cast<char>('a' + i % 26)) +
                      std::to_string(i));
    };
    for (const int size : {64, 256, 1024})
      for (int i = 0; i < count; ++i) pairs[fmt::format("{}-{:05d}", size, i)] = content(size, i);
    test::write_lmdb(folder / "db", pairs);
    for (const int size : {64, 256, 1024}) {
      const auto archive = open_image_archive(folder / "db", size);
      ASSERT_EQ(archive->size(), count);
      for (int i = 0; i < count; ++i) ASSERT_EQ(archive->bytes(i), content(size, i)) << archive->name(i);
      EXPECT_EQ(archive->start(count - 1, 5).encoded_size, content(size, count - 1).size());
    }
  }
}

/// A thousand copies with some bytes changed where the tree is: an error or an image, never a signal.
TEST(Lmdb, DamageIsAnErrorOrUnnoticed) {
  const TemporaryFolder folder;
  test::write_lmdb(folder / "db.lmdb", test::rosinality_pairs(60, {16, 64}));
  const Bytes whole = read_file(folder / "db.lmdb");
  std::vector<size_t> pages;  // of the tree and of long values
  for (size_t page = 0; page < whole.size(); page += 4096) pages.push_back(page);
  std::mt19937 random(5);
  int refused = 0, unread = 0;
  for (int i = 0; i < 1000; ++i) {
    Bytes damaged = whole;
    for (int k = 0; k < 6; ++k) {
      // The header, the list of nodes, anywhere in the page; pages that come early are the tree's and the directory's.
      const size_t within = i % 3 == 0 ? random() % 16 : i % 3 == 1 ? random() % 160 : random() % 4096;
      const size_t page = pages[i % 2 == 0 ? random() % 2 : random() % pages.size()];
      damaged[page + within] = static_cast<std::byte>(random());
    }
    if (i % 10 == 9) damaged.resize(random() % damaged.size());
    std::ofstream(folder / "bad.lmdb", std::ios::binary)
        .write(reinterpret_cast<const char*>(damaged.data()), static_cast<std::streamsize>(damaged.size()));
    try {
      const auto archive = open_image_archive(folder / "bad.lmdb", 16);
      for (int64_t k = 0; k < std::min<int64_t>(archive->size(), 12); ++k) {
        try {
          archive->bytes(k);
        } catch (const Error&) {
          ++unread;
        }
      }
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 200);
  EXPECT_GT(unread, 20);
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
