// The render pool bounds, cancels and cleans up.
#include "lifted/viewer/render_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "lifted/viewer/estimate_cache.h"

namespace lifted::viewer {
namespace {

using namespace std::chrono_literals;

/// A job that holds the worker until released.
struct Gate {
  std::promise<void> started, release;
  std::future<int> future;

  explicit Gate(RenderPool& pool) {
    future = std::async(std::launch::async, [this, &pool] {
      return pool.run({}, [this] {
        started.set_value();
        release.get_future().wait();
        return 7;
      });
    });
    started.get_future().wait();
  }
};

template <typename Act>
int refusal_status(Act act) {
  try {
    act();
  } catch (const HttpError& error) {
    return error.status();
  }
  return 200;
}

TEST(RenderPool, ReturnsResultsAndErrors) {
  RenderPool pool(4, 1);
  EXPECT_EQ(pool.run({}, [] { return std::string("drawn"); }), "drawn");
  EXPECT_THROW(pool.run({}, []() -> int { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_EQ(pool.run({}, [] { return 2; }), 2) << "an error must not end the worker";
  EXPECT_EQ(pool.statistics().done, 3U);
}

TEST(RenderPool, AFullQueueRefusesAtOnce) {
  RenderPool pool(1, 1);
  Gate gate(pool);
  auto queued = std::async(std::launch::async, [&] { return pool.run({}, [] { return 1; }); });
  while (pool.statistics().queued < 1) std::this_thread::yield();
  EXPECT_EQ(refusal_status([&] { pool.run({}, [] { return 1; }); }), 503);
  gate.release.set_value();
  EXPECT_EQ(gate.future.get(), 7);
  EXPECT_EQ(queued.get(), 1);
  EXPECT_EQ(pool.statistics().refused, 1U);
}

TEST(RenderPool, WorkNobodyWaitsForIsFreedWithoutRunning) {
  RenderPool pool(8, 1);
  Gate gate(pool);
  std::atomic<bool> ran = false;
  const auto held = std::make_shared<int>(0);
  EXPECT_EQ(refusal_status([&] { pool.run({10s, [] { return true; }}, [&ran, held] { return ran = true; }); }), 499);
  EXPECT_EQ(refusal_status([&] { pool.run({30ms}, [&ran, held] { return ran = true; }); }), 504);
  EXPECT_EQ(pool.statistics().queued, 0U);
  EXPECT_EQ(held.use_count(), 1) << "what the requests held is freed";
  gate.release.set_value();
  gate.future.get();
  EXPECT_EQ(pool.run({}, [] { return 1; }), 1);
  EXPECT_FALSE(ran);
  EXPECT_EQ(pool.statistics().abandoned, 1U);
  EXPECT_EQ(pool.statistics().timed_out, 1U);
}

TEST(RenderPool, StoppingReleasesWhoWaits) {
  RenderPool pool(8, 1);
  Gate gate(pool);
  auto waiting =
      std::async(std::launch::async, [&] { return refusal_status([&] { pool.run({}, [] { return 1; }); }); });
  while (pool.statistics().queued < 1) std::this_thread::yield();
  auto stopping = std::async(std::launch::async, [&] { pool.stop(); });
  EXPECT_EQ(waiting.get(), 503);
  gate.release.set_value();
  stopping.get();
  EXPECT_EQ(refusal_status([&] { pool.run({}, [] { return 1; }); }), 503);
}

TEST(EstimateCache, KeepsTheRecentWithinItsLimit) {
  const auto sample = [] {
    auto made = std::make_shared<Sample>();
    made->styles = torch::zeros({100});  // 400 bytes
    return made;
  };
  EstimateCache cache(1000);
  cache.insert("a", sample());
  cache.insert("b", sample());
  EXPECT_NE(cache.find("a"), nullptr);
  cache.insert("c", sample());
  EXPECT_EQ(cache.find("b"), nullptr) << "the one that was not used";
  ASSERT_NE(cache.find("a"), nullptr);
  EXPECT_EQ(cache.statistics().bytes, 800);
  cache.find("a")->teacher = torch::zeros({1000});
  cache.update("a");
  EXPECT_EQ(cache.statistics().entries, 1U) << "a has grown beyond the limit but is the newest";
  EXPECT_NE(cache.find("a"), nullptr);
}

}  // namespace
}  // namespace lifted::viewer
