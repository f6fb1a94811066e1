#include "lifted/train/world.h"

#include <fmt/ranges.h>

#include <bit>

#include "lifted/base/file.h"
#include "lifted/train/world_group.h"

namespace lifted::train {
using torch::Tensor;

#ifndef LIFTED_HAS_C10D
// What this build cannot be: a group of several.
class World::Group {
 public:
  explicit Group(const WorldPlace&) { fail("{}", unsupported()); }
  void sum(Tensor, const char*) {}
  std::string tell(const std::string& sentence) { return sentence; }
  Traffic traffic() const { return {}; }
};
#endif

const char* World::unsupported() {
  return "this build of liftedgan runs in one process only (LIFTED_DISTRIBUTED=OFF)";
}

bool World::is_supported() {
#ifdef LIFTED_HAS_C10D
  return true;
#else
  return false;
#endif
}

World World::join(const WorldPlace& place) {
  World world;
  if (place.size == 1) return world;
  world.place_ = place;
  world.group_ = std::make_shared<Group>(place);
  return world;
}

void World::sum(Tensor values, const char* what) const {
  if (group_) group_->sum(std::move(values), what);
}

std::vector<std::string> World::gather(const std::string& text, const char* what) const {
  if (!group_) return {text};
  const auto mine = static_cast<size_t>(rank());
  Tensor sizes = torch::zeros({size()}, torch::kInt64);
  sizes[rank()] = static_cast<int64_t>(text.size());
  sum(sizes, what);
  const auto* size_of = sizes.data_ptr<int64_t>();
  Tensor all = torch::zeros({sizes.sum().item<int64_t>()}, torch::kUInt8);
  std::vector<int64_t> first(static_cast<size_t>(size()) + 1, 0);
  for (size_t i = 0; i + 1 < first.size(); ++i) first[i + 1] = first[i] + size_of[i];
  auto* bytes = all.data_ptr<uint8_t>();
  std::copy(text.begin(), text.end(), bytes + first[mine]);
  if (all.numel() > 0) sum(all, what);
  std::vector<std::string> texts;
  for (size_t i = 0; i + 1 < first.size(); ++i) texts.emplace_back(bytes + first[i], bytes + first[i + 1]);
  return texts;
}

unsigned World::any(unsigned bits, const char* what) const {
  if (!group_) return bits;
  Tensor counts = torch::zeros({16}, torch::kInt32);
  for (int i = 0; i < 16; ++i) counts[i] = static_cast<int>(bits >> i & 1U);
  sum(counts, what);
  unsigned result = 0;
  for (int i = 0; i < 16; ++i)
    if (counts.data_ptr<int>()[i] > 0) result |= 1U << i;
  return result;
}

void World::require_same(const std::string& text, const char* what) const {
  if (!group_) return;
  const auto digests = gather(sha256_of(text.data(), text.size()), what);
  for (size_t i = 1; i < digests.size(); ++i)
    require(digests[i] == digests[0], "rank {} of {} has other {} than rank 0", i, size(), what);
}

void World::together(const std::function<void()>& work, const char* what) const {
  if (!group_) return work();
  std::string problem;
  bool usage = false;
  try {
    work();
  } catch (const UsageError& error) {
    problem = error.what(), usage = true;
  } catch (const std::exception& error) {
    problem = error.what();
  }
  const auto problems = gather((usage ? "u" : "e") + problem, what);
  for (const auto& each : problems) {
    if (each.size() <= 1) continue;
    if (each[0] == 'u') throw UsageError(each.substr(1));
    throw Error(each.substr(1));
  }
}

std::string World::tell(const std::string& sentence) const {
  return group_ ? group_->tell(sentence) : sentence;
}

World::Traffic World::traffic() const {
  return group_ ? group_->traffic() : Traffic{};
}

}  // namespace lifted::train
