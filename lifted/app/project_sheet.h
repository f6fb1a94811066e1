// What targets have come to, and the sheet that shows it.
#pragma once

#include <string>
#include <vector>

#include "lifted/app/project_targets.h"
#include "lifted/model/import.h"

namespace lifted::app {

/// A code, its picture, and the network that makes it.
struct Found {
  model::LoadedNetwork network;
  torch::Tensor code, image;  // 1×…, 3×S×S
  double error = 0;
};

/// A row for each target, the first 64: target, projection and, lifted, the rendering, its depth and the head turned.
formats::Image comparison(const Targets& targets, const std::vector<Found>& found);

/// sheet, unless that is the projection of a target of this name.
std::string comparison_name(const Targets& targets);

}  // namespace lifted::app
