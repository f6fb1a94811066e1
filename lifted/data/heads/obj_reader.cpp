#include "lifted/data/heads/obj_reader.h"

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
  Reader(const std::filesystem::path& file, const Bytes& bytes)
      : file_(file), at_(reinterpret_cast<const char*>(bytes.data())), end_(at_ + bytes.size()) {}

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
    fail("{}: line {}: expected {}", file_.string(), line_, expected);
  }

 private:
  void skip_blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool digit() const { return at_ < end_ && *at_ >= '0' && *at_ <= '9'; }
  int exponent();

  const std::filesystem::path& file_;
  const char *at_, *end_;
  int line_ = 1;
};

int Reader::exponent() {
  if (at_ >= end_ || (*at_ != 'e' && *at_ != 'E')) return 0;
  ++at_;
  const bool negative = at_ < end_ && *at_ == '-';
  if (at_ < end_ && (*at_ == '-' || *at_ == '+')) ++at_;
  if (!digit()) malformed("an exponent");
  int value = 0;
  while (digit()) value = std::min(value * 10 + (*at_++ - '0'), 9999);
  return negative ? -value : value;
}

/// A decimal number, correct to about 1e-15 of its size.
float Reader::number() {
  skip_blanks();
  const bool negative = at_ < end_ && *at_ == '-';
  if (at_ < end_ && (*at_ == '-' || *at_ == '+')) ++at_;
  double mantissa = 0;
  int digits = 0, scale = 0;
  for (; digit(); ++digits) mantissa = mantissa * 10 + (*at_++ - '0');
  if (at_ < end_ && *at_ == '.') {
    ++at_;
    for (; digit(); ++digits, --scale) mantissa = mantissa * 10 + (*at_++ - '0');
  }
  if (digits == 0) malformed("a number");
  scale += exponent();
  constexpr double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const int magnitude = scale < 0 ? -scale : scale;
  const double power = magnitude < 16 ? tens[magnitude] : std::pow(10.0, magnitude);
  const double value = scale < 0 ? mantissa / power : mantissa * power;
  if (!(value < 1e30)) malformed("a number of sensible size");
  return static_cast<float>(negative ? -value : value);
}

int32_t Reader::index(size_t count, const char* what) {
  int64_t value = 0;
  if (!digit()) malformed("an index");
  while (digit() && value < (int64_t{1} << 40)) value = value * 10 + (*at_++ - '0');
  if (value < 1 || value > static_cast<int64_t>(count))
    fail("{}: line {}: there is no {} {}", file_.string(), line_, what, value);
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

void check_count(const std::filesystem::path& file, size_t count, int expected) {
  require(count == static_cast<size_t>(expected),
          "{}: {} vertices, but ICT-FaceKit's mesh has {} (truncated or another model?)", file.string(), count,
          expected);
}

}  // namespace

std::vector<Vec3> read_obj_positions(const std::filesystem::path& file, int expected) {
  const Bytes bytes = read_file(file, largest_file);
  Reader reader(file, bytes);
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
  Reader reader(file, bytes);
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
