#include "lifted/formats/numpy_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/formats/checkpoint.h"
#include "tests/formats/writers.h"
#include "tests/support/golden.h"

namespace lifted::formats {
namespace {

using test::source_of;
using testing::HasSubstr;

std::string npy(const std::string& header, const std::string& content, char version = 1) {
  std::string bytes = std::string("\x93NUMPY") + version + '\0';
  bytes += version == 1 ? test::little_endian(static_cast<uint16_t>(header.size()))
                        : test::little_endian(static_cast<uint32_t>(header.size()));
  return bytes + header + content;
}

std::string header_of(const std::string& dtype, const std::string& shape, const char* order = "False") {
  return "{'descr': '" + dtype + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }   \n";
}

std::string refusal_of(const std::string& bytes) {
  try {
    read_npy(source_of(bytes));
  } catch (const Error& error) {
    return error.what();
  }
  return "(was accepted)";
}

TEST(NumpyFile, EveryShapeAndOrder) {
  const std::string six = test::bytes_of<float>({0, 1, 2, 3, 4, 5});
  const auto counting = torch::arange(6, torch::kFloat32);
  const auto read = [&](const std::string& shape, const char* order = "False", char version = 1) {
    return read_npy(source_of(npy(header_of("<f4", shape, order), six, version)));
  };
  EXPECT_TRUE(torch::equal(read("(6,)"), counting));
  EXPECT_TRUE(torch::equal(read("(2, 3)"), counting.view({2, 3})));
  EXPECT_TRUE(torch::equal(read("(1, 2, 3)", "False", 2), counting.view({1, 2, 3})));
  EXPECT_TRUE(torch::equal(read("(2, 3)", "True"), counting.view({3, 2}).t())) << "Fortran's order";
  EXPECT_TRUE(torch::equal(read_npy(source_of(npy(header_of("<i8", "()"), test::bytes_of<int64_t>({-7})))),
                           torch::tensor(int64_t{-7})));
  EXPECT_EQ(read_npy(source_of(npy(header_of("<f2", "(0, 4)"), ""))).sizes(), torch::IntArrayRef({0, 4}));
}

TEST(NumpyFile, RefusesWhatItCannotRead) {
  const std::string eight(8, '\0');
  EXPECT_THAT(refusal_of(npy(header_of("|O", "(1,)"), eight)), HasSubstr("test file: holds Python objects"));
  EXPECT_THAT(refusal_of(npy(header_of(">f4", "(2,)"), eight)), HasSubstr("big-endian"));
  EXPECT_THAT(refusal_of(npy(header_of("<U2", "(1,)"), eight)), HasSubstr("dtype '<U2'"));
  EXPECT_THAT(refusal_of(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", eight)),
              HasSubstr("records"));
  EXPECT_THAT(refusal_of(npy(header_of("<f4", "(3,)"), eight)), HasSubstr("holds 8 bytes of numbers, expected 12"));
  EXPECT_THAT(refusal_of(npy(header_of("<f4", "(-2,)"), eight)), HasSubstr("negative size"));
  EXPECT_THAT(refusal_of(npy(header_of("<f4", "(4294967296, 4294967296, 4294967296)"), eight)),
              HasSubstr("more elements"));
  EXPECT_THAT(refusal_of(npy(header_of("<f4", "2"), eight)), HasSubstr("'(' is expected"));
  EXPECT_THAT(refusal_of(npy("{'descr': '<f4'}", eight)), HasSubstr("fields"));
  EXPECT_THAT(refusal_of(npy(header_of("<f4", "(2,)"), eight, 9)), HasSubstr("version 9"));
  const std::string whole = npy(header_of("<f4", "(1, 2)"), eight);
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(refusal_of(whole.substr(0, size)), "(was accepted)") << size;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned char change : {0x01, 0x80, 0xff}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
      refusal_of(changed);
    }
  }
}

TEST(NumpyFile, ArchivesAreCheckpointsOfTheirArrays) {
  const std::string w = npy(header_of("<f4", "(1, 2)"), test::bytes_of<float>({3, 4}));
  for (const bool deflate : {false, true}) {
    const auto source = source_of(
        test::zip_of({{.name = "w.npy", .content = w, .deflate = deflate}, {.name = "note.txt", .content = "x"}}));
    EXPECT_TRUE(is_npz(source));
    const Checkpoint checkpoint = read_checkpoint(source);
    EXPECT_EQ(checkpoint.kind, FileKind::numpy);
    EXPECT_EQ(checkpoint.root.as_dict().items().size(), 1u);
    EXPECT_TRUE(torch::equal(checkpoint.root.at("w").as_tensor(), torch::tensor({3.f, 4.f}).view({1, 2})));
  }
  EXPECT_TRUE(torch::equal(read_checkpoint(source_of(w)).root.as_tensor(), torch::tensor({3.f, 4.f}).view({1, 2})));
  const Checkpoint projected = read_checkpoint(test::data_file("projected_w.npz"));
  EXPECT_EQ(projected.root.at("w").as_tensor().sizes(), torch::IntArrayRef({1, 8, 32}));
}

}  // namespace
}  // namespace lifted::formats
