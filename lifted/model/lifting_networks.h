// The lifting networks together.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lifted/nets/compose.h"
#include "lifted/nets/decompose.h"
#include "lifted/nets/depth_net.h"
#include "lifted/nets/lifting_config.h"
#include "lifted/nets/transform_map.h"

namespace lifted::model {

struct LiftingNetworks {
  explicit LiftingNetworks(const nets::LiftingConfig& config);

  nets::LiftingConfig config;
  nets::DepthNet depth;          // D_S
  nets::TransformMap transform;  // D_T
  nets::Decompose decompose;     // D_L and D_V
  nets::Compose compose;         // M

  /// The networks under their published names, in the order of the published optimizer's parameters: netD, netT, netSD,
  /// netSC.
  std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> published() const;
};

/// Networks for images twice as large and other feature maps: every level keeps its size and weights, one more of the
/// last level's width follows that only enlarges (bilinearly, but for its norms), and what reads the feature map is
/// new, drawn from `random`. For a generator that was itself grown from that of `smaller`.
LiftingNetworks grown(const LiftingNetworks& smaller, int feature_channels, const at::Generator& random);

}  // namespace lifted::model
