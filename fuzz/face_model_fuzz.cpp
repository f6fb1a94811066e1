// Packed face models, and what every use of one begins with.
#include "fuzz/read_or_refuse.h"
#include "lifted/data/heads/packed_face_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto model = lifted::data::heads::load_packed_face_model(lifted::fuzz::source_of(data, size));
    const std::vector<float> shape(model.data().identity.size(), 0.5f);
    auto vertices = model.identity_vertices(shape);
    std::vector<lifted::data::heads::ExpressionWeight> all;
    for (const auto& [name, mode] : model.data().expressions) all.push_back({name, 1});
    model.add_expression(all, vertices);
    model.data().hair_base.positions(vertices);
  } catch (const lifted::Error&) {
  }
  return 0;
}
