#include "tests/support/pytorch_file.h"

#include <cstring>
#include <string_view>
#include <vector>

#include "lifted/base/file.h"

namespace lifted::test {
namespace {

template <typename T>
std::string little_endian(T number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

std::string text(std::string_view value) {
  return "X" + little_endian(static_cast<uint32_t>(value.size())) + std::string(value);
}

std::string integer(int64_t value) {
  return "\x8a\x08" + little_endian(value);
}

std::string tuple(at::IntArrayRef values) {
  std::string bytes = "(";
  for (const int64_t value : values) bytes += integer(value);
  return bytes + "t";
}

/// torch.save's legacy layout (before PyTorch 1.6): four pickles, the names of the storages, and their contents.
class LegacyWriter {
 public:
  /// A call of torch._utils._rebuild_tensor_v2 on a storage of its own.
  std::string tensor(const torch::Tensor& tensor) {
    const torch::Tensor values = tensor.detach().to(torch::kFloat32).contiguous();
    const std::string name = std::to_string(count_++);
    names_ += text(name);
    contents_ += little_endian(values.numel());
    contents_.append(reinterpret_cast<const char*>(values.data_ptr<float>()), values.nbytes());
    return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text(name) +
           text("cpu") + integer(values.numel()) + "NtQ" + integer(0) + tuple(values.sizes()) +
           tuple(values.strides()) + "\x89" + "ccollections\nOrderedDict\n)RtR";
  }

  std::string entries(const StateDict& state) {
    std::string bytes;
    for (const auto& [key, value] : state) bytes += text(key) + tensor(value);
    return bytes;
  }

  std::string file(const std::string& object) const {
    const std::string start = "\x80\x02";
    const std::string magic = start + std::string("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 13);
    return magic + start + integer(1001) + "." + start + "}" + text("little_endian") + "\x88s." + start + object + "." +
           start + "](" + names_ + "e." + contents_;
  }

 private:
  int64_t count_ = 0;
  std::string names_, contents_;
};

}  // namespace

void PytorchFile::save(const std::filesystem::path& path) const {
  LegacyWriter writer;
  std::string object = "}(" + writer.entries(tensors);
  for (const auto& [key, state] : dicts) object += text(key) + "}(" + writer.entries(state) + "u";
  write_file_atomically(path, writer.file(object + "u"));
}

}  // namespace lifted::test
