// Which process this is, by the variables that those who start processes set.
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "lifted/train/world.h"

namespace lifted::train {
namespace {

constexpr int kMostProcesses = 1 << 20, kDefaultPort = 29500;

std::string text_of(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// A whole number of the environment from `low` to `high`; nothing where the variable is absent or empty.
std::optional<int> number_of(const char* name, int low, int high) {
  const std::string text = text_of(name);
  if (text.empty()) return {};
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high)
    usage_error("{}={}: expected a whole number from {} to {}", name, text, low, high);
  return value;
}

/// The variables of one kind of starter.
struct Names {
  const char *size, *rank, *local_rank, *local_size;
};
constexpr Names kNames[] = {
    {"WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},  // torchrun, liftedgan launch
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"},  // MPICH
    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE"},
};

/// The first host of "node[03-05,9]" or "a,b".
std::string first_host(const std::string& list) {
  const size_t bracket = list.find('['), comma = list.find(',');
  if (bracket == std::string::npos || comma < bracket) return list.substr(0, comma);
  const size_t end = list.find_first_of("-,]", bracket);
  return list.substr(0, bracket) + list.substr(bracket + 1, end - bracket - 1);
}

/// A port of a job's own where none is given: jobs of one machine should not meet.
int port_of_job() {
  const auto job = number_of("SLURM_JOB_ID", 0, INT32_MAX);
  return job ? 20000 + *job % 20000 : kDefaultPort;
}

void read_meeting_place(WorldPlace& place) {
  place.file = text_of("LIFTED_INIT_FILE");
  if (!place.file.empty()) return;
  place.address = text_of("MASTER_ADDR");
  if (place.address.empty()) place.address = first_host(text_of("SLURM_STEP_NODELIST"));
  if (place.address.empty()) place.address = first_host(text_of("SLURM_JOB_NODELIST"));
  if (place.address.empty() && place.local_size == place.size) place.address = "127.0.0.1";
  if (place.address.empty())
    usage_error(
        "MASTER_ADDR: expected the address of rank 0 (or LIFTED_INIT_FILE, a file that all of {} processes see)",
        place.size);
  place.port = number_of("MASTER_PORT", 1, 65535).value_or(port_of_job());
  // torchrun's agent holds that port itself.
  if (text_of("TORCHELASTIC_USE_AGENT_STORE") == "True") place.port = place.port % 65535 + 1;
}

}  // namespace

WorldPlace WorldPlace::from_environment() {
  WorldPlace place;
  for (const Names& names : kNames) {
    // Of the step: a batch script knows the number of tasks, but is none of them.
    const auto size = number_of(names.size, 1, kMostProcesses);
    const auto rank = size ? number_of(names.rank, 0, *size - 1) : std::nullopt;
    const bool own = std::string_view(names.size) == "WORLD_SIZE";
    if (own && size && *size > 1 && !rank) usage_error("WORLD_SIZE={}: expected RANK beside it", *size);
    if (!size || !rank) continue;
    place.size = *size, place.rank = *rank;
    place.local_rank = number_of(names.local_rank, 0, kMostProcesses).value_or(place.rank);
    place.local_size = number_of(names.local_size, 1, kMostProcesses).value_or(place.size);
    break;
  }
  if (place.size == 1) return place;
  place.wait_seconds = number_of("LIFTED_WAIT_SECONDS", 1, 86400).value_or(600);
  place.start_seconds = number_of("LIFTED_START_SECONDS", 1, 86400).value_or(600);
  place.attempt = text_of("LIFTED_ATTEMPT") + text_of("TORCHELASTIC_RESTART_COUNT") + text_of("SLURM_RESTART_COUNT");
  read_meeting_place(place);
  return place;
}

}  // namespace lifted::train
