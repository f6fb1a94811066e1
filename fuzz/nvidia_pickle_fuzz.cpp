// NVIDIA network pickles: persistent objects, embedded torch.save files, and the state dicts and arguments of every
// network found.
#include "fuzz/read_or_refuse.h"
#include "lifted/formats/nvidia_pickle.h"
#include "lifted/formats/pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto source = lifted::fuzz::source_of(data, size);
  return lifted::fuzz::read_or_refuse([&] {
    const auto root = lifted::formats::read_pickle(source);
    for (const auto& [name, network] : root.as_dict().items()) {
      if (!lifted::formats::is_module(network)) continue;
      lifted::formats::module_state_dict(network);
      lifted::formats::module_arguments(network);
    }
    return root;
  });
}
