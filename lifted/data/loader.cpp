#include "lifted/data/loader.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "lifted/base/device.h"
#include "lifted/base/json.h"

namespace lifted::data {
namespace {

/// Interleaved rows to planes.
void copy_planes(const formats::Image& image, bool mirrored, uint8_t* planes) {
  const size_t plane = static_cast<size_t>(image.width) * image.height;
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = image.at(0, y);
    uint8_t* to = planes + static_cast<size_t>(y) * image.width;
    for (int x = 0; x < image.width; ++x) {
      const uint8_t* pixel = row + 3 * (mirrored ? image.width - 1 - x : x);
      to[x] = pixel[0];
      to[x + plane] = pixel[1];
      to[x + 2 * plane] = pixel[2];
    }
  }
}

void check(const LoaderOptions& options) {
  if (options.batch < 1) usage_error("batch size {}, expected at least 1", options.batch);
  if (options.workers < 1) usage_error("{} loader workers, expected at least 1", options.workers);
  if (options.prefetch < 1) usage_error("prefetch of {} batches, expected at least 1", options.prefetch);
  if (options.ranks < 1 || options.rank < 0 || options.rank >= options.ranks) {
    usage_error("rank {} of {}, expected 0 to ranks - 1", options.rank, options.ranks);
  }
  const auto parts = static_cast<int64_t>(options.mine.size());
  if (parts > 0 && (parts * options.ranks != options.shards || options.batch % parts != 0)) {
    usage_error("{} of {} shards in a batch of {} images, for one of {} processes: expected equal parts", parts,
                options.shards, options.batch, options.ranks);
  }
}

}  // namespace

nlohmann::json LoaderState::to_json() const {
  return {
      {"position", position}, {"seed", seed}, {"shuffle", shuffle}, {"mirror", mirror}, {"fingerprint", fingerprint}};
}

LoaderState LoaderState::from_json(const nlohmann::json& json) {
  LoaderState state;
  const auto read = [&](const char* key, auto& value) { read_field(json, key, "loader state", value); };
  read("position", state.position);
  read("seed", state.seed);
  read("shuffle", state.shuffle);
  read("mirror", state.mirror);
  read("fingerprint", state.fingerprint);
  return state;
}

torch::Tensor Batch::as_float(torch::Device device) const {
  return to_device(images, device).to(torch::kFloat32).div_(127.5).sub_(1);
}

/// Batches under construction, oldest first; tasks are handed out sample by sample in order.
struct Loader::Work {
  struct Pending {
    Batch batch;
    int handed_out = 0, missing = 0;
    int first_failed = INT32_MAX;
    std::exception_ptr error;
  };

  const Dataset& dataset;
  const LoaderOptions options;
  SampleOrder order;
  uint64_t batch_position;  // where the newest batch of all processes begins
  std::mutex mutex;
  std::condition_variable room, ready;
  std::deque<std::shared_ptr<Pending>> pending;
  uint64_t begun = 0, taken = 0;  // batches
  bool stop = false;
  std::vector<std::thread> threads;

  Work(const Dataset& data, const LoaderOptions& chosen, uint64_t start)
      : dataset(data),
        options(chosen),
        order(data.size(), chosen.seed, chosen.shuffle, chosen.mirror),
        batch_position(start) {
    for (int i = 0; i < options.workers; ++i) threads.emplace_back([this] { run(); });
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  ~Work() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    room.notify_all();
    for (auto& thread : threads) thread.join();
  }

  bool newest_is_full() const { return pending.empty() || pending.back()->handed_out == options.batch; }

  std::shared_ptr<Pending> new_batch() const {
    auto fresh = std::make_shared<Pending>();
    fresh->batch.images = torch::empty({options.batch, 3, dataset.height(), dataset.width()},
                                       staging_options(options.device, torch::kUInt8));
    fresh->batch.samples.resize(static_cast<size_t>(options.batch));
    fresh->missing = options.batch;
    return fresh;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [&] { return stop || !newest_is_full() || static_cast<int>(pending.size()) < options.prefetch; });
      if (stop) return;
      if (newest_is_full()) {
        if (begun++ > 0) batch_position += batch_of_all();
        pending.push_back(new_batch());
      }
      const std::shared_ptr<Pending> target = pending.back();
      const int slot = target->handed_out++;
      const Sample sample = order.at(batch_position + offset_of(slot));
      target->batch.samples[static_cast<size_t>(slot)] = sample;
      lock.unlock();
      const std::exception_ptr error = load(sample, target->batch.images.data_ptr<uint8_t>() + slot_offset(slot));
      lock.lock();
      if (error && slot < target->first_failed) target->first_failed = slot, target->error = error;
      if (--target->missing == 0) ready.notify_all();
    }
  }

  uint64_t batch_of_all() const { return static_cast<uint64_t>(options.batch) * static_cast<uint64_t>(options.ranks); }

  /// Of a slot of this process's batch within that of all.
  uint64_t offset_of(int slot) const {
    const auto place = static_cast<uint64_t>(slot);
    if (options.mine.empty()) return place * static_cast<uint64_t>(options.ranks) + static_cast<uint64_t>(options.rank);
    const uint64_t share = static_cast<uint64_t>(options.batch) / options.mine.size();
    return place % share * static_cast<uint64_t>(options.shards) + static_cast<uint64_t>(options.mine[place / share]);
  }

  size_t slot_offset(int slot) const { return static_cast<size_t>(slot) * 3 * dataset.height() * dataset.width(); }

  std::exception_ptr load(const Sample& sample, uint8_t* planes) const {
    try {
      copy_planes(dataset.image(sample.index), sample.mirrored, planes);
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  Batch take() {
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return !pending.empty() && pending.front()->missing == 0; });
    if (pending.front()->error) std::rethrow_exception(pending.front()->error);
    Batch batch = std::move(pending.front()->batch);
    pending.pop_front();
    ++taken;
    room.notify_all();
    return batch;
  }
};

Loader::Loader(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options)
    : dataset_(std::move(dataset)), options_(options), fingerprint_(dataset_->fingerprint()) {
  check(options);
  work_ = std::make_unique<Work>(*dataset_, options_, start_);
}

Loader::Loader(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options, const LoaderState& state)
    : dataset_(std::move(dataset)), options_(options), start_(state.position), fingerprint_(dataset_->fingerprint()) {
  check(options);
  require(state.fingerprint == fingerprint_,
          "{}: is not the data set that the saved training used (other count, size or names)",
          dataset_->archive().path().string());
  require(state.seed == options.seed && state.shuffle == options.shuffle && state.mirror == options.mirror,
          "loader: the saved state has seed {}, shuffle {}, mirror {}; expected the same as now ({}, {}, {})",
          state.seed, state.shuffle, state.mirror, options.seed, options.shuffle, options.mirror);
  work_ = std::make_unique<Work>(*dataset_, options_, start_);
}

Loader::~Loader() = default;

Batch Loader::next() {
  return work_->take();
}

LoaderState Loader::state() const {
  return {start_ + work_->taken * work_->batch_of_all(), options_.seed, options_.shuffle, options_.mirror,
          fingerprint_};
}

}  // namespace lifted::data
