// The OBJ files of a face model. The first byte says how many vertices are expected.
#include "fuzz/read_or_refuse.h"
#include "lifted/data/heads/obj_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    lifted::data::heads::parse_obj_mesh(text, "fuzz input", data[0]);
    lifted::data::heads::parse_obj_positions(text, "fuzz input", data[0]);
  } catch (const lifted::Error&) {
  }
  return 0;
}
