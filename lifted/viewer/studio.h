// The networks on show and what they make of requests. All of it runs on the render pool's one thread.
#pragma once

#include <string>
#include <vector>

#include "lifted/formats/image.h"
#include "lifted/formats/mesh.h"
#include "lifted/model/import.h"
#include "lifted/viewer/estimate_cache.h"
#include "lifted/viewer/picture_request.h"

namespace lifted::viewer {

struct ShownNetwork {
  std::string name;
  model::LoadedNetwork network;
};

class Studio {
 public:
  /// Estimates of at most `cache_bytes` are remembered.
  Studio(std::vector<ShownNetwork> networks, int64_t cache_bytes);

  size_t network_count() const { return networks_.size(); }
  /// What a client may know of the networks: index, name, size, whether they are lifted, and their ranges. Thread-safe.
  nlohmann::ordered_json describe_networks() const;

  /// The side of a request's picture in pixels. Thread-safe.
  int64_t picture_size(const PictureRequest& request) const;

  /// These refuse with HttpError 422 where a 2D generator is asked for what only a lifted one has or can change.
  formats::Image picture(const PictureRequest& request);
  /// The view and light that the network predicts for a face, in the units of requests, and the nearest and farthest z
  /// of its surface in metres, as meshes have it: between these, depth is coloured.
  nlohmann::ordered_json describe_face(size_t network, const LatentRequest& latent);
  formats::Mesh mesh(const MeshRequest& request);

  const CacheStatistics& cache() const { return cache_.statistics(); }

 private:
  torch::Tensor styles_of(const model::LoadedNetwork& network, const LatentRequest& latent) const;
  std::shared_ptr<Sample> sample(size_t network, const LatentRequest& latent);
  torch::Tensor teacher(size_t network, const LatentRequest& latent, Sample& sample);

  std::vector<ShownNetwork> networks_;
  EstimateCache cache_;
};

/// Raw view (1×6) and light (1×4) of a request over the network's predictions (1×6, 1×4).
torch::Tensor raw_view(const ViewRequest& request, const torch::Tensor& predicted);
torch::Tensor raw_light(const LightRequest& request, const torch::Tensor& predicted);

}  // namespace lifted::viewer
