// A step's batch in shards: what is drawn, grouped and summed does not depend on which process computes which.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/train/world.h"

namespace lifted::train {

class Shards {
 public:
  /// One shard, one process.
  Shards() : world_(World::alone()) {}
  /// UsageError unless the processes divide `count`.
  Shards(int64_t count, World world);

  int64_t count() const { return count_; }
  const World& world() const { return world_; }
  bool is_whole() const { return count_ == 1; }
  int64_t local_count() const { return count_ / world_.size(); }
  /// The numbers of those this process computes, in the order in which GradientSum wants them.
  std::vector<int64_t> mine() const;
  /// A shard's images of a batch of `batch`. UsageError unless it can be divided evenly.
  int64_t share_of(int64_t batch) const;

 private:
  int64_t count_ = 1;
  World world_;
};

/// Sums parameters' gradients over the shards of a half-step: over this process's, then over processes. Of 2^k shards
/// the sum is a tree, with the same bits whoever computes which; of other numbers it is equal up to rounding. Memory: a
/// copy of the gradients for every doubling of the process's shards. One shard in one process costs nothing.
class GradientSum {
 public:
  /// Of nothing: for a single shard.
  GradientSum() = default;
  GradientSum(std::vector<torch::Tensor> parameters, Shards shards);

  /// Takes the parameters' gradients as those of the next shard, and drops them. `beside`: further values to be summed,
  /// as many of every shard.
  void add_shard(const torch::Tensor& beside = {});
  /// After the last: gives the parameters the sums, and returns that of what came beside. A gradient that no shard has
  /// stays absent.
  torch::Tensor finish(const char* what);
  /// Of one sum over processes.
  int64_t bytes() const;

 private:
  torch::Tensor flattened(const torch::Tensor& beside) const;
  void give_back(const torch::Tensor& sums);

  std::vector<torch::Tensor> parameters_;
  Shards shards_;
  int64_t gradients_ = 0;                               // elements
  std::vector<std::pair<int, torch::Tensor>> partial_;  // how often added to, and the sum
  torch::Tensor beside_;                                // of a single shard
};

/// Named numbers of a half-step on their way through a GradientSum: what each is over all shards.
class ShardNumbers {
 public:
  /// Adds to the number of this name for the shard at hand. Every shard adds to the same names in the same order.
  void add(const std::string& name, const torch::Tensor& value);
  /// Of the shard at hand, for GradientSum::add_shard(), with `more` behind them; begins the next.
  torch::Tensor take(const torch::Tensor& more = {});
  /// Visits (name, value) of the sums that finish() returned; gives back what stands behind them.
  torch::Tensor give(const torch::Tensor& sums,
                     const std::function<void(const std::string&, const torch::Tensor&)>& visit) const;

 private:
  std::vector<std::string> names_;
  std::vector<torch::Tensor> values_;  // float64, one element each
};

/// values of all shards in their order, where each process has those of mine() in their order: N×…, from
/// local_count()×….
torch::Tensor in_shard_order(const torch::Tensor& values, const Shards& shards, const char* what);

}  // namespace lifted::train
