#include "lifted/formats/safetensors.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/base/printable.h"
#include "lifted/formats/stored_tensor.h"

namespace lifted::formats {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxHeader = 32 << 20;        // of a file that is read: room for far more tensors than any has here
constexpr uint64_t kMostInFormat = 100'000'000;  // the reference implementation's limit
constexpr uint64_t kAlignment = 64;              // of the first tensor, in files written here

struct Dtype {
  std::string_view name;
  torch::ScalarType type;
};

constexpr auto kSafetensorsDtypes = std::to_array<Dtype>({
    {"F64", torch::kFloat64},
    {"F32", torch::kFloat32},
    {"F16", torch::kFloat16},
    {"BF16", torch::kBFloat16},
    {"I64", torch::kInt64},
    {"I32", torch::kInt32},
    {"I16", torch::kInt16},
    {"I8", torch::kInt8},
    {"U8", torch::kUInt8},
    {"BOOL", torch::kBool},
});

/// Where one tensor lies, relative to the end of the header.
struct Extent {
  uint64_t begin, end;
  std::string name;
};

/// What the header says about one tensor.
struct TensorInfo {
  std::string name;
  std::string dtype = {};
  std::vector<int64_t> shape = {};
  std::vector<uint64_t> offsets = {};
  std::set<std::string> fields = {};  // that were given
};

/// Takes the header apart as it is parsed, strictly and without building a tree: its limits hold before anything grows.
class HeaderReader : public nlohmann::json_sax<json> {
 public:
  std::vector<TensorInfo> tensors;
  json metadata = json::object();

  bool key(string_t& name) override {
    if (depth_ == 1) {
      require(names_.insert(name).second, "has '{}' twice", shortened(name));
      if (name == kMetadata) return in_metadata_ = true;
      require(tensors.size() < kMaxTensors, "has more than {} tensors", kMaxTensors);
      in_metadata_ = false;
      tensors.push_back({.name = std::move(name)});
      return true;
    }
    field_ = std::move(name);
    if (in_metadata_) {
      require(!metadata.contains(field_), "has '{}' twice", shortened(field_));
      require(metadata.size() < kMaxEntries, "has more than {} metadata entries", kMaxEntries);
      return true;
    }
    if (field_ != "dtype" && field_ != "shape" && field_ != "data_offsets")
      fail_tensor("has the unknown field '{}'", shortened(field_));
    if (!tensors.back().fields.insert(field_).second) fail_tensor("has '{}' twice", field_);
    return true;
  }
  bool start_object(size_t) override {
    require(!in_list_ && depth_ < kMaxDepth, "nests too deep");
    ++depth_;
    return true;
  }
  bool end_object() override {
    if (--depth_ == 1 && !in_metadata_) require_all_fields();
    return true;
  }
  bool start_array(size_t) override {
    require(depth_ > 0, "is no JSON object");
    require(!in_list_ && depth_ == kMaxDepth, "nests too deep or has a list where none belongs");
    if (in_metadata_ || field_ == "dtype") unexpected("a list");
    return in_list_ = true;
  }
  bool end_array() override {
    in_list_ = false;
    return true;
  }
  bool string(string_t& text) override {
    if (depth_ == kMaxDepth && in_metadata_) {
      metadata[field_] = std::move(text);
    } else if (depth_ == kMaxDepth && field_ == "dtype") {
      tensors.back().dtype = std::move(text);
    } else {
      unexpected(fmt::format("the text '{}'", shortened(text)));
    }
    return true;
  }
  bool number_unsigned(number_unsigned_t number) override {
    if (!in_list_) unexpected(std::to_string(number));
    TensorInfo& info = tensors.back();
    if (field_ == "shape") {
      if (info.shape.size() == kMaxDimensions) fail_tensor("has a shape of more than {} sizes", kMaxDimensions);
      if (number > INT64_MAX) fail_tensor("has a size of {}", number);
      info.shape.push_back(static_cast<int64_t>(number));
    } else {
      if (info.offsets.size() == 2) fail_tensor("has data_offsets of more than two numbers, expected [begin, end]");
      info.offsets.push_back(number);
    }
    return true;
  }
  bool number_integer(number_integer_t number) override { unexpected(std::to_string(number)); }
  bool number_float(number_float_t, const string_t& text) override { unexpected(shortened(text)); }
  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool binary(binary_t&) override { unexpected("binary data"); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    const std::string_view reason = error.what();  // "[json.exception.parse_error.101] parse error at line 1, …"
    fail("is no valid JSON: {}", reason.substr(std::min(reason.size(), reason.find("] ") + 2)).substr(0, 200));
  }

 private:
  static constexpr const char* kMetadata = "__metadata__";
  static constexpr size_t kMaxTensors = 50'000, kMaxEntries = 10'000, kMaxDimensions = 64;
  static constexpr int kMaxDepth = 2;

  static std::string shortened(const std::string& text) { return printable(text, 80); }

  template <typename... Args>
  [[noreturn]] void fail_tensor(fmt::format_string<Args...> format, Args&&... args) const {
    fail("tensor '{}' {}", shortened(tensors.back().name), fmt::format(format, std::forward<Args>(args)...));
  }

  [[noreturn]] void unexpected(const std::string& value) const {
    require(depth_ > 0, "is no JSON object");
    if (in_metadata_ && depth_ < kMaxDepth) fail("has metadata that is no JSON object");
    if (in_metadata_) fail("has metadata with a value for '{}' that is no string", shortened(field_));
    if (depth_ < kMaxDepth) fail_tensor("is {}, expected {{dtype, shape, data_offsets}}", value);
    fail_tensor("has {} as its {}, expected {}", value, field_,
                field_ == "dtype" ? "a name such as F32" : "a list of numbers of at least 0");
  }

