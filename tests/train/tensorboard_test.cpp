#include "lifted/train/tensorboard.h"

#include <bit>
#include <cstring>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "tests/support/golden.h"

namespace lifted::train {
namespace {

TEST(Crc32c, KnownAnswers) {
  // RFC 3720, appendix B.4.
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(TfRecord, IsFramedWithMaskedChecksums) {
  const std::string record = tfrecord("123456789");
  ASSERT_EQ(record.size(), 8 + 4 + 9 + 4);
  uint64_t length;
  uint32_t checksum;
  std::memcpy(&length, record.data(), 8);
  std::memcpy(&checksum, record.data() + 21, 4);
  EXPECT_EQ(length, 9u);
  // ((crc >> 15) | (crc << 17)) + 0xa282ead8 of 0xe3069283.
  EXPECT_EQ(checksum, static_cast<uint32_t>(((0xe3069283u >> 15) | (0xe3069283u << 17)) + 0xa282ead8u));
}

/// A field of a protobuf message: its number and its bytes or its value's bits.
struct Field {
  int number;
  uint64_t value;
  std::string bytes;
};

std::vector<Field> fields_of(const std::string& message) {
  std::vector<Field> fields;
  size_t at = 0;
  const auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(message.at(at++));
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return value;
    }
  };
  while (at < message.size()) {
    const uint64_t key = varint();
    Field field{static_cast<int>(key >> 3), 0, {}};
    const size_t fixed = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : 0;
    if ((key & 7) == 0) {
      field.value = varint();
    } else if (fixed) {
      std::memcpy(&field.value, message.substr(at, fixed).data(), fixed);
      at += fixed;
    } else {
      const size_t size = varint();
      field.bytes = message.substr(at, size);
      at += size;
    }
    fields.push_back(field);
  }
  return fields;
}

std::vector<std::string> records_of(const std::filesystem::path& path) {
  const Bytes bytes = read_file(path);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<std::string> records;
  for (size_t at = 0; at < text.size();) {
    uint64_t length;
    std::memcpy(&length, text.data() + at, 8);
    records.push_back(text.substr(at + 12, length));
    EXPECT_EQ(tfrecord(records.back()), text.substr(at, length + 16));
    at += length + 16;
  }
  return records;
}

TEST(TensorBoardWriter, WritesEventsThatParse) {
  const test::TemporaryFolder folder;
  TensorBoardWriter writer(folder.path(), 1000);
  writer.add_scalar("Loss/G/loss", 0.75, 1234567);
  const std::vector<std::byte> png(300, std::byte{7});
  writer.add_image("Fakes", png, 640, 480, 2000000);
  writer.flush();
  EXPECT_TRUE(writer.path().filename().string().starts_with("events.out.tfevents."));

  const auto records = records_of(writer.path());
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(fields_of(records[0])[2].bytes, "brain.Event:2");
  EXPECT_EQ(fields_of(records[1])[1].value, 1000u);  // what earlier files say of later steps is void
  EXPECT_EQ(fields_of(records[1])[2].number, 7);

  const auto event = fields_of(records[2]);
  EXPECT_EQ(event[1].value, 1234567u);
  const auto value = fields_of(fields_of(event[2].bytes)[0].bytes);
  EXPECT_EQ(value[0].bytes, "Loss/G/loss");
  EXPECT_EQ(value[1].value, 0x3f400000u);  // 0.75f

  const auto image = fields_of(fields_of(fields_of(fields_of(records[3])[2].bytes)[0].bytes)[1].bytes);
  EXPECT_EQ(image[0].value, 480u);
  EXPECT_EQ(image[1].value, 640u);
  EXPECT_EQ(image[2].value, 3u);
  EXPECT_EQ(image[3].bytes, std::string(300, '\7'));
}

TEST(TensorBoardWriter, CountsHistograms) {
  const test::TemporaryFolder folder;
  TensorBoardWriter writer(folder.path());
  const std::vector<double> values = {-2, -0.75, 0.25, 0.25, 0.99, 3};
  writer.add_histogram("View/yaw", values, {-1, 1, 4}, 8);
  EXPECT_THROW(writer.add_histogram("View/yaw", {}, {-1, 1, 4}, 8), Error);
  writer.flush();
  const auto value = fields_of(fields_of(fields_of(records_of(writer.path()).at(1))[2].bytes)[0].bytes);
  EXPECT_EQ(value[0].bytes, "View/yaw");
  EXPECT_EQ(value[1].number, 5);
  const auto histogram = fields_of(value[1].bytes);
  const auto number = [&](size_t i) { return std::bit_cast<double>(histogram[i].value); };
  const auto doubles = [&](size_t i) {
    std::vector<double> result(histogram[i].bytes.size() / sizeof(double));
    std::memcpy(result.data(), histogram[i].bytes.data(), histogram[i].bytes.size());
    return result;
  };
  EXPECT_EQ(number(0), -2);
  EXPECT_EQ(number(1), 3);
  EXPECT_EQ(number(2), 6);
  EXPECT_NEAR(number(3), 1.74, 1e-12);
  EXPECT_NEAR(number(4), 14.6676, 1e-9);  // 4 + 0.5625 + 2·0.0625 + 0.9801 + 9
  EXPECT_EQ(doubles(5), (std::vector<double>{-0.5, 0, 0.5, 1}));
  EXPECT_EQ(doubles(6), (std::vector<double>{2, 0, 2, 2}));
}

TEST(TensorBoardWriter, FilesOfOneSecondDoNotCollide) {
  const test::TemporaryFolder folder;
  EXPECT_NE(TensorBoardWriter(folder.path()).path(), TensorBoardWriter(folder.path()).path());
  EXPECT_THROW(TensorBoardWriter(folder / "absent"), Error);
}

}  // namespace
}  // namespace lifted::train
