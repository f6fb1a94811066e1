#include "lifted/data/heads/obj_reader.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "lifted/base/error.h"
#include "lifted/base/file.h"

namespace lifted::data::heads {
namespace {

constexpr uint64_t largest_file = 256u << 20;

/// Walks over the lines of a file and the numbers of a line.
class Reader {
 public:
  Reader(const std::string& file, std::string_view text) : file_(file), at_(text.data()), end_(at_ + text.size()) {}

  bool more() const { return at_ < end_; }
  /// Skips `word` if the line goes on with it and a blank.
  bool take(std::string_view word) {
    const auto left = static_cast<size_t>(end_ - at_);
    if (left <= word.size() || std::string_view(at_, word.size()) != word || at_[word.size()] != ' ') return false;
    at_ += word.size();
    return true;
  }
  void next_line() {
    while (at_ < end_ && *at_ != '\n') ++at_;
    if (at_ < end_) ++at_, ++line_;
  }
  bool line_ended() {
    skip_blanks();
    return at_ >= end_ || *at_ == '\n';
  }

  float number();
  int32_t index(size_t count, const char* what);
  bool take_slash() {
    if (at_ >= end_ || *at_ != '/') return false;
    ++at_;
    return true;
  }

  [[noreturn]] void malformed(std::string_view expected) const {
    fail("{}: line {}: expected {}", file_, line_, expected);
  }

 private:
  void skip_blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  const std::string& file_;
  const char *at_, *end_;
  int line_ = 1;
};

float Reader::number() {
  skip_blanks();
  if (end_ - at_ > 1 && *at_ == '+' && at_[1] != '-') ++at_;  // which from_chars does not know
  double value = 0;
  const auto [end, error] = std::from_chars(at_, end_, value);
  if (error == std::errc::invalid_argument) malformed("a number");
  if (error != std::errc() || !(std::abs(value) < 1e30)) malformed("a number of sensible size");
  at_ = end;
  if (!line_ended() && at_ == end) malformed("a number");  // "3e", "1.2.3"
  return static_cast<float>(value);
}

int32_t Reader::index(size_t count, const char* what) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(at_, end_, value);
  if (error == std::errc::invalid_argument) malformed("an index");
  if (error != std::errc() || value < 1 || value > count)
    fail("{}: line {}: there is no {} {}", file_, line_, what,
         std::string_view(at_, static_cast<size_t>(end - at_)).substr(0, 40));
  at_ = end;
  return static_cast<int32_t>(value - 1);
}

Vec3 position(Reader& reader) {
  const float x = reader.number(), y = reader.number(), z = reader.number();
  return {x, y, z};
}

std::vector<ObjMesh::Corner> polygon(Reader& reader, const ObjMesh& mesh) {
  std::vector<ObjMesh::Corner> corners;
  while (!reader.line_ended()) {
    ObjMesh::Corner corner{reader.index(mesh.positions.size(), "vertex"), -1};
    if (reader.take_slash()) corner.texture = reader.index(mesh.texture.size(), "texture coordinate");
    corners.push_back(corner);
  }
  if (corners.size() != 3 && corners.size() != 4) reader.malformed("a face of three or four corners");
  return corners;
}

std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_count(const std::string& file, size_t count, int expected) {
  require(count == static_cast<size_t>(expected),
          "{}: {} vertices, but ICT-FaceKit's mesh has {} (truncated or another model?)", file, count, expected);
}

}  // namespace

std::vector<Vec3> read_obj_positions(const std::filesystem::path& file, int expected) {
  const Bytes bytes = read_file(file, largest_file);
  return parse_obj_positions(text_of(bytes), file.string(), expected);
}

std::vector<Vec3> parse_obj_positions(std::string_view text, const std::string& file, int expected) {
  Reader reader(file, text);
  std::vector<Vec3> positions;
  positions.reserve(expected);
  for (; reader.more(); reader.next_line()) {
    if (reader.take("v")) {
      positions.push_back(position(reader));
    } else if (reader.take("vt") || reader.take("f")) {
      break;  // vertices come first
    }
  }
  check_count(file, positions.size(), expected);
  return positions;
}

ObjMesh read_obj_mesh(const std::filesystem::path& file, int expected_positions) {
  const Bytes bytes = read_file(file, largest_file);
  return parse_obj_mesh(text_of(bytes), file.string(), expected_positions);
}

ObjMesh parse_obj_mesh(std::string_view text, const std::string& file, int expected_positions) {
  Reader reader(file, text);
  ObjMesh mesh;
  for (; reader.more(); reader.next_line()) {
    if (reader.take("v")) {
      mesh.positions.push_back(position(reader));
    } else if (reader.take("vt")) {
      const float u = reader.number(), v = reader.number();
      mesh.texture.emplace_back(u, v);
    } else if (reader.take("f")) {
      mesh.polygons.push_back(polygon(reader, mesh));
    }
  }
  check_count(file, mesh.positions.size(), expected_positions);
  return mesh;
}

}  // namespace lifted::data::heads
