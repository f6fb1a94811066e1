// Style codes: .npy, .npz and every checkpoint format, as `--latents` takes them.
#include "fuzz/read_or_refuse.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/model/codes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lifted::nets::Stylegan2Config generator;
  generator.size = 8;
  generator.z_dim = generator.w_dim = 2;
  generator.mapping_layers = 1;
  generator.channels = {1, 1};
  try {
    const auto checkpoint = lifted::formats::read_checkpoint(lifted::fuzz::source_of(data, size));
    lifted::model::load_codes(checkpoint, "fuzz input", generator);
  } catch (const lifted::Error&) {
  }
  return 0;
}
