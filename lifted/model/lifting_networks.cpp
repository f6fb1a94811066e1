#include "lifted/model/lifting_networks.h"

namespace lifted::model {

LiftingNetworks::LiftingNetworks(const nets::LiftingConfig& sizes)
    : config(sizes), depth(sizes), transform(sizes), decompose(sizes), compose(sizes) {}

std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> LiftingNetworks::published() const {
  return {{"netD", depth.ptr()}, {"netT", transform.ptr()}, {"netSD", decompose.ptr()}, {"netSC", compose.ptr()}};
}

}  // namespace lifted::model
