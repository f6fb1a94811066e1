#include "lifted/train/cosface.h"

namespace lifted::train {

torch::Tensor cosface_loss(const torch::Tensor& embeddings, const torch::Tensor& centers, const torch::Tensor& labels,
                           const CosFaceOptions& options) {
  namespace F = torch::nn::functional;
  const auto directions = F::normalize(centers, F::NormalizeFuncOptions().dim(1));
  const auto margins = torch::zeros({labels.size(0), centers.size(0)}, embeddings.options().requires_grad(false))
                           .scatter_(1, labels.unsqueeze(1), options.margin);
  return torch::nll_loss(torch::log_softmax(options.scale * (embeddings.mm(directions.t()) - margins), 1), labels);
}

}  // namespace lifted::train
