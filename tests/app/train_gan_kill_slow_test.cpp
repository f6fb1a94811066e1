// Fifty deaths at random moments: of each run nothing is lost but the steps since its last snapshot.
#include <random>

#include "tests/app/train_gan_fixture.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using test::expect_same_state, test::newest;
using TrainGanKills = test::TrainGanTest;

constexpr int kKills = 50;

/// The newest training state of the only run, or -1 before there is one. A state that does not verify is a failure.
int64_t images_of(const fs::path& folder) {
  if (folder.empty() || train::list_training_states(folder).empty()) return -1;
  return newest(folder).images;
}

TEST_F(TrainGanKills, LoseNothingButTheStepsSinceTheLastSnapshot) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> lifetime(0.05, 2.5);
  int64_t images = -1;
  int deaths = 0;
  for (; deaths < kKills; ++deaths) {
    const fs::path folder = fs::exists(runs()) ? run("00000") : fs::path();
    if (images < 0 && !folder.empty()) fs::remove_all(folder);  // it died before its first snapshot: begin anew
    const pid_t child = launch(images < 0 ? start(1000) : resume(folder, "1000"));
    std::this_thread::sleep_for(std::chrono::duration<double>(lifetime(random)));
    ::kill(child, SIGKILL);
    ASSERT_EQ(wait_for(child), -SIGKILL) << output();
    const int64_t now = images_of(fs::exists(runs()) ? run("00000") : fs::path());
    ASSERT_GE(now, images) << "a snapshot was lost at death " << deaths;
    images = now;
  }
  ASSERT_GT(images, 0) << "the program never lived long enough for a snapshot";
  std::printf("  %d deaths, %lld images\n", deaths, static_cast<long long>(images));

  // Where it got to is where a run without deaths gets to.
  const auto survivor = newest(run("00000"));
  ASSERT_EQ(call(start(static_cast<double>(survivor.images) / 1000)), 0) << output();
  expect_same_state(survivor, newest(run("00001")));
}

}  // namespace
}  // namespace lifted
