#include "lifted/nets/view_light_probe.h"

#include "lifted/base/error.h"
#include "lifted/nets/load.h"

namespace lifted::nets {
using torch::Tensor;

ViewLightProbeImpl::ViewLightProbeImpl(FaceEmbeddingConfig trunk) {
  constexpr int64_t axes = kViewLightAxes.size();
  head_ = register_module("head", torch::nn::Linear(trunk.dimensions, axes));
  trunk_ = register_module("trunk", FaceEmbedding(std::move(trunk)));
  mean_ = register_buffer("mean", torch::zeros({axes}));
  deviation_ = register_buffer("deviation", torch::ones({axes}));
}

Tensor ViewLightProbeImpl::standardized(const Tensor& image) {
  return head_->forward(torch::relu(trunk_->features(image)));
}

Tensor ViewLightProbeImpl::forward(const Tensor& image) {
  return standardized(image) * deviation_ + mean_;
}

void ViewLightProbeImpl::set_scale(const Tensor& mean, const Tensor& deviation) {
  const torch::NoGradGuard guard;
  mean_.copy_(mean);
  deviation_.copy_(deviation.clamp_min(1e-6));
}

ViewLightProbe load_view_light_probe(const StateDict& state, std::string_view what) {
  StateDict trunk;
  for (const auto& [key, tensor] : state)
    if (key.rfind("trunk.", 0) == 0) trunk[key.substr(6)] = tensor;
  require(!trunk.empty(), "{}: is no view and light probe: it has no trunk", what);
  ViewLightProbe network(infer_face_embedding_config(trunk, what));
  load_strict(*network, state, what);
  for (auto& parameter : network->parameters()) parameter.set_requires_grad(false);
  network->eval();
  return network;
}

}  // namespace lifted::nets
