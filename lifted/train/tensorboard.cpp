#include "lifted/train/tensorboard.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <vector>

#include "lifted/base/error.h"

namespace lifted::train {
namespace {

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}

template <typename T>
void append_little_endian(std::string& out, T value) {
  for (size_t i = 0; i < sizeof value; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

// ---- Protobuf fields. Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes. ----

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::string varint_field(int field, uint64_t value) {
  std::string out(1, static_cast<char>(field << 3));
  append_varint(out, value);
  return out;
}

std::string double_field(int field, double value) {
  std::string out(1, static_cast<char>(field << 3 | 1));
  append_little_endian(out, std::bit_cast<uint64_t>(value));
  return out;
}

std::string float_field(int field, float value) {
  std::string out(1, static_cast<char>(field << 3 | 5));
  append_little_endian(out, std::bit_cast<uint32_t>(value));
  return out;
}

std::string bytes_field(int field, std::string_view value) {
  std::string out(1, static_cast<char>(field << 3 | 2));
  append_varint(out, value.size());
  return out.append(value);
}

// ---- Field numbers of tensorflow/core/util/event.proto and framework/summary.proto ----

enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kSimpleValue = 2, kImage = 4, kHistogram = 5 };
enum ImageField { kHeight = 1, kWidth = 2, kColorspace = 3, kEncoded = 4 };
enum HistogramField { kMin = 1, kMax = 2, kCount = 3, kSum = 4, kSquareSum = 5, kBucketLimits = 6, kBuckets = 7 };
enum SessionLogField { kStatus = 1 };
constexpr uint64_t kSessionStarts = 1, kRgb = 3;

std::string summary_of(std::string_view tag, const std::string& content) {
  return bytes_field(kSummary, bytes_field(kValue, bytes_field(kTag, tag) + content));
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::filesystem::path unused_event_file(const std::filesystem::path& folder) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const std::string name = host[0] ? host.data() : "localhost";
  for (auto seconds = static_cast<int64_t>(seconds_now());; ++seconds) {
    const auto path = folder / fmt::format("events.out.tfevents.{}.{}", seconds, name);
    if (!std::filesystem::exists(path)) return path;
  }
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = make_crc_table();
  uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~crc;
}

std::string tfrecord(std::string_view bytes) {
  const auto masked = [](std::string_view data) { return std::rotr(crc32c(data), 15) + 0xa282ead8u; };
  std::string record;
  append_little_endian(record, static_cast<uint64_t>(bytes.size()));
  append_little_endian(record, masked(record));
  record.append(bytes);
  append_little_endian(record, masked(bytes));
  return record;
}

TensorBoardWriter::TensorBoardWriter(const std::filesystem::path& folder, int64_t first_step)
    : path_(unused_event_file(folder)), file_(path_, std::ios::binary) {
  require(file_.good(), "{}: cannot create the event file", path_.string());
  write_event(bytes_field(kFileVersion, "brain.Event:2"), 0);
  if (first_step > 0) write_event(bytes_field(kSessionLog, varint_field(kStatus, kSessionStarts)), first_step);
  flush();
}

void TensorBoardWriter::add_scalar(std::string_view tag, double value, int64_t step) {
  write_event(summary_of(tag, float_field(kSimpleValue, static_cast<float>(value))), step);
}

void TensorBoardWriter::add_histogram(std::string_view tag, std::span<const double> values, const HistogramRange& range,
                                      int64_t step) {
  require(!values.empty() && range.buckets > 0 && range.low < range.high, "histogram '{}': nothing to count", tag);
  std::vector<double> counts(static_cast<size_t>(range.buckets));
  const double width = (range.high - range.low) / range.buckets;
  double sum = 0, square_sum = 0;
  for (const double value : values) {
    const auto bucket = std::clamp(std::floor((value - range.low) / width), 0.0, range.buckets - 1.0);
    counts[static_cast<size_t>(bucket)] += 1;
    sum += value;
    square_sum += value * value;
  }
  std::string limits, buckets;
  for (size_t i = 0; i < counts.size(); ++i) {
    append_little_endian(limits, std::bit_cast<uint64_t>(range.low + width * static_cast<double>(i + 1)));
    append_little_endian(buckets, std::bit_cast<uint64_t>(counts[i]));
  }
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  write_event(
      summary_of(tag, bytes_field(kHistogram, double_field(kMin, *least) + double_field(kMax, *most) +
                                                  double_field(kCount, static_cast<double>(values.size())) +
                                                  double_field(kSum, sum) + double_field(kSquareSum, square_sum) +
                                                  bytes_field(kBucketLimits, limits) + bytes_field(kBuckets, buckets))),
      step);
}

void TensorBoardWriter::add_image(std::string_view tag, std::span<const std::byte> file, int width, int height,
                                  int64_t step) {
  const std::string image = varint_field(kHeight, static_cast<uint64_t>(height)) +
                            varint_field(kWidth, static_cast<uint64_t>(width)) + varint_field(kColorspace, kRgb) +
                            bytes_field(kEncoded, {reinterpret_cast<const char*>(file.data()), file.size()});
  write_event(summary_of(tag, bytes_field(kImage, image)), step);
}

void TensorBoardWriter::flush() {
  file_.flush();
  require(file_.good(), "{}: cannot write", path_.string());
}

void TensorBoardWriter::write_event(const std::string& fields, int64_t step) {
  const std::string event =
      double_field(kWallTime, seconds_now()) + varint_field(kStep, static_cast<uint64_t>(step)) + fields;
  const std::string record = tfrecord(event);
  file_.write(record.data(), static_cast<std::streamsize>(record.size()));
}

}  // namespace lifted::train
