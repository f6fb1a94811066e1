#include "lifted/app/world_run.h"

#include <algorithm>
#include <cstdlib>

#include <c10/util/Exception.h>
#include <torch/cuda.h>

#include "lifted/base/json.h"
#include "lifted/base/log.h"
#include "lifted/base/log_prefix.h"
#include "lifted/base/runtime.h"

namespace lifted::app {
namespace {
using nlohmann::json;
using train::World;

void adapt(const WorldOptions& options, const train::WorldPlace& place) {
  if (place.local_size == 1) return;
  if (options.threads == 0 && !std::getenv("OMP_NUM_THREADS"))
    options.threads = std::max(1, available_cores() / place.local_size);
  if ((options.device == "auto" || options.device == "cuda") && torch::cuda::is_available()) {
    const auto count = static_cast<int>(torch::cuda::device_count());
    options.device = fmt::format("cuda:{}", place.local_rank % count);
  }
}

std::string reason_of(const std::exception& error) {
  const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
  return of_torch ? of_torch->what_without_backtrace() : error.what();
}

/// The first difference, as a sentence's part: "batch is 8, expected 4".
std::string difference(const json& found, const json& expected) {
  const json here = found.flatten(), there = expected.flatten();
  const auto at = [](const json& values, const std::string& key) {
    return values.contains(key) ? lifted::shown(values[key]) : std::string("absent");
  };
  for (const json& values : {there, here}) {
    for (const auto& [key, value] : values.items()) {
      if (at(here, key) != at(there, key))
        return fmt::format("{} is {}, expected {}", key.substr(1), at(here, key), at(there, key));
    }
  }
  return "the order of things";
}

}  // namespace

void in_world(const WorldOptions& options, const std::function<void(const World&)>& work) {
  if (options.planned && std::getenv("WORLD_SIZE") && !std::getenv("RANK")) {
    *options.planned = std::atoi(std::getenv("WORLD_SIZE"));
    return work(World::alone());
  }
  const train::WorldPlace place = train::WorldPlace::from_environment();
  if (place.size == 1) return work(World::alone());
  adapt(options, place);
  if (place.rank != 0) set_log_level(LogLevel::quiet);
  set_log_prefix(fmt::format("rank {}: ", place.rank));
  const World world = World::join(place);
  try {
    work(world);
    world.barrier("end together");
  } catch (const std::exception& error) {
    const std::string reason = reason_of(error), sentence = world.tell(reason);
    if (sentence == reason) throw;
    throw Error(sentence);
  }
}

void in_world(int& threads, const std::function<void(const World&)>& work) {
  std::string device = "cpu";
  in_world({threads, device}, work);
}

data::Sharing sharing_of(const World& world) {
  return {world.rank(), world.size(),
          [world](const std::string& text) { return world.gather(text, "share the work"); }};
}

void require_same_everywhere(const World& world, const nlohmann::ordered_json& what) {
  if (world.size() == 1) return;
  const auto texts = world.gather(what.dump(), "compare what it was started with");
  for (size_t rank = 1; rank < texts.size(); ++rank) {
    require(texts[rank] == texts[0], "rank {} of {} was started otherwise than rank 0: {}", rank, world.size(),
            difference(parse_json(texts[rank], "options"), parse_json(texts[0], "options")));
  }
}

}  // namespace lifted::app
