#include "lifted/train/verification.h"

#include <algorithm>
#include <map>
#include <random>

#include "lifted/base/error.h"

namespace lifted::train {
namespace {

using torch::Tensor;
using Scores = std::vector<double>;

Scores sorted(const Tensor& scores, int64_t first, int64_t step) {
  const Tensor part = scores.slice(0, first, {}, step).to(torch::kCPU, torch::kFloat64).contiguous();
  Scores values(part.data_ptr<double>(), part.data_ptr<double>() + part.numel());
  std::ranges::sort(values);
  return values;
}

/// The share of sorted scores at or above a threshold.
double share_above(const Scores& scores, double threshold) {
  const auto below = std::ranges::lower_bound(scores, threshold) - scores.begin();
  return 1 - static_cast<double>(below) / static_cast<double>(scores.size());
}

double accuracy(const Scores& same, const Scores& different, double threshold) {
  return (share_above(same, threshold) + 1 - share_above(different, threshold)) / 2;
}

/// Of the middles between neighbouring scores, and beyond the last.
double best_threshold(const Scores& same, const Scores& different) {
  Scores all;
  std::ranges::merge(same, different, std::back_inserter(all));
  double best = all.front() - 1, best_accuracy = accuracy(same, different, best);
  for (size_t i = 0; i < all.size(); ++i) {
    const double threshold = i + 1 < all.size() ? (all[i] + all[i + 1]) / 2 : all[i] + 1;
    const double reached = accuracy(same, different, threshold);
    if (reached > best_accuracy) best = threshold, best_accuracy = reached;
  }
  return best;
}

double area_under_curve(const Scores& same, const Scores& different) {
  double wins = 0;
  for (const double score : same) {
    const auto [low, high] = std::equal_range(different.begin(), different.end(), score);
    wins += static_cast<double>(low - different.begin()) + 0.5 * static_cast<double>(high - low);
  }
  return wins / static_cast<double>(same.size()) / static_cast<double>(different.size());
}

int64_t below(std::mt19937_64& random, int64_t bound) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
}

}  // namespace

VerificationPairs verification_pairs(const std::vector<int64_t>& identity, int64_t count, uint64_t seed) {
  std::map<int64_t, std::vector<int64_t>> images;
  for (size_t i = 0; i < identity.size(); ++i) images[identity[i]].push_back(static_cast<int64_t>(i));
  std::vector<const std::vector<int64_t>*> several;
  for (const auto& [person, theirs] : images)
    if (theirs.size() >= 2) several.push_back(&theirs);
  require(images.size() >= 2, "verification needs two identities, got {}", images.size());
  require(!several.empty(), "verification needs an identity with two images, each of the {} has one", images.size());

  std::mt19937_64 random(seed);
  VerificationPairs pairs;
  const auto total = static_cast<int64_t>(identity.size());
  while (static_cast<int64_t>(pairs.same.size()) < count) {
    const auto& theirs = *several[static_cast<size_t>(below(random, static_cast<int64_t>(several.size())))];
    const auto number = static_cast<int64_t>(theirs.size());
    const int64_t first = below(random, number), second = (first + 1 + below(random, number - 1)) % number;
    pairs.same.emplace_back(theirs[static_cast<size_t>(first)], theirs[static_cast<size_t>(second)]);
  }
  while (static_cast<int64_t>(pairs.different.size()) < count) {
    const int64_t first = below(random, total), second = below(random, total);
    if (identity[static_cast<size_t>(first)] != identity[static_cast<size_t>(second)])
      pairs.different.emplace_back(first, second);
  }
  return pairs;
}

Verification verify(const Tensor& same, const Tensor& different) {
  require(same.dim() == 1 && different.dim() == 1 && same.numel() >= 2 && different.numel() >= 2,
          "verification needs two pairs of each kind, got {} and {}", same.numel(), different.numel());
  require(same.isfinite().all().item<bool>() && different.isfinite().all().item<bool>(),
          "verification: a score is NaN or infinite");
  Verification result;
  for (int64_t half = 0; half < 2; ++half) {
    const double threshold = best_threshold(sorted(same, half, 2), sorted(different, half, 2));
    result.threshold += threshold / 2;
    result.accuracy += accuracy(sorted(same, 1 - half, 2), sorted(different, 1 - half, 2), threshold) / 2;
  }
  const Scores all_same = sorted(same, 0, 1), all_different = sorted(different, 0, 1);
  result.auc = area_under_curve(all_same, all_different);
  // The score that 1 % of the different pairs exceed.
  const double limit = all_different[all_different.size() - 1 - all_different.size() / 100];
  const auto accepted = all_same.end() - std::ranges::upper_bound(all_same, limit);
  result.tar = static_cast<double>(accepted) / static_cast<double>(all_same.size());
  return result;
}

Verification verify(const Tensor& embeddings, const VerificationPairs& pairs) {
  const auto cosines = [&](const std::vector<std::pair<int64_t, int64_t>>& list) {
    std::vector<int64_t> first, second;
    for (const auto& [a, b] : list) first.push_back(a), second.push_back(b);
    const auto rows = [&](const std::vector<int64_t>& index) {
      return embeddings.index_select(0, torch::tensor(index, torch::kInt64).to(embeddings.device()));
    };
    return (rows(first) * rows(second)).sum(1);
  };
  return verify(cosines(pairs.same), cosines(pairs.different));
}

}  // namespace lifted::train
