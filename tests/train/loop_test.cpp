#include "lifted/train/loop.h"

#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/train/step_guard.h"
#include "tests/support/golden.h"

namespace lifted::train {
namespace {
namespace fs = std::filesystem;

/// A walk that depends on every earlier step; 8 images a step.
class Walk : public TrainingTask {
 public:
  void fetch() override {
    if (steps + 1 == bad_image_at) fail("images.zip: 00007.png: has 8x8 pixels, the first image has 4x4");
  }
  void step(Statistics& statistics) override {
    ++steps;
    if (steps == nan_at) throw NonFiniteError("the walk's loss is nan");
    if (steps == unseen_nan_at) unseen_nan = true;
    if (steps == signal_at) std::raise(SIGTERM);
    if (steps == crash_at) throw std::runtime_error("killed");
    position = (position * 3.99f * (1 - position)).contiguous();
    statistics.add("Loss/walk", position.mean().item<double>());
  }
  void check() override {
    if (unseen_nan) throw NonFiniteError("the walk's loss is nan", steps - unseen_nan_at);
  }
  int64_t images_per_step() const override { return 8; }
  StateDict state() const override { return {{"position", position}}; }
  nlohmann::json values() const override { return {{"steps", steps}}; }
  void load_state(const StateDict& state, const nlohmann::json& values) override {
    position = state.at("position").clone();
    steps = values.at("steps");
  }
  void write_network(const fs::path& path) const override {
    if (steps >= disk_lost_at) fail("{}: cannot write: No space left on device", path.string());
    write_file_atomically(path, "network");
  }
  void write_pictures(RunDirectory& run, int64_t images) override {
    run.write_image(fmt::format("fakes{}.png", images), "Fakes", formats::filled_image(4, 4), images);
  }
  std::string status(const Statistics& statistics) const override {
    return fmt::format("walk {:.3f}", statistics.mean("Loss/walk"));
  }

  torch::Tensor position = torch::linspace(0.1, 0.9, 1000);
  int64_t steps = 0, nan_at = -1, signal_at = -1, crash_at = -1, bad_image_at = -1, disk_lost_at = INT64_MAX;
  int64_t unseen_nan_at = -1;
  bool unseen_nan = false;
};

const LoopOptions kOptions{.total_images = 320, .images_per_tick = 40, .image_ticks = 2, .snapshot_ticks = 2};

RunDirectory new_run(const test::TemporaryFolder& folder) {
  return RunDirectory::create(folder.path(), "walk", {{"data", "none"}});
}

std::vector<nlohmann::json> statistics_of(const fs::path& run) {
  std::ifstream file(run / "stats.jsonl");
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

std::string text_of(const fs::path& path) {
  const Bytes bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Statistics, TensorsAreReadLaterAndCountTheSame) {
  Statistics numbers, tensors;
  const auto values = torch::tensor({{0.1f, -3.f}, {7.25f, 1e-8f}});
  for (const double offset : {0.0, 1.0}) {
    numbers.add("a", 0.5 + offset);
    tensors.add("a", torch::tensor(0.5 + offset, torch::kFloat64).requires_grad_(true));
    for (int64_t i = 0; i < 4; ++i) numbers.add("b", values.flatten()[i].item<double>());
    tensors.add("b", values);
  }
  EXPECT_EQ(tensors.mean("b"), numbers.mean("b"));
  numbers.add("a", 3);
  tensors.add("a", 3);
  EXPECT_EQ(tensors.to_json(), numbers.to_json());
  EXPECT_EQ(tensors.to_json()["b"]["num"], 8);
  tensors.add("a", values);
  tensors.clear();
  EXPECT_EQ(tensors.to_json().size(), 0u);
}

TEST(Loop, LeavesARunFolder) {
  const test::TemporaryFolder folder;
  auto run = new_run(folder);
  Walk walk;
  EXPECT_EQ(run_training(walk, run, kOptions), LoopEnd::finished);
  EXPECT_EQ(walk.steps, 40);
  EXPECT_EQ(run.path().filename(), "00000-walk");
  EXPECT_EQ(new_run(folder).path().filename(), "00001-walk");
  for (const char* name : {"training_options.json", "log.txt", "stats.jsonl", "fakes0.png", "fakes320.png",
                           "network-snapshot-000000.safetensors", "training-state-000000320.safetensors"}) {
    EXPECT_TRUE(fs::exists(run.path() / name)) << name;
  }
  EXPECT_EQ(list_training_states(run.path()).size(), 2u);
  const auto lines = statistics_of(run.path());
  ASSERT_EQ(lines.size(), 9u);  // one after the first step, seven of five steps, the rest
  EXPECT_EQ(lines[1]["Loss/walk"]["num"], 5);
  EXPECT_EQ(lines.back()["Loss/walk"]["num"], 4);
  EXPECT_EQ(lines.back()["Progress/images"]["mean"], 320);
  EXPECT_NE(text_of(run.path() / "log.txt").find("sec/kimg"), std::string::npos);
}

TEST(Loop, ResumesExactlyAfterADeath) {
  const test::TemporaryFolder folder;
  auto whole_run = new_run(folder);
  Walk whole;
  run_training(whole, whole_run, kOptions);

  for (const int64_t death : {12, 23, 24, 39}) {
    auto run = new_run(folder);
    Walk first;
    first.crash_at = death;
    EXPECT_THROW(run_training(first, run, kOptions), std::runtime_error);
    const auto state = read_newest_training_state(run.path(), [](const std::string& why) { FAIL() << why; });
    ASSERT_EQ(state.has_value(), death > 10);
    auto again = RunDirectory::reopen(run.path(), state->images);
    Walk second;
    run_training(second, again, kOptions, &*state);
    EXPECT_TRUE(second.position.equal(whole.position)) << "death at step " << death;
    // No tick appears twice, none is missing.
    const auto lines = statistics_of(run.path()), expected = statistics_of(whole_run.path());
    ASSERT_EQ(lines.size(), expected.size());
    for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i]["Progress/images"], expected[i]["Progress/images"]);
  }
}

TEST(Loop, SignalsSnapshotAndStop) {
  const test::TemporaryFolder folder;
  auto run = new_run(folder);
  Walk walk;
  walk.signal_at = 17;
  EXPECT_EQ(run_training(walk, run, kOptions), LoopEnd::interrupted);
  const auto state = read_newest_training_state(run.path(), [](const std::string& why) { FAIL() << why; });
  ASSERT_TRUE(state);
  EXPECT_EQ(state->images, 17 * 8);  // the step at hand was finished
  EXPECT_NE(text_of(run.path() / "log.txt").find("--resume"), std::string::npos);
}

TEST(Loop, NanNamesStepTermAndSnapshot) {
  const test::TemporaryFolder folder;
  auto run = new_run(folder);
  Walk walk;
  walk.nan_at = 23;
  try {
    run_training(walk, run, kOptions);
    FAIL() << "went on after a NaN";
  } catch (const NonFiniteError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("step 23"), std::string::npos) << message;
    EXPECT_NE(message.find("the walk's loss is nan"), std::string::npos) << message;
    const int64_t last = read_newest_training_state(run.path(), [](const std::string&) {})->images;
    EXPECT_NE(message.find(fmt::format("{} images", last)), std::string::npos) << message;
  }
  EXPECT_NE(text_of(run.path() / "log.txt").find("step 23"), std::string::npos);
}

