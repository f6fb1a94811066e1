#include "lifted/metrics/published_statistics.h"

#include "lifted/base/error.h"
#include "lifted/formats/file_signature.h"
#include "lifted/formats/numpy_pickle.h"
#include "lifted/formats/pickle.h"

namespace lifted::metrics {
namespace {
using formats::Value;
using torch::Tensor;

Tensor array_at(const Value& root, const char* name, const std::string& file) {
  const Value* value = root.find(name);
  require(value && value->is_tensor(), "{}: {}: expected a NumPy array, found {}", file, name,
          value ? value->summary() : "nothing");
  const Tensor& array = value->as_tensor();
  require(array.is_floating_point() && array.isfinite().all().item<bool>(), "{}: {}: expected finite numbers, found {}",
          file, name, value->summary());
  return array.to(torch::kFloat64).contiguous();
}

}  // namespace

PublishedStatistics read_published_statistics(const std::filesystem::path& path) {
  const std::string file = path.string();
  const auto source = formats::ByteSource::map_file(path);
  const std::string other = formats::misplaced_file(source);
  constexpr const char* kExpected = "statistics of images: a pickle of NumPy's mean and cov";
  require(other.empty(), "{}: expected {}, but the file is {}", file, kExpected, other);
  require(formats::looks_like_pickle(source), "{}: expected {}, but the file is no pickle", file, kExpected);
  const Value root = formats::read_pickle(source);
  require(root.is_dict(), "{}: expected {}, found {}", file, kExpected, root.summary());
  PublishedStatistics statistics;
  Tensor& mean = statistics.gaussian.mean;
  Tensor& covariance = statistics.gaussian.covariance;
  mean = array_at(root, "mean", file).squeeze();
  covariance = array_at(root, "cov", file);
  require(mean.dim() == 1 && covariance.dim() == 2 && covariance.size(0) == mean.size(0) &&
              covariance.size(1) == mean.size(0),
          "{}: a mean of {} and a covariance of {} numbers do not belong together", file, fmt::join(mean.sizes(), "×"),
          fmt::join(covariance.sizes(), "×"));
  require(torch::allclose(covariance, covariance.t(), 1e-5, 1e-8), "{}: cov: a covariance is symmetric, this is not",
          file);
  if (const Value* size = root.find("size"); size && !size->is_none()) statistics.size = size->as_int();
  if (const Value* from = root.find("path"); from && from->is_string()) statistics.path = from->as_string();
  if (const Value* features = root.find("features")) statistics.features = features->as_string();
  return statistics;
}

void write_published_statistics(const std::filesystem::path& file, const PublishedStatistics& statistics) {
  std::vector<std::pair<std::string, formats::PickledValue>> entries = {{"mean", statistics.gaussian.mean},
                                                                        {"cov", statistics.gaussian.covariance}};
  if (statistics.size) entries.emplace_back("size", *statistics.size);
  entries.emplace_back("path", statistics.path);
  entries.emplace_back("features", statistics.features);
  formats::write_numpy_pickle(file, entries);
}

}  // namespace lifted::metrics
