// The networks on show and what they make of requests. All of it runs on the render pool's one thread.
#pragma once

#include <string>
#include <vector>

#include "lifted/formats/image.h"
#include "lifted/formats/mesh.h"
#include "lifted/model/import.h"
#include "lifted/photo/image_encoder.h"
#include "lifted/viewer/estimate_cache.h"
#include "lifted/viewer/photos.h"
#include "lifted/viewer/picture_request.h"

namespace lifted::viewer {

struct ShownNetwork {
  std::string name;
  model::LoadedNetwork network;
  photo::ImageEncoder encoder = photo::ImageEncoder(nullptr);  ///< reads its codes; null: they are searched for
  photo::Crop crop = photo::Crop::ffhq;                        ///< how its data set showed faces
};

class Studio {
 public:
  /// Estimates of at most `cache_bytes` are remembered. `finder` finds the faces in photographs; null: people do.
  Studio(std::vector<ShownNetwork> networks, int64_t cache_bytes,
         std::shared_ptr<const photo::FaceFinder> finder = nullptr);

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

  /// Remembers a photograph: its name, size, and the face in it ("face": null and "why" where none was found).
  nlohmann::ordered_json add_photo(Photos::Photo photo);
  /// The code of the face that is there: by the network's encoder, or else the mean code, to be refined. "code", and by
  /// network "error".
  nlohmann::ordered_json fit_photo(const FitRequest& request);
  /// Searches on from a code. The same, of a new code.
  nlohmann::ordered_json refine_photo(const RefineRequest& request);
  /// One network's part of a code: 1×w_dim.
  torch::Tensor code_of(const std::string& code, size_t network) const;

  const CacheStatistics& cache() const { return cache_.statistics(); }

 private:
  torch::Tensor styles_of(size_t network, const LatentRequest& latent) const;
  torch::Tensor first_styles(size_t network, const LatentRequest& latent) const;
  std::shared_ptr<Sample> sample(size_t network, const LatentRequest& latent);
  torch::Tensor teacher(size_t network, const LatentRequest& latent, Sample& sample);

  std::vector<ShownNetwork> networks_;
  EstimateCache cache_;
  std::shared_ptr<const photo::FaceFinder> finder_;
  Photos photos_;
};

/// Raw view (1×6) and light (1×4) of a request over the network's predictions (1×6, 1×4).
torch::Tensor raw_view(const ViewRequest& request, const torch::Tensor& predicted);
torch::Tensor raw_light(const LightRequest& request, const torch::Tensor& predicted);

}  // namespace lifted::viewer
