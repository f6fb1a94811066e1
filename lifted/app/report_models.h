// The networks that a report is made of.
#pragma once

#include <string>
#include <vector>

#include "lifted/app/manifest.h"
#include "lifted/model/network_file.h"

namespace lifted::app {

struct LoadedModel {
  NamedModel entry;
  model::LoadedNetwork network;  // lifted
  std::string sha256;
};

struct LoadedDomain {
  const DomainEntry* entry = nullptr;
  std::vector<LoadedModel> models, ablations;  // ablations in the order of the published table
};

/// Loads all that a manifest's domain names. Error where a network cannot be read, is not lifted, or makes images of
/// another size, or from other codes, than the first: they share figures. `entry` must outlive the result.
LoadedDomain load_domain(const DomainEntry& entry, torch::Device device);

}  // namespace lifted::app
