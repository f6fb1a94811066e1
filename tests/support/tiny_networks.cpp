#include "tests/support/tiny_networks.h"

namespace lifted::test {

model::LoadedNetwork tiny_generator(uint64_t seed) {
  torch::manual_seed(seed);
  nets::Stylegan2Config config;
  config.size = 16;
  config.z_dim = config.w_dim = 32;
  config.mapping_layers = 2;
  config.channels = {16, 16, 8};
  model::LoadedNetwork network;
  network.generator = nets::Stylegan2Generator(config);
  network.statistics = model::WStatistics::of_codes(network.generator, torch::randn({1000, 32}));
  return network;
}

model::LoadedNetwork tiny_lifted(uint64_t seed) {
  model::LoadedNetwork network = tiny_generator(seed);
  network.lifted =
      std::make_shared<model::LiftedGan>(network.generator, model::LiftingNetworks(nets::LiftingConfig::at(16, 8, 32)),
                                         model::LiftConfig::at(16), network.statistics);
  return network;
}

model::LoadedNetwork small_lifted() {
  nets::Stylegan2Config config;
  config.size = 32;
  config.z_dim = config.w_dim = 32;
  config.mapping_layers = 2;
  config.channels = {32, 32, 32, 16};
  model::LoadedNetwork network;
  network.generator = nets::Stylegan2Generator(config);
  network.statistics.mean = torch::zeros({32});
  network.lifted =
      std::make_shared<model::LiftedGan>(network.generator, model::LiftingNetworks(nets::LiftingConfig::at(32, 16, 32)),
                                         model::LiftConfig::at(32), network.statistics);
  return network;
}

}  // namespace lifted::test
