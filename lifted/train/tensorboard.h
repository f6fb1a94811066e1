// TensorBoard event files: scalars and images over images seen. The format is TFRecord framing around protobuf messages
// of which only a handful of fields are needed, so they are encoded here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

namespace lifted::train {

struct HistogramRange {
  double low = -1, high = 1;
  int buckets = 40;
};

class TensorBoardWriter {
 public:
  /// Starts a new file events.out.tfevents.SECONDS.HOST in `folder`. Steps from `first_step` on that earlier files
  /// there hold are superseded: a resumed run does not draw its last minutes twice. Error if the file cannot be
  /// created.
  explicit TensorBoardWriter(const std::filesystem::path& folder, int64_t first_step = 0);

  void add_scalar(std::string_view tag, double value, int64_t step);
  /// `values` counted in `buckets` equal ones from low to high; what lies outside counts in the first or last.
  void add_histogram(std::string_view tag, std::span<const double> values, const HistogramRange& range, int64_t step);
  /// The bytes of a PNG or GIF file and its size in pixels. TensorBoard plays an animated GIF.
  void add_image(std::string_view tag, std::span<const std::byte> file, int width, int height, int64_t step);
  /// Hands everything to the system. Error naming the file if it could not be written.
  void flush();

  const std::filesystem::path& path() const { return path_; }

 private:
  void write_event(const std::string& fields, int64_t step);

  std::filesystem::path path_;
  std::ofstream file_;
};

/// CRC-32C (Castagnoli), as in iSCSI.
uint32_t crc32c(std::string_view bytes);
/// A TFRecord: length, masked checksum, bytes, masked checksum.
std::string tfrecord(std::string_view bytes);

}  // namespace lifted::train
