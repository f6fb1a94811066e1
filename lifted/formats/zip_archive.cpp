#include "lifted/formats/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lifted::formats {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kDirectoryEntry = 0x02014b50;
constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr uint64_t kEndSize = 22, kLocatorSize = 20, kLongestComment = 0xffff, kLocalHeaderSize = 30;
constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr uint16_t kEncrypted = 1;
constexpr uint64_t kBestDeflateRatio = 1032;
constexpr uint32_t kIn64 = 0xffffffff;  // a 32-bit field whose value is in the ZIP64 extra field

struct Directory {
  uint64_t entries, size, offset;
};

void skip(ByteReader& reader, uint64_t count) {
  reader.take_text(count, "a zip record");
}

uint64_t find_end_record(const ByteSource& source) {
  const std::string_view text = source.text();
  const uint64_t earliest = text.size() - std::min<uint64_t>(text.size(), kEndSize + kLongestComment);
  const size_t found = text.size() < kEndSize ? std::string_view::npos : text.rfind("PK\5\6", text.size() - kEndSize);
  require(found != std::string_view::npos && found >= earliest,
          "{}: the zip archive has no directory at its end: the file is damaged or was cut short (it has {} bytes)",
          source.name(), source.size());
  return found;
}

Directory read_end_record_64(const ByteSource& source, uint64_t end_record) {
  if (end_record < kLocatorSize)
    ByteReader(source).fail_at(end_record, "expected a ZIP64 locator before the end record");
  ByteReader locator(source, end_record - kLocatorSize);
  if (locator.take_number<uint32_t>("the ZIP64 locator") != kEnd64Locator) {
    locator.fail_at(end_record - kLocatorSize, "expected a ZIP64 locator");
  }
  skip(locator, 4);
  const auto offset = locator.take_number<uint64_t>("the ZIP64 end record's offset");
  if (offset >= source.size()) locator.fail_at(end_record, "the ZIP64 end record lies at {}, outside the file", offset);
  ByteReader record(source, offset);
  if (record.take_number<uint32_t>("the ZIP64 end record") != kEnd64)
    record.fail_at(offset, "expected a ZIP64 end record");
  skip(record, 8 + 2 + 2 + 4 + 4 + 8);
  Directory directory{};
  directory.entries = record.take_number<uint64_t>("the number of zip entries");
  directory.size = record.take_number<uint64_t>("the zip directory's size");
  directory.offset = record.take_number<uint64_t>("the zip directory's offset");
  return directory;
}

Directory read_end_record(const ByteSource& source) {
  const uint64_t position = find_end_record(source);
  ByteReader reader(source, position + 10);
  Directory directory{};
  directory.entries = reader.take_number<uint16_t>("the number of zip entries");
  directory.size = reader.take_number<uint32_t>("the zip directory's size");
  directory.offset = reader.take_number<uint32_t>("the zip directory's offset");
  const bool needs_64 = directory.entries == 0xffff || directory.size == kIn64 || directory.offset == kIn64;
  if (needs_64) directory = read_end_record_64(source, position);
  if (directory.offset > position || directory.size > position - directory.offset) {
    reader.fail_at(position, "the zip directory ({} bytes at {}) lies outside the file", directory.size,
                   directory.offset);
  }
  return directory;
}

/// The values that did not fit into 32 bits, in their fixed order.
void read_extra_fields(ByteReader extra, ZipArchive::Entry& entry) {
  while (extra.remaining() >= 4) {
    const auto id = extra.take_number<uint16_t>("an extra field");
    const auto length = extra.take_number<uint16_t>("an extra field");
    ByteReader field(extra.take(length, "an extra field"));
    if (id != 1) continue;
    for (uint64_t* value : {&entry.size, &entry.compressed_size, &entry.header_offset}) {
      if (*value == kIn64) *value = field.take_number<uint64_t>("a ZIP64 extra field");
    }
  }
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
  std::string name(reader.take_text(name_length, "a zip entry's name"));
  read_extra_fields(ByteReader(reader.take(extra_length, "extra fields")), entry);
  skip(reader, comment_length);
  return {std::move(name), entry};
}

