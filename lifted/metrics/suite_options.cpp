#include "lifted/metrics/suite_options.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "lifted/base/error.h"

namespace lifted::metrics {
namespace {
using Kind = MetricName::Kind;

struct Form {
  std::string_view head, tail;
  Kind kind;
  Space space;
};

/// Names that fix a number of thousands of samples, between head and tail.
constexpr Form kCounted[] = {
    {"fid", "k_full", Kind::frechet, Space::inception},
    {"fd_embed", "k_full", Kind::frechet, Space::embed},
    {"fd_random", "k_full", Kind::frechet, Space::random},
    {"kid", "k_full", Kind::kernel, Space::inception},
    {"kd_embed", "k_full", Kind::kernel, Space::embed},
    {"kd_random", "k_full", Kind::kernel, Space::random},
    {"pr", "k3_full", Kind::precision_recall, Space::vgg},
    {"pr_inception", "k3_full", Kind::precision_recall, Space::inception},
    {"pr_embed", "k3_full", Kind::precision_recall, Space::embed},
    {"pr_random", "k3_full", Kind::precision_recall, Space::random},
};
constexpr Form kPlain[] = {
    {"ppl_w", "", Kind::path_length, Space::vgg},         {"ppl_vgg_w", "", Kind::path_length, Space::vgg_maps},
    {"ppl_embed_w", "", Kind::path_length, Space::embed}, {"identity", "", Kind::identity, Space::none},
    {"retrieval", "", Kind::retrieval, Space::none},      {"view_light", "", Kind::view_light, Space::none},
    {"agreement", "", Kind::agreement, Space::none},      {"shape", "", Kind::shape, Space::none},
};

/// The N of "fidNk_full", or nothing.
std::optional<int64_t> samples_of(const std::string& text, const Form& form) {
  if (!text.starts_with(form.head) || !text.ends_with(form.tail) || text.size() <= form.head.size() + form.tail.size())
    return {};
  const std::string digits = text.substr(form.head.size(), text.size() - form.head.size() - form.tail.size());
  if (digits.size() > 4 || digits.find_first_not_of("0123456789") != std::string::npos || std::stoi(digits) == 0)
    return {};
  return std::stoll(digits) * 1000;
}

MetricName parse(const std::string& text) {
  for (const Form& form : kPlain)
    if (text == form.head) return {form.kind, 0, text, form.space};
  for (const Form& form : kCounted)
    if (const auto samples = samples_of(text, form)) return {form.kind, *samples, text, form.space};
  std::string known;
  for (const Form& form : kCounted) known += fmt::format("{}N{}, ", form.head, form.tail);
  for (const Form& form : kPlain) known += fmt::format("{}{}", form.head, &form == std::end(kPlain) - 1 ? "" : ", ");
  usage_error("--metrics {}: expected, with N thousand samples (fid50k_full), one of {}", text, known);
}

}  // namespace

std::vector<MetricName> parse_metrics(const std::string& list) {
  std::vector<MetricName> metrics;
  std::istringstream parts(list);
  for (std::string part; std::getline(parts, part, ',');) {
    metrics.push_back(parse(part));
    for (size_t i = 0; i + 1 < metrics.size(); ++i)
      if (metrics[i].text == part) usage_error("--metrics {}: {} is named twice", list, part);
  }
  if (metrics.empty()) usage_error("--metrics: expected names of metrics");
  return metrics;
}

bool is_about_images(const MetricName& metric) {
  return metric.compares_images() || metric.kind == Kind::path_length;
}

bool looks_at_data(const std::vector<MetricName>& metrics) {
  return std::ranges::any_of(metrics, [](const auto& metric) { return metric.kind == Kind::retrieval; });
}

bool needs_data(const std::vector<MetricName>& metrics) {
  return std::ranges::any_of(metrics, &MetricName::compares_images);
}

}  // namespace lifted::metrics
