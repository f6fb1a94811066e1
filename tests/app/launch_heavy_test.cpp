// Commands in several processes, as users start them: what one process gives, and ends that name who was lost.
#include <fstream>

#include "lifted/formats/safetensors.h"
#include "lifted/train/world.h"
#include "tests/app/train_gan_fixture.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using test::Arguments, test::expect_same_state, test::newest;

class LaunchTest : public test::TrainGanTest {
 protected:
  void SetUp() override {
    test::TrainGanTest::SetUp();
    if (!IsSkipped() && !train::World::is_supported()) GTEST_SKIP() << "this build knows one process only";
  }

  int call(const Arguments& arguments) override { return execute(arguments); }

  static Arguments launched(const std::vector<std::string>& options, const Arguments& command) {
    Arguments words{"launch"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }
  Arguments sharded(double kimg) const {
    Arguments words = start(kimg);
    words.insert(words.end(), {"--shards", "2"});
    return words;
  }
  static std::vector<pid_t> children_of(pid_t process) {
    std::ifstream file(fmt::format("/proc/{0}/task/{0}/children", process));
    std::vector<pid_t> children;
    for (pid_t child = 0; file >> child;) children.push_back(child);
    return children;
  }
};

TEST_F(LaunchTest, TwoProcessesTrainAsOneDoes) {
  ASSERT_EQ(call(launched({"--nproc", "2"}, sharded(0.024))), 0) << output();
  ASSERT_EQ(call(sharded(0.024)), 0) << output();
  expect_same_state(newest(run("00000")), newest(run("00001")));
  // Nobody but rank 0 wrote: one run each.
  EXPECT_EQ(run("00002"), fs::path());
}

TEST_F(LaunchTest, AKilledRankCostsTheStepsSinceTheSnapshot) {
  const pid_t launcher = launch(launched({"--nproc", "2", "--max-restarts", "1"}, sharded(0.08)));
  wait_for_state("00000", 20, launcher);
  const auto ranks = children_of(launcher);
  ASSERT_EQ(ranks.size(), 2u);
  ::kill(ranks[1], SIGKILL);
  ASSERT_EQ(wait_for(launcher), 0) << output();
  EXPECT_NE(
      output().find(fmt::format("rank 1 of 2 (process {}) was killed by signal 9; restart 1 of 1 with 2 processes "
                                "from the newest snapshot",
                                ranks[1])),
      std::string::npos)
      << output();
  ASSERT_EQ(call(sharded(0.08)), 0) << output();
  expect_same_state(newest(run("00000")), newest(run("00001")));
}

TEST_F(LaunchTest, SaysWhatItCannotDo) {
  expect_refusal(launched({"--nproc", "2"}, {"inspect", "x"}), 2, "launch: inspect runs in one process");
  expect_refusal(launched({"--nproc", "0"}, start()), 2, "--nproc 0: expected a number from 1 to 1024");
  expect_refusal(launched({"--nproc", "4:2"}, start()), 2, "--nproc 4:2: expected the smaller number first");
  expect_refusal({"launch", "--nproc", "2"}, 2, "launch: expected a command behind --");
  Arguments odd = start();
  odd.insert(odd.end(), {"--shards", "3"});
  expect_refusal(launched({"--nproc", "2"}, odd), 2, "--shards 3: cannot be divided among 2 processes");
}

TEST_F(LaunchTest, PicturesAreThoseOfOneProcess) {
  const auto generated = [&](const std::string& folder) {
    return Arguments{"generate",       "--seeds",   "0-2",
                     "--batch",        "1",         "--outdir",
                     folder_ / folder, "--tensors", folder_ / (folder + ".safetensors")};
  };
  ASSERT_EQ(call(launched({"--nproc", "2"}, generated("two"))), 0) << output();
  ASSERT_EQ(call(generated("one")), 0) << output();
  for (const char* name : {"seed0000.png", "seed0001.png", "seed0002.png", "sheet.png"})
    EXPECT_TRUE(read_file(folder_ / "one" / name) == read_file(folder_ / "two" / name)) << name;
  // The files' metadata hold the command, which names another folder.
  const StateDict one = formats::read_safetensors(folder_ / "one.safetensors");
  const StateDict two = formats::read_safetensors(folder_ / "two.safetensors");
  ASSERT_GT(one.size(), 0u);
  ASSERT_EQ(one.size(), two.size());
  for (const auto& [name, tensor] : one) EXPECT_TRUE(tensor.equal(two.at(name))) << name;
}

}  // namespace
}  // namespace lifted
