#include "lifted/formats/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "lifted/formats/zip_names.h"

namespace lifted::formats {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kDirectoryEntry = 0x02014b50;
constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr uint64_t kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20, kLongestComment = 0xffff, kLocalHeaderSize = 30;
constexpr uint16_t kDeflated = 8;
constexpr uint16_t kZip64Field = 1, kUnicodePathField = 0x7075;
constexpr uint64_t kBestDeflateRatio = 1032;
constexpr uint32_t kIn64 = 0xffffffff;  // a 32-bit field whose value is in the ZIP64 extra field

struct Directory {
  uint64_t entries, size, offset;
};

void skip(ByteReader& reader, uint64_t count) {
  reader.take_text(count, "a zip record");
}

template <typename... Args>
[[noreturn]] void damaged(const std::string& archive, uint64_t offset, fmt::format_string<Args...> format,
                          Args&&... args) {
  throw LocatedError(
      fmt::format("{}: at byte {}: {}", archive, offset, fmt::format(format, std::forward<Args>(args)...)));
}

/// Where the end record begins in the archive's last bytes.
size_t find_end_record(const ByteSource& tail, uint64_t archive_size) {
  const std::string_view text = tail.text();
  const size_t found = text.size() < kEndSize ? std::string_view::npos : text.rfind("PK\5\6", text.size() - kEndSize);
  require(found != std::string_view::npos,
          "{}: the zip archive has no directory at its end: the file is damaged or was cut short (it has {} bytes)",
          tail.name(), archive_size);
  return found;
}

Directory read_end_record(const ByteSource& tail, size_t at) {
  ByteReader reader(tail, at + 10);
  Directory directory{};
  directory.entries = reader.take_number<uint16_t>("the number of zip entries");
  directory.size = reader.take_number<uint32_t>("the zip directory's size");
  directory.offset = reader.take_number<uint32_t>("the zip directory's offset");
  return directory;
}

Directory read_end_record_64(ByteReader record, uint64_t offset) {
  if (record.take_number<uint32_t>("the ZIP64 end record") != kEnd64)
    damaged(record.source().name(), offset, "expected a ZIP64 end record");
  skip(record, 8 + 2 + 2 + 4 + 4 + 8);
  Directory directory{};
  directory.entries = record.take_number<uint64_t>("the number of zip entries");
  directory.size = record.take_number<uint64_t>("the zip directory's size");
  directory.offset = record.take_number<uint64_t>("the zip directory's offset");
  return directory;
}

/// Takes the values that did not fit into 32 bits, in their fixed order; returns the translation of the name.
std::string_view read_extra_fields(ByteReader extra, ZipArchive::Entry& entry) {
  std::string_view translation;
  while (extra.remaining() >= 4) {
    const auto id = extra.take_number<uint16_t>("an extra field");
    const auto length = extra.take_number<uint16_t>("an extra field");
    ByteReader field(extra.take(length, "an extra field"));
    if (id == kUnicodePathField) translation = field.take_text(length, "a name");
    if (id != kZip64Field) continue;
    for (uint64_t* value : {&entry.size, &entry.compressed_size, &entry.header_offset}) {
      if (*value == kIn64) *value = field.take_number<uint64_t>("a ZIP64 extra field");
    }
  }
  return translation;
}

std::pair<std::string, ZipArchive::Entry> read_directory_entry(ByteReader& reader) {
  const uint64_t start = reader.position();
  if (reader.take_number<uint32_t>("a zip directory entry") != kDirectoryEntry) {
    reader.fail_at(start, "expected a zip directory entry");
  }
  ZipArchive::Entry entry;
  skip(reader, 2 + 2);
  entry.flags = reader.take_number<uint16_t>("flags");
  entry.method = reader.take_number<uint16_t>("a compression method");
  skip(reader, 2 + 2);
  entry.crc32 = reader.take_number<uint32_t>("a checksum");
  entry.compressed_size = reader.take_number<uint32_t>("a compressed size");
  entry.size = reader.take_number<uint32_t>("a size");
  const auto name_length = reader.take_number<uint16_t>("a name's length");
  const auto extra_length = reader.take_number<uint16_t>("an extra field's length");
  const auto comment_length = reader.take_number<uint16_t>("a comment's length");
  skip(reader, 2 + 2 + 4);
  entry.header_offset = reader.take_number<uint32_t>("a header's offset");
  const std::string_view raw = reader.take_text(name_length, "a zip entry's name");
  const std::string_view translation = read_extra_fields(ByteReader(reader.take(extra_length, "extra fields")), entry);
  skip(reader, comment_length);
  return {detail::zip_entry_name(raw, translation), entry};
}

std::string method_name(uint16_t method) {
  switch (method) {
    case 9:
      return "deflate64";
    case 12:
      return "bzip2";
    case 14:
      return "lzma";
    case 93:
      return "zstd";
    case 95:
      return "xz";
    default:
      return "an unknown method";
  }
}

/// What keeps an entry from being read, or empty.
std::string entry_problem(const ZipArchive::Entry& entry, uint64_t archive_size) {
  if (entry.is_encrypted()) return "is encrypted, expected an archive without a password";
  if (!entry.is_stored() && entry.method != kDeflated) {
    return fmt::format("is compressed with {} (method {}), expected stored or deflated", method_name(entry.method),
                       entry.method);
  }
  if (entry.header_offset > archive_size || entry.compressed_size > archive_size - entry.header_offset) {
    return fmt::format("claims {} bytes at {}, but the file has {}", entry.compressed_size, entry.header_offset,
                       archive_size);
  }
  const bool plausible =
      entry.is_stored() ? entry.size == entry.compressed_size : entry.size / kBestDeflateRatio <= entry.compressed_size;
  if (!plausible)
    return fmt::format("claims {} bytes out of {}, which is impossible", entry.size, entry.compressed_size);
  return {};
}

/// Inflates into `content` until it is full or the stream ends.
struct Inflated {
  uint64_t made = 0;
  bool complete = false;  // the stream ended
};
Inflated inflate_into(const ByteSource& packed, Bytes& content) {
  std::byte nowhere{};  // zlib wants an address even for no bytes
  z_stream stream{};
  require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "{}: zlib cannot start", packed.name());
  // zlib counts in 32 bits, so both sides are handed over in parts.
  uint64_t taken = 0, made = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_in = reinterpret_cast<Bytef*>(packed.memory().get() + taken);
    stream.avail_in = static_cast<uInt>(std::min<uint64_t>(packed.size() - taken, 1u << 30));
    stream.next_out = reinterpret_cast<Bytef*>(content.empty() ? &nowhere : content.data() + made);
    stream.avail_out = static_cast<uInt>(std::min<uint64_t>(content.size() - made, 1u << 30));
    const uInt in = stream.avail_in, out = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    made += out - stream.avail_out;
  }
  inflateEnd(&stream);
  return {made, status == Z_STREAM_END};
}