/// As on a GPU, whose steps are not waited for.
TEST(Loop, NanFoundLaterNamesItsStepAndIsNeverKept) {
  for (const auto& [step, says] : {std::pair(23, "step 23 (kimg 0.176): the walk's loss is nan; it and those since"),
                                   std::pair(26, "step 26 (kimg 0.200): the walk's loss is nan; this step is lost")}) {
    const test::TemporaryFolder folder;
    auto run = new_run(folder);
    Walk walk;
    walk.unseen_nan_at = step;
    try {
      run_training(walk, run, kOptions);
      FAIL() << "went on after a NaN";
    } catch (const NonFiniteError& error) {
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    }
    const auto kept = read_newest_training_state(run.path(), [](const std::string&) {});
    ASSERT_TRUE(kept);
    EXPECT_LT(kept->images, step * 8);
  }
}

TEST(Loop, NanSaysWhatIsTrueOfTheStep) {
  const test::TemporaryFolder folder;
  auto run = new_run(folder);
  Walk walk;
  walk.nan_at = 3;
  try {
    run_training(walk, run, kOptions);
    FAIL() << "went on after a NaN";
  } catch (const NonFiniteError& error) {
    EXPECT_STREQ(error.what(),
                 "step 3 (kimg 0.016): the walk's loss is nan; this step is lost; there is no snapshot yet");
  }
}

TEST(Loop, SnapshotsBeforeABadImageEndsIt) {
  const test::TemporaryFolder folder;
  auto whole_run = new_run(folder), run = new_run(folder);
  Walk whole, walk;
  run_training(whole, whole_run, kOptions);
  walk.bad_image_at = 18;
  std::string message;
  try {
    run_training(walk, run, kOptions);
    FAIL() << "went on without an image";
  } catch (const NonFiniteError&) {
    FAIL() << "not what happened";
  } catch (const Error& error) {
    message = error.what();
  }
  EXPECT_EQ(message, fmt::format("step 18 (kimg 0.136): images.zip: 00007.png: has 8x8 pixels, the first image has "
                                 "4x4; last good snapshot: 136 images; continue with --resume {}",
                                 run.path().string()));
  EXPECT_NE(text_of(run.path() / "log.txt").find("error: " + message), std::string::npos);
  const auto state = read_newest_training_state(run.path(), [](const std::string& why) { FAIL() << why; });
  ASSERT_TRUE(state);
  EXPECT_EQ(state->images, 17 * 8);
  auto again = RunDirectory::reopen(run.path(), state->images);
  Walk mended;
  run_training(mended, again, kOptions, &*state);
  EXPECT_TRUE(mended.position.equal(whole.position));
}

