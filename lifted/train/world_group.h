// Several processes over c10d's Gloo: who is there, sums between pairs, and who is to blame when one is lost. Included
// by world*.cpp alone: c10d's headers are large.
#pragma once

#include "lifted/train/world.h"
#include "lifted_features.h"

#ifdef LIFTED_HAS_C10D

#include <chrono>
#include <functional>
#include <optional>

#include "lifted/base/torch_distributed.h"

namespace lifted::train {

/// The list on which processes find one another and leave their last words. What cannot be had in time is nothing: a
/// list on another machine may be out of reach.
class WorldList {
 public:
  using Seconds = std::chrono::duration<double>;

  explicit WorldList(const WorldPlace& place);
  const c10::intrusive_ptr<c10d::Store>& store() const { return store_; }

  void set(const std::string& key, const std::string& value, Seconds limit);
  std::optional<std::string> find(const std::string& key, Seconds limit);
  /// What stands under the key afterwards: `value` if nothing did.
  std::optional<std::string> set_first(const std::string& key, const std::string& value, Seconds limit);
  /// How many have called it.
  std::optional<int64_t> count(const std::string& key, Seconds limit, int64_t more);
  /// From now on a list that once gave no answer in time is not asked again: each time would take as long.
  void expect_answers() { is_patient_ = false; }
  /// Whether the last call had no answer in time.
  bool is_silent() const { return is_silent_; }

 private:
  template <typename Answer>
  std::optional<Answer> in_time(Seconds limit, std::function<std::optional<Answer>()> ask);

  bool is_patient_ = true, is_silent_ = false;
  c10::intrusive_ptr<c10d::Store> store_;
};

class World::Group {
 public:
  explicit Group(const WorldPlace& place);
  ~Group();

  void sum(torch::Tensor values, const char* what);
  std::string tell(const std::string& sentence);
  Traffic traffic() const { return traffic_; }

 private:
  void meet();
  void connect();
  void sum_on_cpu(torch::Tensor values, const char* what);
  void sum_by_doubling(torch::Tensor values, int ranks, const char* what);
  void sum_by_halving(torch::Tensor values, int ranks, const char* what);
  void send(int to, torch::Tensor values, const char* what);
  void receive(int from, torch::Tensor values, const char* what);
  /// Both at once: a pair swaps.
  void exchange(int partner, torch::Tensor out, torch::Tensor in, const char* what);
  template <typename Transfer>
  void transfer(int partner, const char* what, const Transfer& run);
  [[noreturn]] void lose(int partner, const char* what, const std::string& how);
  std::optional<std::string> verdict(int partner, const char* what, const std::string& how);
  void leave();
  std::string name_of(int rank) const;

  WorldPlace place_;
  WorldList list_;
  c10::intrusive_ptr<DistributedBackend> gloo_;
  std::vector<std::string> names_;  // host and process of each
  std::string told_;
  Traffic traffic_;
};

}  // namespace lifted::train

#endif
