#include "lifted/train/tensorboard.h"

#include <bit>
#include <cstring>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/train/run_directory.h"
#include "tests/support/event_file.h"
#include "tests/support/golden.h"
#include "tests/support/video.h"

namespace lifted::train {
namespace {
using test::fields_of, test::records_of;

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

TEST(TensorBoardWriter, KeepsAnimationsWhole) {
  const test::TemporaryFolder folder;
  auto run = RunDirectory::create(folder.path(), "moving", {});
  std::vector<formats::Image> frames;
  for (const uint8_t grey : {0, 100, 200}) frames.push_back(formats::filled_image(24, 16, 3, grey));
  run.write_animation("turn000004.gif", "Turn", frames, 8, 4000);
  const auto images = test::event_images(run.path());
  ASSERT_EQ(images.size(), 1u);
  EXPECT_EQ(images[0].tag, "Turn");
  EXPECT_EQ(images[0].step, 4000);
  EXPECT_EQ(images[0].width, 24u);
  EXPECT_EQ(images[0].height, 16u);
  EXPECT_EQ(images[0].file.substr(0, 6), "GIF89a");
  write_file_atomically(folder / "read.gif", images[0].file);
  EXPECT_EQ(read_file(folder / "read.gif"), read_file(run.path() / "turn000004.gif"));
  EXPECT_EQ(test::read_video(folder / "read.gif").frames, frames);
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