  void require_all_fields() const {
    for (const char* field : {"dtype", "shape", "data_offsets"}) {
      if (!tensors.back().fields.contains(field)) fail_tensor("lacks its {}", field);
    }
    if (tensors.back().offsets.size() != 2) fail_tensor("lacks an offset, expected data_offsets [begin, end]");
  }

  std::set<std::string> names_;
  std::string field_;
  int depth_ = 0;
  bool in_metadata_ = false, in_list_ = false;
};

HeaderReader parse_header(const ByteReader& reader, std::string_view text) {
  HeaderReader header;
  try {
    json::sax_parse(text, &header);
  } catch (const Error& error) {
    reader.fail_at(8, "the header {}", error.what());
  }
  return header;
}

torch::ScalarType dtype_of(const TensorInfo& info) {
  for (const Dtype& known : kSafetensorsDtypes) {
    if (known.name == info.dtype) return known.type;
  }
  fail("has dtype '{}', which is not supported", printable(info.dtype, 80));
}

torch::Tensor tensor_of(const TensorInfo& info, const ByteSource& data) {
  const auto dtype = dtype_of(info);
  const uint64_t begin = info.offsets[0], end = info.offsets[1];
  require(begin <= end && end <= data.size(), "has bytes {} to {}, but the file holds {} bytes of tensors", begin, end,
          data.size());
  const auto count = static_cast<uint64_t>(element_count(info.shape));
  const uint64_t item_size = c10::elementSize(dtype), bytes = end - begin;
  require(bytes / item_size == count && bytes % item_size == 0,
          "has {} bytes, but {} of shape [{}] is {} elements of {} bytes", bytes, info.dtype,
          fmt::join(info.shape, ", "), count, item_size);
  return flat_tensor(data.slice(begin, bytes), dtype).view(info.shape);
}

void check_tiling(const ByteReader& reader, std::vector<Extent> extents, uint64_t data_size) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  uint64_t end = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != end) {
      reader.fail_at(8, "tensor '{}' begins at {}, expected {} ({})", extent.name, extent.begin, end,
                     extent.begin < end ? "two tensors overlap" : "unused bytes lie between two tensors");
    }
    end = extent.end;
  }
  if (end != data_size) reader.fail_at(8, "the tensors need {} bytes, but {} follow the header", end, data_size);
}

std::string_view dtype_code(const std::string& name, torch::ScalarType dtype) {
  for (const Dtype& known : kSafetensorsDtypes) {
    if (known.type == dtype) return known.name;
  }
  fail("tensor '{}' has dtype {}, which safetensors cannot hold", name, dtype_name(dtype));
}

json metadata_as_strings(const json& metadata) {
  require(metadata.is_null() || metadata.is_object(), "safetensors metadata must be a JSON object, found {}",
          metadata.type_name());
  json strings = json::object();
  for (const auto& [key, value] : metadata.items()) strings[key] = value.is_string() ? value : json(value.dump());
  return strings;
}

/// Wide elements first, so that each tensor is aligned to its element; then by name.
std::vector<std::string> writing_order(const StateDict& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    require(tensor.defined(), "tensor '{}' is undefined and cannot be written", name);
    require(name != "__metadata__", "a tensor cannot be named __metadata__");
    names.push_back(name);
  }
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return tensors.at(a).element_size() > tensors.at(b).element_size();
  });
  return names;
}

std::string header_text(const StateDict& tensors, const std::vector<std::string>& order, const json& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const std::string& name : order) {
    const torch::Tensor& tensor = tensors.at(name);
    const uint64_t end = offset + tensor.nbytes();
    header[name] = {{"dtype", dtype_code(name, tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((kAlignment - (sizeof(uint64_t) + text.size()) % kAlignment) % kAlignment, ' ');
  return text;
}

}  // namespace

bool is_safetensors(const ByteSource& source) {
  if (source.size() < 9 || source.text()[8] != '{') return false;
  return ByteReader(source).take_number<uint64_t>("the header's length") <= kMostInFormat;
}

StateDict read_safetensors(const std::filesystem::path& path, json* metadata) {
  return read_safetensors(ByteSource::map_file(path), metadata);
}

StateDict read_safetensors(const ByteSource& source, json* metadata) {
  ByteReader reader(source);
  const auto length = reader.take_number<uint64_t>("the header's length");
  if (length > kMaxHeader) reader.fail_at(0, "a header of {} bytes, expected at most {}", length, kMaxHeader);
  HeaderReader header = parse_header(reader, reader.take_text(length, "the header"));
  const ByteSource data = source.slice(reader.position(), reader.remaining());

  StateDict tensors;
  std::vector<Extent> extents;
  for (TensorInfo& info : header.tensors) {
    try {
      tensors[info.name] = tensor_of(info, data);
    } catch (const Error& error) {
      reader.fail_at(8, "tensor '{}' {}", info.name.substr(0, 80), error.what());
    }
    extents.push_back({.begin = info.offsets[0], .end = info.offsets[1], .name = std::move(info.name)});
  }
  check_tiling(reader, std::move(extents), data.size());
  if (metadata) *metadata = std::move(header.metadata);
  return tensors;
}

void write_safetensors(const std::filesystem::path& path, const StateDict& tensors, const json& metadata) {
  const auto order = writing_order(tensors);
  const std::string header = header_text(tensors, order, metadata_as_strings(metadata));
  AtomicFile file(path);
  const uint64_t length = header.size();
  file.write(&length, sizeof length);
  file.write(header);
  for (const std::string& name : order) {
    const torch::Tensor tensor = tensors.at(name).detach().cpu().contiguous();
    file.write(tensor.data_ptr(), tensor.nbytes());
  }
  file.commit();
}

}  // namespace lifted::formats
