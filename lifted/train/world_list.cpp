// The list of a world: a store of c10d, asked on threads of its own because a store on another machine may never
// answer.
#include "lifted/train/world_group.h"

#ifdef LIFTED_HAS_C10D

#include <future>
#include <thread>

namespace lifted::train {
namespace {

std::vector<uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}
std::string text_of(const std::vector<uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

c10::intrusive_ptr<c10d::Store> open_store(const WorldPlace& place) {
  if (!place.file.empty()) return c10::make_intrusive<c10d::FileStore>(place.file.string(), place.size);
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(place.port);
  options.isServer = place.rank == 0;
  options.waitWorkers = false;
  options.timeout = milliseconds_of(place.start_seconds);
  return c10::make_intrusive<c10d::TCPStore>(place.address, options);
}

c10::intrusive_ptr<c10d::Store> open_list(const WorldPlace& place) {
  try {
    const auto store = open_store(place);
    store->setTimeout(milliseconds_of(place.start_seconds));
    return c10::make_intrusive<c10d::PrefixStore>("liftedgan" + place.attempt, store);
  } catch (const std::exception& error) {
    const std::string where =
        place.file.empty() ? fmt::format("{}:{}", place.address, place.port) : place.file.string();
    const std::string reason = std::string(error.what()).substr(0, std::string_view(error.what()).find('\n'));
    fail("rank {} of {}: {} at {}: {}", place.rank, place.size,
         place.rank == 0 ? "cannot wait for the others" : "cannot reach rank 0", where, reason);
  }
}

}  // namespace

/// What `ask` gives, or nothing if it fails or takes longer than `limit`; then it goes on by itself.
template <typename Answer>
std::optional<Answer> WorldList::in_time(Seconds limit, std::function<std::optional<Answer>()> ask) {
  if (is_silent_ && !is_patient_) return {};
  const auto promise = std::make_shared<std::promise<std::optional<Answer>>>();
  auto answer = promise->get_future();
  std::thread([promise, ask = std::move(ask)] {
    try {
      promise->set_value(ask());
    } catch (...) {
      promise->set_value({});
    }
  }).detach();
  is_silent_ = answer.wait_for(limit) != std::future_status::ready;
  if (is_silent_) return {};
  return answer.get();
}

WorldList::WorldList(const WorldPlace& place) : store_(open_list(place)) {}

void WorldList::set(const std::string& key, const std::string& value, Seconds limit) {
  in_time<bool>(limit, [store = store_, key, value]() -> std::optional<bool> {
    store->set(key, bytes_of(value));
    return true;
  });
}

std::optional<std::string> WorldList::find(const std::string& key, Seconds limit) {
  return in_time<std::string>(limit, [store = store_, key]() -> std::optional<std::string> {
    if (!store->check({key})) return {};
    return text_of(store->get(key));
  });
}

std::optional<std::string> WorldList::set_first(const std::string& key, const std::string& value, Seconds limit) {
  return in_time<std::string>(limit, [store = store_, key, value]() -> std::optional<std::string> {
    return text_of(store->compareSet(key, {}, bytes_of(value)));
  });
}

std::optional<int64_t> WorldList::count(const std::string& key, Seconds limit, int64_t more) {
  return in_time<int64_t>(limit,
                          [store = store_, key, more]() -> std::optional<int64_t> { return store->add(key, more); });
}

}  // namespace lifted::train

#endif
