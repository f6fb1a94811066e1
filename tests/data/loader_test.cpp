#include "lifted/data/loader.h"

#include <gmock/gmock.h>

#include <sched.h>

#include <atomic>
#include <set>

#include "lifted/base/error.h"
#include "lifted/data/parallel.h"
#include "lifted/formats/image_ops.h"
#include "lifted/formats/zip_writer.h"
#include "tests/support/archives.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::data {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kCount = 23;

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    test::write_image_zip(folder_ / "a.zip", kCount, 8);
    dataset_ = std::make_shared<Dataset>(folder_ / "a.zip");
  }

  std::vector<Batch> take(const LoaderOptions& options, int batches) const {
    Loader loader(dataset_, options);
    std::vector<Batch> result;
    for (int i = 0; i < batches; ++i) result.push_back(loader.next());
    return result;
  }

  TemporaryFolder folder_;
  std::shared_ptr<const Dataset> dataset_;
};

std::vector<Sample> samples_of(const std::vector<Batch>& batches) {
  std::vector<Sample> result;
  for (const Batch& batch : batches) result.insert(result.end(), batch.samples.begin(), batch.samples.end());
  return result;
}

TEST_F(LoaderTest, BatchesHoldTheImagesTheyNameMirroredWhereTheySay) {
  int mirrored = 0;
  for (const Batch& batch : take({.batch = 5, .seed = 3, .mirror = true}, 12)) {
    ASSERT_EQ(batch.images.sizes(), (torch::IntArrayRef{5, 3, 8, 8}));
    for (int i = 0; i < 5; ++i) {
      const Sample sample = batch.samples[static_cast<size_t>(i)];
      const auto image = dataset_->image(sample.index);
      const auto expected = formats::tensor_from_image(sample.mirrored ? formats::mirrored(image) : image);
      EXPECT_TRUE(batch.as_float()[i].equal(expected));
      mirrored += sample.mirrored;
    }
  }
  EXPECT_GT(mirrored, 15);
  EXPECT_LT(mirrored, 45);
}

TEST_F(LoaderTest, OrderIsTheSameForAnyNumberOfWorkers) {
  const auto expected = take({.batch = 4, .seed = 1, .mirror = true, .workers = 1}, 20);
  for (int workers = 2; workers <= 4; ++workers) {
    for (const int prefetch : {1, 5}) {
      const auto batches = take({.batch = 4, .seed = 1, .mirror = true, .workers = workers, .prefetch = prefetch}, 20);
      EXPECT_EQ(samples_of(batches), samples_of(expected)) << workers;
      for (size_t i = 0; i < batches.size(); ++i) EXPECT_TRUE(batches[i].images.equal(expected[i].images)) << workers;
    }
  }
}

TEST_F(LoaderTest, EveryEpochHasEveryImageOnceInAnotherOrder) {
  const auto samples = samples_of(take({.batch = kCount, .seed = 9}, 3));
  std::set<std::vector<int64_t>> orders;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<int64_t> order;
    for (int i = 0; i < kCount; ++i) order.push_back(samples[static_cast<size_t>(epoch * kCount + i)].index);
    orders.insert(order);
    EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), static_cast<size_t>(kCount));
  }
  EXPECT_EQ(orders.size(), 3u);
  EXPECT_NE(samples, samples_of(take({.batch = kCount, .seed = 10}, 3)));
}

TEST_F(LoaderTest, WithoutShufflingTheOrderIsTheArchives) {
  const auto samples = samples_of(take({.batch = 10, .shuffle = false}, 5));
  for (size_t i = 0; i < samples.size(); ++i) EXPECT_EQ(samples[i], (Sample{static_cast<int64_t>(i % kCount), false}));
}

TEST_F(LoaderTest, ShardsPartitionEveryEpoch) {
  for (const int ranks : {2, 3}) {
    std::vector<std::vector<Sample>> shards;
    for (int rank = 0; rank < ranks; ++rank) {
      shards.push_back(
          samples_of(take({.batch = 1, .seed = 5, .mirror = true, .rank = rank, .ranks = ranks}, 2 * kCount)));
    }
    const auto whole = samples_of(take({.batch = 1, .seed = 5, .mirror = true}, 2 * kCount));
    for (int i = 0; i < 2 * kCount; ++i) {
      EXPECT_EQ(shards[static_cast<size_t>(i % ranks)][static_cast<size_t>(i / ranks)], whole[static_cast<size_t>(i)])
          << ranks << " " << i;
    }
  }
}

