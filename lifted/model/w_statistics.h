// Where the w codes of a generator lie: what truncation pulls towards and the latent regularization measures against.
#pragma once

#include <optional>
#include <string>

#include "lifted/base/tensor.h"
#include "lifted/nets/stylegan2.h"

namespace lifted::model {

struct WStatistics {
  torch::Tensor mean;  // w_dim
  std::optional<double>
      sigma_inv;       // 0.5 / (mean over dimensions of the standard deviation of w)², of the paper's L_reg
  std::string source;  // where they come from, for people

  /// Mapping of 50,000 codes z = numpy RandomState(0).randn(50000, z_dim): fixed, so that a model means the same thing
  /// every day.
  static WStatistics measure(const nets::Stylegan2Generator& generator);
  /// From given codes z (N×z_dim). Published: LiftedGAN.get_statistics.
  static WStatistics of_codes(const nets::Stylegan2Generator& generator, const torch::Tensor& z);

  /// sigma_inv, measured now if it is not known (a checkpoint's latent_avg comes without it).
  double ensure_sigma_inv(const nets::Stylegan2Generator& generator);
};

/// mean + psi·(w − mean), w: B×w_dim or B×layers×w_dim. With a cutoff only the first `cutoff` of `layers` codes are
/// truncated: B×layers×w_dim.
struct Truncation {
  double psi = 0.7;
  std::optional<int> cutoff;
};
torch::Tensor truncate(const torch::Tensor& w, const WStatistics& statistics, const Truncation& truncation, int layers);

}  // namespace lifted::model
