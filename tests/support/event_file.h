// Reads TensorBoard event files back: records, and the fields of the protobuf messages in them.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "lifted/base/file.h"
#include "lifted/train/tensorboard.h"

namespace lifted::test {

/// A field of a protobuf message: its number and its bytes or its value's bits.
struct ProtobufField {
  int number;
  uint64_t value;
  std::string bytes;
};

inline std::vector<ProtobufField> fields_of(const std::string& message) {
  std::vector<ProtobufField> fields;
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
    ProtobufField field{static_cast<int>(key >> 3), 0, {}};
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

/// The messages of an event file, their checksums verified.
inline std::vector<std::string> records_of(const std::filesystem::path& path) {
  const Bytes bytes = read_file(path);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<std::string> records;
  for (size_t at = 0; at < text.size();) {
    uint64_t length;
    std::memcpy(&length, text.data() + at, 8);
    records.push_back(text.substr(at + 12, length));
    EXPECT_EQ(train::tfrecord(records.back()), text.substr(at, length + 16));
    at += length + 16;
  }
  return records;
}

/// An image summary.
struct EventImage {
  std::string tag, file;  ///< `file`: the bytes of a PNG or GIF
  int64_t step = 0;
  uint64_t width = 0, height = 0;
};

/// Every image summary of the event files in a folder.
inline std::vector<EventImage> event_images(const std::filesystem::path& folder) {
  std::vector<EventImage> images;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("events.out.tfevents.")) continue;
    for (const std::string& record : records_of(entry.path())) {
      const auto event = fields_of(record);
      if (event.size() < 3 || event[2].number != 5) continue;
      const auto value = fields_of(fields_of(event[2].bytes)[0].bytes);
      if (value.size() < 2 || value[1].number != 4) continue;
      const auto image = fields_of(value[1].bytes);
      images.push_back(
          {value[0].bytes, image[3].bytes, static_cast<int64_t>(event[1].value), image[1].value, image[0].value});
    }
  }
  return images;
}

}  // namespace lifted::test