/// A shard's samples do not depend on which process takes it, or beside which others.
TEST_F(LoaderTest, ShardsAreTheSameWhoeverTakesThem) {
  const auto all = take({.batch = 12, .seed = 5, .mirror = true, .mine = {0, 2, 1, 3}, .shards = 4}, 9);
  const auto half =
      take({.batch = 6, .seed = 5, .mirror = true, .rank = 1, .ranks = 2, .mine = {1, 3}, .shards = 4}, 9);
  const auto plain = take({.batch = 12, .seed = 5, .mirror = true}, 9);
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < 3; ++j) {
      EXPECT_EQ(all[i].samples[6 + j], half[i].samples[j]);           // shard 1
      EXPECT_EQ(all[i].samples[9 + j], half[i].samples[3 + j]);       // shard 3
      EXPECT_EQ(all[i].samples[3 + j], plain[i].samples[4 * j + 2]);  // shard 2 has positions 2, 6, 10 of the batch
    }
  }
  EXPECT_THROW(Loader(dataset_, {.batch = 6, .ranks = 2, .mine = {1}, .shards = 4}), UsageError);
}

TEST_F(LoaderTest, ResumesAtTheExactSampleWithAnyNumberOfRanks) {
  const LoaderOptions options{.batch = 6, .seed = 2, .mirror = true};
  const auto whole = take(options, 11);
  Loader first(dataset_, options);
  for (int i = 0; i < 5; ++i) first.next();
  const LoaderState saved = LoaderState::from_json(nlohmann::json::parse(first.state().to_json().dump()));
  EXPECT_EQ(saved.position, 30u);
  Loader second(dataset_, options, saved);
  for (size_t i = 5; i < 11; ++i) {
    const Batch batch = second.next();
    EXPECT_EQ(batch.samples, whole[i].samples);
    EXPECT_TRUE(batch.images.equal(whole[i].images));
  }
  EXPECT_EQ(second.state().position, 66u);
  LoaderOptions half = options;
  half.ranks = 2, half.rank = 1, half.batch = 3;
  EXPECT_EQ(Loader(dataset_, half, saved).next().samples[0], whole[5].samples[1]);
}

TEST_F(LoaderTest, AStateOfOtherDataOrSeedIsRefused) {
  const LoaderOptions options{.batch = 6, .seed = 2};
  const LoaderState saved = Loader(dataset_, options).state();
  LoaderOptions other = options;
  other.seed = 3;
  EXPECT_THAT(error_of([&] { Loader(dataset_, other, saved); }), HasSubstr("seed 2"));
  test::write_image_zip(folder_ / "b.zip", kCount - 1, 8);
  EXPECT_THAT(error_of([&] { Loader(std::make_shared<Dataset>(folder_ / "b.zip"), options, saved); }),
              HasSubstr("not the data set"));
  EXPECT_THAT(error_of([&] { LoaderState::from_json({{"position", "x"}}); }), HasSubstr("loader state"));
}

TEST_F(LoaderTest, BatchesLargerThanTheDataAndEarlyDestructionWork) {
  EXPECT_EQ(samples_of(take({.batch = 3 * kCount + 1, .seed = 1, .workers = 3}, 2)).size(),
            static_cast<size_t>(6 * kCount + 2));
  for (int i = 0; i < 20; ++i) Loader(dataset_, {.batch = 64, .workers = 4, .prefetch = 4});
}

TEST_F(LoaderTest, ABrokenImageIsNamedAtEveryCall) {
  formats::DatasetZipWriter writer(folder_ / "broken.zip");
  for (int i = 0; i < 8; ++i) {
    Bytes png = formats::encode_png(test::smooth_image(8, 8, i));
    if (i == 5) png.resize(png.size() - 30);  // the header is sound
    writer.add(png);
  }
  writer.finish();
  Loader loader(std::make_shared<Dataset>(folder_ / "broken.zip"), {.batch = 4, .shuffle = false, .workers = 3});
  EXPECT_NO_THROW(loader.next());
  EXPECT_THAT(error_of([&] { loader.next(); }), HasSubstr("img00000005.png"));
  EXPECT_THAT(error_of([&] { loader.next(); }), HasSubstr("img00000005.png"));
}

TEST_F(LoaderTest, MixedSizesAndWrongSizesAreErrors) {
  test::write_image_folder(folder_ / "mixed", 2, 8, 8);
  formats::write_png(folder_ / "mixed/z.png", test::smooth_image(9, 8));
  const Dataset mixed(formats::open_image_archive(folder_ / "mixed"));
  EXPECT_THAT(error_of([&] { mixed.image(2); }), HasSubstr("9x8"));
  EXPECT_THAT(error_of([&] { Dataset(folder_ / "mixed"); }), AllOf(HasSubstr("z.png"), HasSubstr("9x8")));
  EXPECT_THAT(error_of([&] { Dataset(folder_ / "mixed", 16); }), HasSubstr("expected 16x16"));
}

