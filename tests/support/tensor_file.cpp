#include "tests/support/tensor_file.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "lifted/base/file.h"

namespace lifted::test {

StateDict read_tensor_file(const std::filesystem::path& path) {
  const Bytes bytes = read_file(path);
  uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + 8;
  const auto header = nlohmann::json::parse(text, text + header_size);
  const std::map<std::string, torch::ScalarType> types = {{"F32", torch::kFloat},
                                                          {"F16", torch::kHalf},
                                                          {"F64", torch::kDouble},
                                                          {"U8", torch::kByte},
                                                          {"I64", torch::kLong}};
  StateDict result;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    auto tensor = torch::empty(entry.at("shape").get<std::vector<int64_t>>(), types.at(entry.at("dtype")));
    std::memcpy(tensor.data_ptr(), text + header_size + entry.at("data_offsets")[0].get<uint64_t>(), tensor.nbytes());
    result[name] = tensor.scalar_type() == torch::kHalf ? tensor.to(torch::kFloat) : tensor;
  }
  return result;
}

}  // namespace lifted::test
