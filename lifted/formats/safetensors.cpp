#include "lifted/formats/safetensors.h"

#include <algorithm>

#include "lifted/base/json.h"
#include "lifted/formats/stored_tensor.h"

namespace lifted::formats {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxHeader = 100'000'000;  // the reference implementation's limit
constexpr uint64_t kAlignment = 64;           // of the first tensor, in files written here
constexpr JsonLimits kHeaderLimits{.depth = 4, .text_bytes = kMaxHeader, .memory_bytes = 128 << 20};

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

json parse_header(const ByteReader& reader, std::string_view text) {
  json header;
  try {
    header = parse_json(text, "the header", kHeaderLimits);
    require(header.is_object(), "the header: is no JSON object");
  } catch (const Error& error) {
    reader.fail_at(8, "{}", error.what());
  }
  return header;
}

torch::ScalarType dtype_of(const json& info) {
  const std::string name = info.at("dtype").get<std::string>();
  for (const Dtype& known : kSafetensorsDtypes) {
    if (known.name == name) return known.type;
  }
  fail("has dtype '{}', which is not supported", name);
}

uint64_t non_negative(const json& number) {
  require(number.is_number_unsigned(), "has {} where a number of at least 0 is expected", shown(number));
  return number.get<uint64_t>();
}

std::vector<int64_t> shape_of(const json& info) {
  std::vector<int64_t> shape;
  for (const json& size : info.at("shape")) {
    const uint64_t value = non_negative(size);
    require(value <= INT64_MAX, "has a size of {}", value);
    shape.push_back(static_cast<int64_t>(value));
  }
  require(info.at("shape").is_array(), "has a shape that is no list");
  return shape;
}

torch::Tensor tensor_of(const json& info, const ByteSource& data, Extent& extent) {
  const auto dtype = dtype_of(info);
  const auto shape = shape_of(info);
  const json& offsets = info.at("data_offsets");
  require(offsets.is_array() && offsets.size() == 2, "has data_offsets {}, expected [begin, end]", shown(offsets));
  extent.begin = non_negative(offsets[0]);
  extent.end = non_negative(offsets[1]);
  require(extent.begin <= extent.end && extent.end <= data.size(),
          "has bytes {} to {}, but the file holds {} bytes of tensors", extent.begin, extent.end, data.size());
  const auto count = static_cast<uint64_t>(element_count(shape));
  const uint64_t item_size = c10::elementSize(dtype), bytes = extent.end - extent.begin;
  require(bytes / item_size == count && bytes % item_size == 0,
          "has {} bytes, but {} of shape [{}] is {} elements of {} bytes", bytes, info.at("dtype").get<std::string>(),
          fmt::join(shape, ", "), count, item_size);
  return flat_tensor(data.slice(extent.begin, bytes), dtype).view(shape);
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
  return ByteReader(source).take_number<uint64_t>("the header's length") <= kMaxHeader;
}

StateDict read_safetensors(const std::filesystem::path& path, json* metadata) {
  return read_safetensors(ByteSource::map_file(path), metadata);
}

StateDict read_safetensors(const ByteSource& source, json* metadata) {
  ByteReader reader(source);
  const auto length = reader.take_number<uint64_t>("the header's length");
  if (length > kMaxHeader) reader.fail_at(0, "a header of {} bytes, expected at most {}", length, kMaxHeader);
  const json header = parse_header(reader, reader.take_text(length, "the header"));
  const ByteSource data = source.slice(reader.position(), reader.remaining());

  StateDict tensors;
  std::vector<Extent> extents;
  json strings = json::object();
  for (const auto& [name, info] : header.items()) {
    try {
      if (name == "__metadata__") {
        require(info.is_object(), "is no JSON object");
        for (const auto& [key, value] : info.items())
          require(value.is_string(), "has a value for '{}' that is no string", key);
        strings = info;
        continue;
      }
      Extent extent{.begin = 0, .end = 0, .name = name};
      tensors[name] = tensor_of(info, data, extent);
      extents.push_back(std::move(extent));
    } catch (const json::exception& error) {
      reader.fail_at(8, "tensor '{}' is not described as {{dtype, shape, data_offsets}}: {}", name, error.what());
    } catch (const Error& error) {
      reader.fail_at(8, "tensor '{}' {}", name, error.what());
    }
  }
  check_tiling(reader, std::move(extents), data.size());
  if (metadata) *metadata = std::move(strings);
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