TEST_F(LoaderTest, WhatIsNoImageIsFoundAtOpening) {
  test::write_image_folder(folder_ / "late", 5, 8, 8);
  formats::write_jpeg(folder_ / "late/x.jpg", test::smooth_image(8, 8));
  EXPECT_EQ(Dataset(folder_ / "late").size(), 6);
  write_file_atomically(folder_ / "late/y.jpg", "junk");
  EXPECT_THAT(error_of([&] { Dataset(folder_ / "late"); }), AllOf(HasSubstr("y.jpg"), HasSubstr("is not a PNG")));
}

TEST_F(LoaderTest, BadOptionsAreUsageErrors) {
  EXPECT_THROW(Loader(dataset_, {.batch = 0}), UsageError);
  EXPECT_THROW(Loader(dataset_, {.rank = 2, .ranks = 2}), UsageError);
  EXPECT_THROW(Loader(dataset_, {.workers = 0}), UsageError);
}

TEST(SampleOrder, IsAFunctionOfThePositionAlone) {
  SampleOrder forward(10, 4, true, true), backward(10, 4, true, true);
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < 100; ++i) samples.push_back(forward.at(i));
  for (uint64_t i = 100; i-- > 0;) EXPECT_EQ(backward.at(i), samples[i]);
  // Part of every saved training state: changing the sequence breaks resuming.
  SampleOrder fixed(5, 0, true, false);
  std::vector<int64_t> first;
  for (uint64_t i = 0; i < 10; ++i) first.push_back(fixed.at(i).index);
  EXPECT_EQ(first, (std::vector<int64_t>{2, 4, 1, 3, 0, 1, 4, 2, 3, 0}));
}

TEST(SampleOrder, IsUniform) {
  std::map<int64_t, int> first;
  for (uint64_t seed = 0; seed < 4000; ++seed) ++first[SampleOrder(4, seed, true, false).at(0).index];
  for (const auto& [index, count] : first) EXPECT_NEAR(count, 1000, 130) << index;
}

TEST(OrderedParallel, KeepsOrderAndPassesTheFirstErrorOn) {
  std::vector<int64_t> seen;
  ordered_parallel<int64_t>(
      500, 4, [](int64_t i) { return i * i; }, [&](int64_t i, int64_t r) { seen.push_back(r - i * i + i); }, 7);
  ASSERT_EQ(seen.size(), 500u);
  for (size_t i = 0; i < 500; ++i) EXPECT_EQ(seen[i], static_cast<int64_t>(i));
  const auto failing = [](int64_t i) -> int64_t { return i >= 20 ? throw Error(std::to_string(i)) : i; };
  EXPECT_EQ(error_of([&] { ordered_parallel<int64_t>(500, 4, failing, [](int64_t, int64_t) {}); }), "20");
  ordered_parallel<int64_t>(0, 2, failing, [](int64_t, int64_t) { FAIL(); });
}

TEST(OrderedParallel, KeepsWithinItsMemory) {
  std::atomic<int64_t> in_flight = 0, most = 0, alone = 0;
  const auto cost = [](int64_t i) { return i % 10 == 7 ? 500 : 20 + i % 30; };  // some more than there is
  std::vector<int64_t> seen;
  ordered_parallel<int64_t>(
      300, 8,
      [&](int64_t i) {
        const int64_t now = in_flight += cost(i);
        if (cost(i) == 500 && now == 500) ++alone;
        if (cost(i) < 500) most = std::max<int64_t>(most, now);
        std::this_thread::yield();
        return i;
      },
      [&](int64_t i, int64_t result) {
        seen.push_back(result);
        in_flight -= cost(i);
      },
      64, {100, [&](int64_t i) { return static_cast<uint64_t>(cost(i)); }});
  EXPECT_EQ(seen.size(), 300u);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_LE(most, 100);
  EXPECT_EQ(alone, 30);
  EXPECT_EQ(in_flight, 0);
}

TEST(OrderedParallel, CountsTheCoresItMayUse) {
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(default_workers(), CPU_COUNT(&all));
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(default_workers(), 1);
  sched_setaffinity(0, sizeof all, &all);
}

}  // namespace
}  // namespace lifted::data