Bytes inflated(const ByteSource& packed, const ZipArchive::Entry& entry) {
  Bytes content(entry.size);
  const auto [made, complete] = inflate_into(packed, content);
  require(complete && made == entry.size, "{}: damaged: {} of {} bytes could be inflated", packed.name(), made,
          entry.size);
  return content;
}

}  // namespace

ZipArchive::ZipArchive(ByteSource source) : source_(std::move(source)) {
  read_directory();
}

ZipArchive::ZipArchive(std::shared_ptr<const RandomAccessFile> file)
    : source_(ByteSource().renamed(file->name())), file_(std::move(file)) {
  read_directory();
}

ByteSource ZipArchive::fetch(uint64_t offset, uint64_t count, std::string_view what) const {
  if (!file_) return ByteReader(source_, offset).take(count, what);
  if (offset > size() || count > size() - offset)
    damaged(source_.name(), offset, "the file ends inside {} ({} bytes expected)", what, count);
  return ByteSource::adopt(file_->read(offset, count), source_.name());
}

void ZipArchive::read_directory() {
  const uint64_t tail_size = std::min<uint64_t>(size(), kEndSize + kLongestComment), tail_start = size() - tail_size;
  const ByteSource tail = fetch(tail_start, tail_size, "the end of the zip");
  const size_t found = find_end_record(tail, size());
  const uint64_t end = tail_start + found;
  Directory directory = read_end_record(tail, found);
  ByteReader locator(end < kLocatorSize ? ByteSource() : fetch(end - kLocatorSize, kLocatorSize, "the ZIP64 locator"));
  if (locator.remaining() > 0 && locator.take_number<uint32_t>("the ZIP64 locator") == kEnd64Locator) {
    skip(locator, 4);
    const auto offset = locator.take_number<uint64_t>("the ZIP64 end record's offset");
    if (offset >= end) damaged(source_.name(), end, "the ZIP64 end record lies at {}, outside the file", offset);
    directory = read_end_record_64(ByteReader(fetch(offset, kEnd64Size, "the ZIP64 end record")), offset);
  }
  if (directory.offset > end || directory.size > end - directory.offset) {
    damaged(source_.name(), end, "the zip directory ({} bytes at {}) lies outside the file", directory.size,
            directory.offset);
  }
  ByteReader reader(fetch(directory.offset, directory.size, "the zip directory")
                        .renamed(fmt::format("{} (zip directory at byte {})", source_.name(), directory.offset)));
  for (uint64_t i = 0; i < directory.entries; ++i) {
    const uint64_t at = reader.position();
    auto [name, entry] = read_directory_entry(reader);
    if (!entries_.try_emplace(name, entry).second) reader.fail_at(at, "zip entry '{}' occurs twice", name);
  }
  measure_rooms(directory.offset);
}

