// Bare pickles and legacy torch.save files.
#include "fuzz/read_or_refuse.h"
#include "lifted/formats/pickle.h"
#include "lifted/formats/pytorch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto source = lifted::fuzz::source_of(data, size);
  return lifted::fuzz::read_or_refuse([&] {
    return lifted::formats::is_pytorch_legacy(source) ? lifted::formats::read_pytorch_legacy(source)
                                                      : lifted::formats::read_pickle(source);
  });
}
