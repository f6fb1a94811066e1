// A command in several processes: joined at its start, silent but for rank 0, ending with one sentence.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "lifted/data/sharing.h"
#include "lifted/train/shards.h"

namespace lifted::app {

/// What in_world() adapts to the processes of one machine: --threads 0 becomes this process's share of the cores, and
/// --device auto or cuda its own GPU.
struct WorldOptions {
  int& threads;
  std::string& device;
  /// Of a dry run: takes WORLD_SIZE where it stands without RANK, a number of processes to plan for. Null: none.
  int* planned = nullptr;
};

/// Joins the processes that the environment speaks of (train/world.h) and calls work(world). What fails in one ends
/// all, with the same sentence. Only rank 0 says more than warnings, which bear the rank.
void in_world(const WorldOptions& options, const std::function<void(const train::World& world)>& work);
/// The same of commands that give no work to a device.
void in_world(int& threads, const std::function<void(const train::World& world)>& work);

/// How work without a world of its own is shared.
data::Sharing sharing_of(const train::World& world);

/// Error on all processes, naming the first that has something else than rank 0, and what.
void require_same_everywhere(const train::World& world, const nlohmann::ordered_json& what);

}  // namespace lifted::app