void check_entry(const ByteReader& reader, uint64_t at, const std::string& name, const ZipArchive::Entry& entry) {
  const uint64_t file_size = reader.source().size();
  if (entry.header_offset > file_size || entry.compressed_size > file_size - entry.header_offset) {
    reader.fail_at(at, "zip entry '{}' claims {} bytes at {}, but the file has {}", name, entry.compressed_size,
                   entry.header_offset, file_size);
  }
  const bool plausible = entry.method == kStored     ? entry.size == entry.compressed_size
                         : entry.method == kDeflated ? entry.size / kBestDeflateRatio <= entry.compressed_size
                                                     : false;
  if (!plausible) {
    reader.fail_at(at, "zip entry '{}' claims {} bytes out of {} (method {}), which is impossible or not supported",
                   name, entry.size, entry.compressed_size, entry.method);
  }
  if (entry.flags & kEncrypted) reader.fail_at(at, "zip entry '{}' is encrypted", name);
}

ByteSource inflate_entry(const ByteSource& packed, const ZipArchive::Entry& entry) {
  Bytes content(entry.size);
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
    stream.avail_out = static_cast<uInt>(std::min<uint64_t>(entry.size - made, 1u << 30));
    const uInt in = stream.avail_in, out = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    made += out - stream.avail_out;
  }
  inflateEnd(&stream);
  require(status == Z_STREAM_END && made == entry.size, "{}: damaged: {} of {} bytes could be inflated", packed.name(),
          made, entry.size);
  const uLong checksum = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
  require(checksum == entry.crc32, "{}: damaged: its checksum is {:08x}, expected {:08x}", packed.name(), checksum,
          entry.crc32);
  return ByteSource::adopt(std::move(content), packed.name());
}

}  // namespace

ZipArchive::ZipArchive(ByteSource source) : source_(std::move(source)) {
  read_directory();
}

void ZipArchive::read_directory() {
  const Directory directory = read_end_record(source_);
  ByteReader reader(source_.slice(0, directory.offset + directory.size), directory.offset);
  for (uint64_t i = 0; i < directory.entries; ++i) {
    const uint64_t at = reader.position();
    auto [name, entry] = read_directory_entry(reader);
    check_entry(reader, at, name, entry);
    if (!entries_.try_emplace(name, entry).second) reader.fail_at(at, "zip entry '{}' occurs twice", name);
  }
  check_no_overlap(directory.offset);
}

void ZipArchive::check_no_overlap(uint64_t directory_offset) const {
  std::vector<std::pair<uint64_t, uint64_t>> extents;
  for (const auto& [name, entry] : entries_) extents.emplace_back(entry.header_offset, entry.compressed_size);
  extents.emplace_back(directory_offset, 0);
  std::sort(extents.begin(), extents.end());
  for (size_t i = 0; i + 1 < extents.size(); ++i) {
    const auto [offset, size] = extents[i];
    if (extents[i + 1].first - offset < kLocalHeaderSize + size) {
      ByteReader(source_).fail_at(offset, "zip entries overlap");
    }
  }
}

ByteSource ZipArchive::read(std::string_view name, ReadBudget& budget) const {
  const auto found = entries_.find(name);
  if (found != entries_.end() && found->second.method != kStored) {
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

ByteSource ZipArchive::read(std::string_view name) const {
  const auto found = entries_.find(name);
  require(found != entries_.end(), "{}: the zip archive has no entry '{}'", source_.name(), name);
  const Entry& entry = found->second;
  ByteReader reader(source_, entry.header_offset);
  if (reader.take_number<uint32_t>("a zip entry's header") != kLocalHeader) {
    reader.fail_at(entry.header_offset, "expected the header of zip entry '{}'", name);
  }
  skip(reader, 22);
  const auto name_length = reader.take_number<uint16_t>("a name's length");
  const auto extra_length = reader.take_number<uint16_t>("an extra field's length");
  skip(reader, uint64_t{name_length} + extra_length);
  const ByteSource content =
      reader.take(entry.compressed_size, "a zip entry").renamed(fmt::format("{} ({})", source_.name(), name));
  return entry.method == kStored ? content : inflate_entry(content, entry);
}

}  // namespace lifted::formats
