#include "lifted/metrics/identity.h"

#include "lifted/metrics/samples.h"
#include "lifted/scene/light.h"
#include "lifted/scene/view.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

/// Cosines of embed(render(first)) with embed(render(each)).
template <typename Render>
Tensor similarity(const std::vector<double>& degrees, const Embed& embed, const Tensor& reference,
                  const Render& render) {
  std::vector<Tensor> columns;
  for (const double angle : degrees) columns.push_back((reference * embed(as_stored(render(angle)))).sum(1));
  return torch::stack(columns, 1);
}

}  // namespace

Tensor yaw_similarity(const model::LiftedGan& gan, const model::Estimate& estimate, const Embed& embed,
                      const std::vector<double>& degrees) {
  const torch::NoGradGuard guard;
  const auto at = [&](double angle) {
    model::RenderOptions options;
    options.view = for_every_sample(scene::yaw_view(angle), estimate.view);
    return gan.render(estimate, options).recon_im;
  };
  return similarity(degrees, embed, embed(as_stored(at(0))), at);
}

Tensor light_similarity(const model::LiftedGan& gan, const model::Estimate& estimate, const Embed& embed,
                        const std::vector<double>& degrees) {
  const torch::NoGradGuard guard;
  const auto at = [&](double angle) {
    model::RenderOptions options;
    options.light = for_every_sample(scene::sweep_light(angle), estimate.canon_light);
    return gan.render(estimate, options).recon_im;
  };
  return similarity(degrees, embed, embed(as_stored(at(0))), at);
}

}  // namespace lifted::metrics
