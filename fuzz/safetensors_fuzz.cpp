// safetensors files.
#include "fuzz/read_or_refuse.h"
#include "lifted/formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto source = lifted::fuzz::source_of(data, size);
  return lifted::fuzz::read_or_refuse([&] {
    lifted::formats::Dict tensors;
    for (const auto& [name, tensor] : lifted::formats::read_safetensors(source)) {
      tensors.set(lifted::formats::Value::of(std::string(name)), lifted::formats::Value::of(torch::Tensor(tensor)));
    }
    return lifted::formats::Value::of(std::move(tensors));
  });
}
