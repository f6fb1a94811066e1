#include <cmath>

#include "lifted/ops/backends.h"

namespace lifted::ops {

void reference::adam_update(const AdamEntry& entry, const AdamUpdateOptions& options, const Tensor& proceed) {
  const auto renew = [&](const Tensor& kept, const Tensor& fresh) {
    kept.copy_(proceed.defined() ? at::where(proceed, fresh, kept) : fresh);
  };
  auto g = entry.gradient.defined() ? entry.gradient : at::zeros_like(entry.parameter);
  if (options.weight_decay != 0) g = g + options.weight_decay * entry.parameter;
  if (entry.mean.defined()) renew(entry.mean, entry.mean.mul(options.beta1).add_(g, 1 - options.beta1));
  renew(entry.square, entry.square.mul(options.beta2).addcmul_(g, g, 1 - options.beta2));
  const auto denominator = (entry.square.sqrt() / entry.square_root_correction).add_(options.epsilon);
  renew(entry.parameter, entry.parameter.addcdiv(entry.mean.defined() ? entry.mean : g, denominator, -entry.step_size));
}

}  // namespace lifted::ops
