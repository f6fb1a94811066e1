// Small writers of pickles, zip archives and torch.save files, for making valid and hostile ones in tests.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifted/formats/byte_source.h"

namespace lifted::test {

template <typename T>
std::string little_endian(T number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

inline formats::ByteSource source_of(std::string_view bytes, std::string name = "test file") {
  const auto* start = reinterpret_cast<const std::byte*>(bytes.data());
  return formats::ByteSource::adopt(Bytes(start, start + bytes.size()), std::move(name));
}

/// Appends opcodes to `bytes`.
struct PickleWriter {
  std::string bytes = "\x80\x02";

  PickleWriter& raw(std::string_view opcodes) {
    bytes += opcodes;
    return *this;
  }
  PickleWriter& text(std::string_view value) {
    return raw("X").raw(little_endian(static_cast<uint32_t>(value.size()))).raw(value);
  }
  PickleWriter& data(std::string_view value) {
    return raw("B").raw(little_endian(static_cast<uint32_t>(value.size()))).raw(value);
  }
  PickleWriter& integer(int64_t value) { return raw("\x8a\x08").raw(little_endian(value)); }
  PickleWriter& name(std::string_view module, std::string_view function) {
    return raw("c").raw(module).raw("\n").raw(function).raw("\n");
  }
  PickleWriter& put(uint32_t index) { return raw("r").raw(little_endian(index)); }
  PickleWriter& get(uint32_t index) { return raw("j").raw(little_endian(index)); }
  PickleWriter& integers(const std::vector<int64_t>& values) {
    raw("(");
    for (const int64_t value : values) integer(value);
    return raw("t");
  }
  /// A storage by persistent id; `count` elements.
  PickleWriter& storage(std::string_view type, std::string_view key, int64_t count, bool legacy = false) {
    raw("(").text("storage").name("torch", type).text(key).text("cuda:0").integer(count);
    return raw(legacy ? "NtQ" : "tQ");
  }
  struct Layout {
    int64_t offset = 0;
    std::vector<int64_t> sizes = {}, strides = {};
  };
  /// torch._utils._rebuild_tensor_v2 over a storage.
  PickleWriter& tensor(std::string_view type, std::string_view key, int64_t count, const Layout& layout,
                       bool legacy = false) {
    name("torch._utils", "_rebuild_tensor_v2").raw("(").storage(type, key, count, legacy).integer(layout.offset);
    integers(layout.sizes).integers(layout.strides).raw("\x89");
    return name("collections", "OrderedDict").raw(")RtR");
  }
  std::string stop() const { return bytes + "."; }
};

struct ZipPart {
  std::string name, content;
  bool deflate = false;
  // What the directory claims instead of the truth.
  std::optional<uint32_t> size = {}, compressed_size = {}, header_offset = {}, crc = {};
  uint16_t flags = 0;
  bool zip64 = false;       // the directory holds the sizes in a ZIP64 field
  std::string packed = {};  // instead of `content` deflated; `size` and `crc` are then to be given
};

inline std::string deflated(const std::string& content) {
  std::string packed(compressBound(content.size()) + 16, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// `chunk` deflated as if it stood there `times` times, without ever making so much: its blocks repeat.
inline ZipPart deflated_repeat(std::string name, const std::string& chunk, uint32_t times) {
  std::string packed(compressBound(chunk.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunk.data()));
  stream.avail_in = static_cast<uInt>(chunk.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FULL_FLUSH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  const uLong once = crc32(0, reinterpret_cast<const Bytef*>(chunk.data()), static_cast<uInt>(chunk.size()));
  ZipPart part{.name = std::move(name), .content = "", .deflate = true};
  uLong crc = crc32(0, nullptr, 0);
  for (uint32_t i = 0; i < times; ++i) {
    part.packed += packed;
    crc = crc32_combine(crc, once, static_cast<z_off_t>(chunk.size()));
  }
  part.packed += std::string("\x01\x00\x00\xff\xff", 5);  // the last block, empty
  part.size = static_cast<uint32_t>(chunk.size() * times);
  part.crc = static_cast<uint32_t>(crc);
  return part;
}

inline std::string zip_of(const std::vector<ZipPart>& parts) {
  std::string file, directory;
  for (const ZipPart& part : parts) {
    const auto offset = static_cast<uint32_t>(file.size());
    const std::string packed = !part.packed.empty() ? part.packed
                               : part.deflate       ? deflated(part.content)
                                                    : part.content;
    const auto crc = part.crc.value_or(static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(part.content.data()), static_cast<uInt>(part.content.size()))));
    const auto packed_size = static_cast<uint32_t>(packed.size()), size = static_cast<uint32_t>(part.content.size());
    const auto name_length = static_cast<uint16_t>(part.name.size());
    const std::string common = little_endian<uint16_t>(20) + little_endian(part.flags) +
                               little_endian<uint16_t>(part.deflate ? 8 : 0) + little_endian<uint32_t>(0) +
                               little_endian(crc);
    file += "PK\3\4" + common + little_endian(packed_size) + little_endian(size) + little_endian(name_length) +
            little_endian<uint16_t>(0) + part.name + packed;
    std::string extra;
    if (part.zip64) {
      extra = little_endian<uint16_t>(1) + little_endian<uint16_t>(16) + little_endian<uint64_t>(size) +
              little_endian<uint64_t>(packed_size);
    }
    directory += "PK\1\2" + little_endian<uint16_t>(20) + common +
                 little_endian(part.zip64 ? UINT32_MAX : part.compressed_size.value_or(packed_size)) +
                 little_endian(part.zip64 ? UINT32_MAX : part.size.value_or(size)) + little_endian(name_length) +
                 little_endian(static_cast<uint16_t>(extra.size())) + little_endian<uint16_t>(0) +
                 little_endian<uint32_t>(0) + little_endian<uint32_t>(0) +
                 little_endian(part.header_offset.value_or(offset)) + part.name + extra;
  }
  const auto count = static_cast<uint16_t>(parts.size());
  return file + directory + "PK\5\6" + little_endian<uint32_t>(0) + little_endian(count) + little_endian(count) +
         little_endian(static_cast<uint32_t>(directory.size())) + little_endian(static_cast<uint32_t>(file.size())) +
         little_endian<uint16_t>(0);
}

/// A zip checkpoint of this pickle with storages "0", "1", …
inline std::string zip_checkpoint(const std::string& pickle, const std::vector<std::string>& storages = {}) {
  std::vector<ZipPart> parts = {{.name = "archive/data.pkl", .content = pickle}};
  for (size_t i = 0; i < storages.size(); ++i) {
    parts.push_back({.name = "archive/data/" + std::to_string(i), .content = storages[i]});
  }
  return zip_of(parts);
}

inline const std::string kLegacyMagic = std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);

/// A legacy checkpoint: `storages` are pairs of key and count + content.
inline std::string legacy_checkpoint(const std::string& pickle,
                                     const std::vector<std::pair<std::string, std::string>>& storages) {
  PickleWriter system, keys;
  system.raw("}").text("little_endian").raw("\x88s");
  keys.raw("](");
  std::string contents;
  for (const auto& [key, content] : storages) {
    keys.text(key);
    contents += content;
  }
  keys.raw("e");
  return kLegacyMagic + PickleWriter().raw("M\xe9\x03").stop() + system.stop() + pickle + keys.stop() + contents;
}

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace lifted::test
