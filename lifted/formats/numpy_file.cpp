#include "lifted/formats/numpy_file.h"

#include <algorithm>
#include <charconv>

#include "lifted/formats/read_budget.h"
#include "lifted/formats/stored_tensor.h"
#include "lifted/formats/zip_archive.h"

namespace lifted::formats {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY", kNpySuffix = ".npy";
constexpr uint64_t kLongestNpyHeader = 64 << 10;

struct NpyHeader {
  std::string dtype;
  bool column_major = false;
  std::vector<int64_t> shape;
};

/// The one Python literal of the format: {'descr': '<f4', 'fortran_order': False, 'shape': (1, 8, 32), }.
class NpyHeaderReader {
 public:
  explicit NpyHeaderReader(std::string_view text) : rest_(text) {}

  NpyHeader read() {
    NpyHeader header;
    int seen = 0;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        require(!rest_.starts_with('['), "holds records, expected numbers");
        header.dtype = quoted();
      } else if (key == "fortran_order") {
        header.column_major = boolean();
      } else if (key == "shape") {
        header.shape = integers();
      } else {
        fail("has the unknown header field '{}'", key);
      }
      ++seen;
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    require(seen == 3, "has a header of {} fields, expected descr, fortran_order and shape", seen);
    return header;
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size())); }
  bool take(char wanted) {
    skip_blanks();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    skip_blanks();
    return true;
  }
  void expect(char wanted) {
    require(take(wanted), "has a header with '{}' where '{}' is expected", rest_.substr(0, 1), wanted);
  }
  std::string quoted() {
    const char quote = rest_.starts_with('"') ? '"' : '\'';
    const size_t end = rest_.starts_with(quote) ? rest_.find(quote, 1) : std::string_view::npos;
    require(end != std::string_view::npos && end < 64, "has a header without a name where one is expected");
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    skip_blanks();
    return text;
  }
  bool boolean() {
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    fail("has a header with a fortran_order that is neither True nor False");
  }
  std::vector<int64_t> integers() {
    std::vector<int64_t> numbers;
    expect('(');
    while (!take(')')) {
      int64_t number = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
      require(error == std::errc() && numbers.size() < 64, "has a header whose shape is no tuple of integers");
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      numbers.push_back(number);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return numbers;
  }

  std::string_view rest_;
};

torch::ScalarType dtype_of_npy(const std::string& code) {
  require(!code.starts_with('>'), "holds big-endian numbers ('{}'), which is not supported", code);
  const std::string_view plain = std::string_view(code).substr(code.find_first_of("<|=") == 0 ? 1 : 0);
  require(!plain.starts_with('O'), "holds Python objects, which are not read; save an array of numbers");
  const auto dtype = numpy_dtype(plain);
  require(dtype.has_value(), "holds data of dtype '{}', which is not supported", code);
  return *dtype;
}

torch::Tensor array_of(ByteReader& reader, const NpyHeader& header, ReadBudget& budget) {
  const auto dtype = dtype_of_npy(header.dtype);
  const auto bytes = static_cast<uint64_t>(element_count(header.shape)) * c10::elementSize(dtype);
  require(bytes == reader.remaining(), "holds {} bytes of numbers, expected {} ({} of shape [{}])", reader.remaining(),
          bytes, dtype_name(dtype), fmt::join(header.shape, ", "));
  const torch::Tensor flat = flat_tensor(reader.take(bytes, "an array"), dtype, &budget);
  if (!header.column_major) return flat.view(header.shape);
  const std::vector<int64_t> reversed(header.shape.rbegin(), header.shape.rend());
  std::vector<int64_t> axes;
  for (auto axis = static_cast<int64_t>(reversed.size()); axis-- > 0;) axes.push_back(axis);
  return flat.view(reversed).permute(axes);
}

torch::Tensor read_array(const ByteSource& source, ReadBudget& budget) {
  try {
    require(source.text().starts_with(kNpyMagic), "is no .npy file");
    ByteReader reader(source, kNpyMagic.size());
    const int major = reader.take_number<uint8_t>("the version");
    reader.take_number<uint8_t>("the version");
    require(major >= 1 && major <= 3, "is an .npy file of version {}, expected 1 to 3", major);
    const uint64_t length = major == 1 ? reader.take_number<uint16_t>("the header's length")
                                       : reader.take_number<uint32_t>("the header's length");
    require(length <= kLongestNpyHeader, "has a header of {} bytes, expected at most {}", length, kLongestNpyHeader);
    const NpyHeader header = NpyHeaderReader(reader.take_text(length, "the header")).read();
    return array_of(reader, header, budget);
  } catch (const LocatedError&) {
    throw;
  } catch (const Error& error) {
    fail("{}: {}", source.name(), error.what());
  }
}

}  // namespace

bool is_npy(const ByteSource& source) {
  return source.text().starts_with(kNpyMagic);
}

bool is_npz(const ByteSource& source) {
  // The first entry's name stands behind the 30 bytes of its header.
  constexpr size_t header = 30, longest = 256;
  const std::string_view start = source.text().substr(0, header + longest);
  if (!start.starts_with("PK\3\4") || start.size() < header) return false;
  const size_t length = ByteReader(source, 26).take_number<uint16_t>("a name's length");
  return start.substr(header, length).ends_with(kNpySuffix);
}

torch::Tensor read_npy(const ByteSource& source) {
  ReadBudget budget(source.size());
  return read_array(source, budget);
}

StateDict read_npz(const ByteSource& source) {
  const ZipArchive archive(source);
  ReadBudget budget(source.size());
  StateDict arrays;
  for (const auto& [name, entry] : archive.entries()) {
    if (!name.ends_with(kNpySuffix)) continue;
    arrays[name.substr(0, name.size() - kNpySuffix.size())] = read_array(archive.read(name, budget), budget);
  }
  return arrays;
}

}  // namespace lifted::formats
