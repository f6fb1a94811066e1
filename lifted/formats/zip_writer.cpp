#include "lifted/formats/zip_writer.h"

#include <zlib.h>

#include <algorithm>

#include "lifted/base/error.h"

namespace lifted::formats {
namespace {

constexpr uint64_t kMax16 = 0xFFFF, kMax32 = 0xFFFFFFFF;  // what a plain zip can say; beyond, these mean "see zip64"
constexpr uint16_t kVersion = 20, kVersion64 = 45;
constexpr uint32_t kDate = 0x21 << 16;  // 1 January 1980, 0:00: the earliest that a zip can say

/// Little-endian fields, one after another.
class Fields {
 public:
  Fields& u16(uint64_t value) { return put(value, 2); }
  Fields& u32(uint64_t value) { return put(value, 4); }
  Fields& u64(uint64_t value) { return put(value, 8); }
  Fields& text(std::string_view value) { return bytes_ += value, *this; }
  const std::string& bytes() const { return bytes_; }

 private:
  Fields& put(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i));
    return *this;
  }
  std::string bytes_;
};

}  // namespace

/// Own code rather than a library: libzip holds every entry in memory until it closes, and zlib's minizip writes
/// archives of more than 65,535 entries that others cannot read.
struct ZipWriter::State {
  std::filesystem::path path;
  AtomicFile file;
  uint64_t offset = 0, entries = 0;
  std::string directory;
  bool finished = false;

  explicit State(const std::filesystem::path& to) : path(to), file(to) {}

  void write(const void* data, size_t size) {
    file.write(data, size);
    offset += size;
  }
  void write(const Fields& fields) { write(fields.bytes().data(), fields.bytes().size()); }
  void write_end();
};

ZipWriter::ZipWriter(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {}

ZipWriter::~ZipWriter() = default;

void ZipWriter::add(const std::string& name, const void* data, size_t size) {
  State& state = *state_;
  require(!state.finished, "{}: the zip is finished already", state.path.string());
  require(size < kMax32 && name.size() < kMax16, "{}: {}: {} bytes are too many for one entry", state.path.string(),
          name, size);
  const uint64_t start = state.offset;
  const uint64_t checksum = crc32_z(0, static_cast<const Bytef*>(data), size);
  const auto common = [&](Fields& fields, uint64_t extra_size) {  // what local and central headers share
    fields.u16(kVersion).u16(0x800).u16(0).u32(kDate).u32(checksum).u32(size).u32(size);  // UTF-8 names, stored
    fields.u16(name.size()).u16(extra_size);
  };
  Fields local;
  common(local.text("PK\3\4"), 0);
  state.write(local.text(name));
  state.write(data, size);

  Fields extra;
  if (start >= kMax32) extra.u16(1).u16(8).u64(start);
  Fields central;
  common(central.text("PK\1\2").u16(start >= kMax32 ? kVersion64 : kVersion), extra.bytes().size());
  central.u16(0).u16(0).u16(0).u32(0).u32(std::min(start, kMax32));  // comment, disk, attributes
  state.directory += central.text(name).text(extra.bytes()).bytes();
  ++state.entries;
}

/// The directory and, where a count or position is too large for the plain end record, the zip64 one before it.
void ZipWriter::State::write_end() {
  const uint64_t start = offset, size = directory.size();
  write(directory.data(), directory.size());
  const uint64_t end = offset;
  if (entries >= kMax16 || start >= kMax32 || size >= kMax32) {
    write(Fields()
              .text("PK\6\6")
              .u64(44)
              .u16(kVersion64)
              .u16(kVersion64)
              .u32(0)
              .u32(0)
              .u64(entries)
              .u64(entries)
              .u64(size)
              .u64(start));
    write(Fields().text("PK\6\7").u32(0).u64(end).u32(1));
  }
  const uint64_t shown = std::min(entries, kMax16);
  write(Fields()
            .text(std::string_view("PK\5\6"))
            .u16(0)
            .u16(0)
            .u16(shown)
            .u16(shown)
            .u32(std::min(size, kMax32))
            .u32(std::min(start, kMax32))
            .u16(0));
}

void ZipWriter::finish() {
  State& state = *state_;
  require(!state.finished, "{}: the zip is finished already", state.path.string());
  state.write_end();
  state.file.commit();
  state.finished = true;
}

std::string DatasetZipWriter::add(const Bytes& png, const nlohmann::json& label) {
  std::string name = fmt::format("{:05d}/img{:08d}.png", count_ / 1000, count_);
  zip_.add(name, png.data(), png.size());
  ++count_;
  if (!label.is_null()) labels_.push_back({name, label});
  return name;
}

void DatasetZipWriter::finish() {
  require(count_ > 0, "a data set needs at least one image");
  require(labels_.empty() || static_cast<int64_t>(labels_.size()) == count_,
          "{} of {} images have a label, expected all or none", labels_.size(), count_);
  const nlohmann::json description{{"labels", labels_.empty() ? nlohmann::json() : labels_}};
  zip_.add("dataset.json", description.dump());
  zip_.finish();
}

}  // namespace lifted::formats
