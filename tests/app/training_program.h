// Tests of a training command: run it, or start it, wait for its snapshots and kill it; look at its runs.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "lifted/base/file.h"
#include "lifted/train/run_directory.h"
#include "lifted/train/snapshot.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"

namespace lifted::test {
namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

class TrainingProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::getenv("LIFTED_PROGRAM")) GTEST_SKIP() << "LIFTED_PROGRAM is not set: run through ctest";
  }

  fs::path runs() const { return folder_ / "runs"; }
  fs::path run(const std::string& number) const {
    for (const auto& item : fs::directory_iterator(runs())) {
      if (item.path().filename().string().starts_with(number)) return item.path();
    }
    return {};
  }

  pid_t launch(const Arguments& arguments) {
    const pid_t child = fork();
    if (child != 0) return child;
    const int log = ::open((folder_ / "output.txt").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    // Networks this small gain nothing from threads, and lose much where other tests hold the cores.
    ::setenv("OMP_NUM_THREADS", "1", 1);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    const std::string program = program_path();
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }

  static int wait_for(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  virtual int call(const Arguments& arguments) { return run_program_on_one_thread(arguments, folder_ / "output.txt"); }
  /// The file itself: for commands that start it again, or look at the environment as they are loaded.
  int execute(const Arguments& arguments) { return wait_for(launch(arguments)); }

  std::string output() const {
    const Bytes bytes = read_file(folder_ / "output.txt");
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  /// Waits until the run in `folder` has a training state of at least `images` images.
  void wait_for_state(const std::string& number, int64_t images, pid_t child) const {
    for (int i = 0; i < 60'000; ++i) {
      const fs::path folder = fs::exists(runs()) ? run(number) : fs::path();
      const auto states = folder.empty() ? std::vector<fs::path>() : train::list_training_states(folder);
      if (!states.empty() && states.front().filename() >= fmt::format("training-state-{:09d}.safetensors", images))
        return;
      ASSERT_EQ(::waitpid(child, nullptr, WNOHANG), 0) << "the program ended early:\n" << output();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    FAIL() << "no training state of " << images << " images appeared";
  }

  /// Whether the program ends with `code`, says `part`, and began no run.
  void expect_refusal(const Arguments& arguments, int code, const std::string& part) {
    EXPECT_EQ(call(arguments), code) << output();
    EXPECT_NE(output().find(part), std::string::npos) << "expected '" << part << "' in:\n" << output();
    EXPECT_FALSE(fs::exists(runs()));
  }

  TemporaryFolder folder_;
};

inline void expect_same_state(const train::TrainingState& a, const train::TrainingState& b) {
  EXPECT_EQ(a.images, b.images);
  EXPECT_EQ(a.values.at("task"), b.values.at("task"));
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) EXPECT_TRUE(tensor.equal(b.tensors.at(name))) << name;
}

inline train::TrainingState newest(const fs::path& folder) {
  auto state = train::read_newest_training_state(folder, [](const std::string& why) { ADD_FAILURE() << why; });
  if (!state) throw std::runtime_error("no training state in " + folder.string());
  return std::move(*state);
}

}  // namespace lifted::test
