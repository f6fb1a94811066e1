// make_tiny_networks FOLDER: tiny-1.safetensors and tiny-2.safetensors, made-up lifted networks for trying programs on,
// and tiny-2d.safetensors, a generator alone.
#include <fmt/format.h>

#include "lifted/model/network_file.h"
#include "tests/support/tiny_networks.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (const uint64_t seed : {1, 2}) {
    lifted::model::LoadedNetwork network = lifted::test::tiny_lifted(seed);
    lifted::model::save_network(fmt::format("{}/tiny-{}.safetensors", argv[1], seed), network);
  }
  lifted::model::LoadedNetwork flat = lifted::test::tiny_generator(1);
  lifted::model::save_network(fmt::format("{}/tiny-2d.safetensors", argv[1]), flat);
  return 0;
}
