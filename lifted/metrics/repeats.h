// Several measurements of the same things, from different seeds, in one.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

namespace lifted::metrics {

/// The 97.5 % quantile of Student's t distribution, to 1e-3 relative. degrees ≥ 1.
double student_t(int degrees);

/// Objects of equal structure, numbers replaced by {"values": […], "mean": …, "ci95": …, "count": …}: ci95 is half the
/// width of the 95 % confidence interval of the mean, mean ± ci95, by Student's t. Needs at least two.
nlohmann::ordered_json summarize(const std::vector<nlohmann::ordered_json>& runs);

}  // namespace lifted::metrics
