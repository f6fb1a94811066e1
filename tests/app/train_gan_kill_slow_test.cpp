// Fifty deaths at random moments: of each run nothing is lost but the steps since its last snapshot.
#include <random>

#include "tests/app/train_gan_fixture.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using test::expect_same_state, test::newest;
using TrainGanKills = test::TrainGanTest;

constexpr int kKills = 50;

TEST_F(TrainGanKills, LoseNothingButTheStepsSinceTheLastSnapshot) {
  // How long a start and the first snapshot take here and now sets the scale of the lifetimes.
  const auto begin = std::chrono::steady_clock::now();
  const pid_t first = launch(start(1000));
  wait_for_state("00000", 20, first);
  const double scale = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ::kill(first, SIGKILL);
  ASSERT_EQ(wait_for(first), 128 + SIGKILL) << output();

  std::mt19937 random(7);
  std::uniform_real_distribution<double> lifetime(0.05 * scale, 2 * scale);
  int64_t images = newest(run("00000")).images;
  int grown = 0;
  for (int death = 0; death < kKills; ++death) {
    const pid_t child = launch(resume(run("00000"), "1000"));
    std::this_thread::sleep_for(std::chrono::duration<double>(lifetime(random)));
    ::kill(child, SIGKILL);
    ASSERT_EQ(wait_for(child), 128 + SIGKILL) << output();
    const int64_t now = newest(run("00000")).images;  // newest() fails the test if a state does not verify
    ASSERT_GE(now, images) << "a snapshot was lost at death " << death;
    grown += now > images;
    images = now;
  }
  std::printf("  %d deaths, %d of them after new snapshots, %lld images\n", kKills, grown,
              static_cast<long long>(images));
  ASSERT_GT(grown, kKills / 10) << "the program hardly ever lived long enough for a snapshot";

  // Where it got to is where a run without deaths gets to.
  const auto survivor = newest(run("00000"));
  ASSERT_EQ(call(start(static_cast<double>(survivor.images) / 1000)), 0) << output();
  expect_same_state(survivor, newest(run("00001")));
}

}  // namespace
}  // namespace lifted