void ZipArchive::measure_rooms(uint64_t directory_offset) {
  std::vector<Entry*> by_offset;
  for (auto& [name, entry] : entries_) by_offset.push_back(&entry);
  std::ranges::sort(by_offset, {}, &Entry::header_offset);
  for (size_t i = 0; i < by_offset.size(); ++i)
    by_offset[i]->room_end = i + 1 < by_offset.size() ? by_offset[i + 1]->header_offset : directory_offset;
}

ByteSource ZipArchive::read(std::string_view name, ReadBudget& budget) const {
  const auto found = entries_.find(name);
  if (found != entries_.end() && !found->second.is_stored()) {
    const Entry& entry = found->second;
    try {
      budget.spend_bytes(entry.size);
    } catch (const Error& error) {
      fail("{}: the compressed entry '{}' claims {} bytes out of {}: {}", source_.name(), name, entry.size,
           entry.compressed_size, error.what());
    }
  }
  return read(name);
}

const ZipArchive::Entry& ZipArchive::checked_entry(std::string_view name) const {
  const auto found = entries_.find(name);
  require(found != entries_.end(), "{}: the zip archive has no entry '{}'", source_.name(), name);
  const Entry& entry = found->second;
  const std::string problem = entry_problem(entry, size());
  require(problem.empty(), "{}: zip entry '{}' {}", source_.name(), name, problem);
  return entry;
}

/// Where an entry's bytes begin, once it is sure that they and their header end before the next entry.
uint64_t ZipArchive::content_offset(std::string_view name, const Entry& entry) const {
  const uint64_t start = entry.header_offset;
  const auto room = entry.room_end - std::min(start, entry.room_end);
  if (room < kLocalHeaderSize || room - kLocalHeaderSize < entry.compressed_size)
    damaged(source_.name(), start, "zip entry '{}' overlaps the next one", name);
  ByteReader reader(fetch(start, kLocalHeaderSize, "a zip entry's header"));
  if (reader.take_number<uint32_t>("a zip entry's header") != kLocalHeader)
    damaged(source_.name(), start, "expected the header of zip entry '{}'", name);
  skip(reader, 22);
  const auto name_length = reader.take_number<uint16_t>("a name's length");
  const auto extra_length = reader.take_number<uint16_t>("an extra field's length");
  const uint64_t header = kLocalHeaderSize + name_length + extra_length;
  if (room - entry.compressed_size < header)
    damaged(source_.name(), start, "zip entry '{}' overlaps the next one", name);
  return start + header;
}

ByteSource ZipArchive::read(std::string_view name, uint64_t max_size) const {
  const Entry& entry = checked_entry(name);
  require(entry.size <= max_size, "{}: zip entry '{}' has {} bytes, expected at most {}", source_.name(), name,
          entry.size, max_size);
  const ByteSource packed = fetch(content_offset(name, entry), entry.compressed_size, "a zip entry")
                                .renamed(fmt::format("{} ({})", source_.name(), name));
  if (entry.is_stored() && !file_) return packed;  // in place, without looking at every byte of a large checkpoint
  const ByteSource content = entry.is_stored() ? packed : ByteSource::adopt(inflated(packed, entry), packed.name());
  const uLong checksum = crc32_z(0, reinterpret_cast<const Bytef*>(content.memory().get()), content.size());
  require(checksum == entry.crc32, "{}: damaged: its checksum is {:08x}, expected {:08x}", content.name(), checksum,
          entry.crc32);
  return content;
}

Bytes ZipArchive::read_bytes(std::string_view name, uint64_t max_size) const {
  const ByteSource content = read(name, max_size);
  return {content.bytes().begin(), content.bytes().end()};
}

Bytes ZipArchive::read_start(std::string_view name, uint64_t count) const {
  const Entry& entry = checked_entry(name);
  const uint64_t wanted = std::min(entry.size, count);
  // Deflate's worst case is stored blocks, five bytes for each 65,535: what is fetched always suffices.
  const uint64_t packed_size = std::min(entry.compressed_size, wanted + wanted / 1024 + 1024);
  const ByteSource packed = fetch(content_offset(name, entry), packed_size, "a zip entry");
  if (entry.is_stored()) return {packed.bytes().begin(), packed.bytes().begin() + static_cast<std::ptrdiff_t>(wanted)};
  Bytes content(wanted);
  content.resize(inflate_into(packed, content).made);
  return content;
}

}  // namespace lifted::formats