TEST(Loop, ABadImageAtTheVeryStartLeavesNothingToSave) {
  const test::TemporaryFolder folder;
  auto run = new_run(folder);
  Walk walk;
  walk.bad_image_at = 1;
  EXPECT_THROW(run_training(walk, run, kOptions), Error);
  EXPECT_NE(text_of(run.path() / "log.txt").find("error: step 1 (kimg 0.000): images.zip: 00007.png"),
            std::string::npos);
  EXPECT_TRUE(list_training_states(run.path()).empty());
}

TEST(Loop, SaysInTheLogWhyItEnded) {
  const test::TemporaryFolder folder;
  auto crashed = new_run(folder), full = new_run(folder);
  Walk walk, unlucky;
  walk.crash_at = 12;
  EXPECT_THROW(run_training(walk, crashed, kOptions), std::runtime_error);
  EXPECT_NE(text_of(crashed.path() / "log.txt").find("error: killed"), std::string::npos);
  // A lost disk: snapshots in between are tried again, the last one is an error.
  unlucky.disk_lost_at = 15;
  EXPECT_THROW(run_training(unlucky, full, kOptions), Error);
  EXPECT_EQ(unlucky.steps, 40);
  const std::string log = text_of(full.path() / "log.txt");
  EXPECT_NE(log.find("warning: "), std::string::npos);
  EXPECT_NE(log.find("error: "), std::string::npos);
  EXPECT_NE(log.rfind("No space left on device"), std::string::npos);
  EXPECT_EQ(read_newest_training_state(full.path(), [](const std::string&) {})->images, 48);
}

TEST(Snapshot, TheNewestThatVerifiesIsUsed) {
  const test::TemporaryFolder folder;
  const auto tensor = torch::arange(100, torch::kFloat32);
  write_training_state(folder.path(), {1000, {{"x", tensor}}, {{"n", 1}}});
  const auto newest = write_training_state(folder.path(), {2000, {{"x", tensor + 1}}, {{"n", 2}}});
  EXPECT_EQ(read_newest_training_state(folder.path(), [](const std::string&) {})->images, 2000);

  const std::string whole = text_of(newest);
  // Damage at any place is noticed: header, numbers, tensors, end.
  for (const size_t at : {size_t{3}, size_t{60}, whole.size() / 2, whole.size() - 1}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(newest, std::ios::binary) << damaged;
    int rejected = 0;
    const auto state = read_newest_training_state(folder.path(), [&](const std::string&) { ++rejected; });
    ASSERT_TRUE(state) << at;
    EXPECT_EQ(state->images, 1000) << "damage at byte " << at << " of " << whole.size();
    EXPECT_TRUE(state->tensors.at("x").equal(tensor));
    EXPECT_EQ(rejected, 1);
  }
  for (const size_t size : {size_t{0}, size_t{5}, whole.size() - 7}) {
    std::ofstream(newest, std::ios::binary) << whole.substr(0, size);
    EXPECT_EQ(read_newest_training_state(folder.path(), [](const std::string&) {})->images, 1000) << "cut at " << size;
  }
}

TEST(Snapshot, AFullDiskKeepsTheOldState) {
  const test::TemporaryFolder folder;
  write_training_state(folder.path(), {1000, {{"x", torch::ones({10})}}, {}}, 1);
  // A limit on file size fails writes as a full disk does.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1 << 16, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_training_state(folder.path(), {2000, {{"x", torch::ones({1 << 20})}}, {}}, 1), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(list_training_states(folder.path()).size(), 1u);
  EXPECT_EQ(read_newest_training_state(folder.path(), [](const std::string& why) { FAIL() << why; })->images, 1000);
  // Nothing is left of the attempt.
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(RunDirectory, RefusesWhatIsNoRunFolder) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(RunDirectory::reopen(folder.path(), 0), Error);
  write_file_atomically(folder / "training_options.json", "{");
  EXPECT_THROW(RunDirectory::reopen(folder.path(), 0), Error);
  write_file_atomically(folder / "file", "");
  EXPECT_THROW(RunDirectory::create(folder / "file", "x", {}), Error);
}

TEST(Statistics, CountMeanAndDeviation) {
  Statistics statistics;
  for (const double value : {1.0, 2.0, 3.0, 4.0}) statistics.add("x", value);
  const auto json = statistics.to_json();
  EXPECT_EQ(json["x"]["num"], 4);
  EXPECT_DOUBLE_EQ(json["x"]["mean"], 2.5);
  EXPECT_DOUBLE_EQ(json["x"]["std"], std::sqrt(1.25));
  EXPECT_EQ(statistics.mean("y", 7), 7);
}

TEST(FormatDuration, ReadsNaturally) {
  EXPECT_EQ(format_duration(8.6), "9s");
  EXPECT_EQ(format_duration(187), "3m 07s");
  EXPECT_EQ(format_duration(7510), "2h 05m 10s");
  EXPECT_EQ(format_duration(90000), "1d 01h 00m");
}

}  // namespace
}  // namespace lifted::train
