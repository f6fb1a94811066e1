// Resuming without saying anything again: length, rhythm, moved files, and what is saved before a run must end.
#include "tests/app/program.h"
#include "tests/app/train_gan_fixture.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using test::Arguments, test::expect_same_state, test::newest;

class TrainResume : public test::TrainGanTest {
 protected:
  json record(const std::string& number) const {
    const Bytes bytes = read_file(run(number) / "training_options.json");
    return json::parse(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  std::string log(const std::string& number) const {
    const Bytes bytes = read_file(run(number) / "log.txt");
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// Trains by `arguments`, takes the last training state away, and resumes with nothing but the folder: everything
  /// must come out as before.
  void expect_to_go_on(const Arguments& arguments) {
    ASSERT_EQ(call(arguments), 0) << output();
    const fs::path folder = run("00000");
    const auto states = train::list_training_states(folder);
    ASSERT_EQ(states.size(), 2u) << "snapshots at every tick were asked for";
    const auto finished = train::read_training_state(states[0]);
    fs::remove(states[0]);
    ASSERT_EQ(call({arguments[0], "--resume", folder}), 0) << output();
    expect_same_state(newest(folder), finished);
    fs::remove(train::list_training_states(folder)[0]);
    EXPECT_EQ(call({arguments[0], "--resume", folder, "--dry-run"}), 0) << output();
    EXPECT_EQ(train::list_training_states(folder).size(), 1u);
  }
  int call_program(const Arguments& arguments) {
    const auto result = test::run_program(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.exit_code;
  }
};

TEST_F(TrainResume, GoesOnToTheRunsOwnLengthInItsOwnRhythm) {
  ASSERT_EQ(call(start(0.06)), 0) << output();
  const pid_t child = launch(start(0.06));
  wait_for_state("00001", 20, child);
  ::kill(child, SIGKILL);
  ASSERT_EQ(wait_for(child), 128 + SIGKILL) << "the program was done before it could be killed";
  ASSERT_EQ(call({"train-gan", "--resume", run("00001")}), 0) << output();
  expect_same_state(newest(run("00000")), newest(run("00001")));
  EXPECT_NE(output().find("training for 0.06 kimg on cpu"), std::string::npos) << output();
  const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
  const std::string log_text = log("00001");
  EXPECT_NE(log_text.find("tick 14    kimg 0.1"), std::string::npos) << log_text;  // 4 images a tick
  EXPECT_GT(lines(log_text), 15);

  // Given anew, they are what later calls go on with.
  ASSERT_EQ(call({"train-gan", "--resume", run("00001"), "--kimg", "0.072", "--tick", "0.008"}), 0) << output();
  EXPECT_EQ(newest(run("00001")).images, 72);
  EXPECT_EQ(record("00001")["kimg"], 0.072);
  EXPECT_EQ(record("00001")["tick"], 0.008);
  EXPECT_EQ(record("00001")["snap"], 5);
  ASSERT_EQ(call({"train-gan", "--resume", run("00001")}), 0) << output();
  EXPECT_EQ(newest(run("00001")).images, 72);
}

/// Earlier versions noted --kimg alone, and fewer settings.
TEST_F(TrainResume, FoldersOfEarlierVersionsGoOn) {
  ASSERT_EQ(call(start(0.02)), 0) << output();
  json old = record("00000");
  old.erase("tick"), old.erase("snap"), old["settings"].erase("warmup"), old["kimg"] = 0.028;
  write_file_atomically(run("00000") / "training_options.json", old.dump());
  ASSERT_EQ(call({"train-gan", "--resume", run("00000")}), 0) << output();
  EXPECT_EQ(newest(run("00000")).images, 28);
}

TEST_F(TrainResume, ThePrecisionStaysWhatItWas) {
  Arguments half = start(0.016);
  half.insert(half.end(), {"--precision", "bf16"});
  ASSERT_EQ(call(half), 0) << output();
  ASSERT_EQ(call(start(0.016)), 0) << output();
  EXPECT_EQ(call({"train-gan", "--resume", run("00000"), "--precision", "fp32"}), 2) << output();
  EXPECT_NE(output().find("--precision \"fp32\": the run in"), std::string::npos) << output();
  EXPECT_EQ(call({"train-gan", "--resume", run("00001"), "--precision", "bf16"}), 2) << output();
  ASSERT_EQ(call({"train-gan", "--resume", run("00000"), "--kimg", "0.02"}), 0) << output();
  EXPECT_EQ(newest(run("00000")).values.at("task").at("options").at("precision"), "bf16");
  // A folder of a version that knew of no precision is of fp32, whatever is asked for now.
  auto options = train::RunDirectory::options_of(run("00001"));
  options["settings"].erase("precision");
  train::RunDirectory::write_options(run("00001"), options);
  EXPECT_EQ(call({"train-gan", "--resume", run("00001"), "--precision", "bf16"}), 1) << output();
  EXPECT_NE(output().find("precision is \"fp32\", expected \"bf16\""), std::string::npos) << output();
  EXPECT_EQ(call({"train-gan", "--precision", "fp16", "--data", data(), "--outdir", runs(), "--size", "16", "--device",
                  "cpu"}),
            2);
  EXPECT_NE(output().find("--precision fp16: runs on a GPU only"), std::string::npos) << output();
}

TEST_F(TrainResume, DataMayHaveMoved) {
  ASSERT_EQ(call(start(0.02)), 0) << output();
  const fs::path elsewhere = folder_ / "elsewhere", other = folder_ / "other";
  fs::rename(data(), elsewhere);
  const Arguments resume = {"train-gan", "--resume", run("00000"), "--kimg", "0.028", "--data"};
  const auto from = [&](const fs::path& path) {
    Arguments arguments = resume;
    arguments.push_back(path);
    return arguments;
  };
  fs::copy(elsewhere, other);
  fs::rename(other / "03.png", other / "99.png");
  EXPECT_EQ(call(from(other)), 1) << output();
  EXPECT_NE(output().find(other.string() + ": is not the data set that the saved training used"), std::string::npos)
      << output();
  EXPECT_EQ(record("00000")["kimg"], 0.02) << "a refused call leaves the folder alone";
  ASSERT_EQ(call(from(elsewhere)), 0) << output();
  EXPECT_EQ(newest(run("00000")).images, 28);
  EXPECT_EQ(record("00000")["settings"]["data"], elsewhere.string());
  ASSERT_EQ(call({"train-gan", "--resume", run("00000"), "--kimg", "0.032"}), 0) << output();
  EXPECT_EQ(newest(run("00000")).images, 32);
}

TEST_F(TrainResume, SizesAreLookedAtBeforeTheFirstStep) {
  formats::write_png(data() / "90.png", formats::filled_image(20, 16));
  for (const bool dry : {true, false}) {
    Arguments arguments = start();
    if (dry) arguments.push_back("--dry-run");
    expect_refusal(arguments, 1, "90.png: has 20x16 pixels, the first image has 16x16");
  }
  Arguments nowhere = start();
  fs::remove(data() / "90.png");
  write_file_atomically(folder_ / "file", "");
  *(std::find(nowhere.begin(), nowhere.end(), "--outdir") + 1) = folder_ / "file";
  nowhere.push_back("--dry-run");
  expect_refusal(nowhere, 1, "file: is not a folder");
}

TEST_F(TrainResume, ADamagedImageInTheMiddleEndsARunThatGoesOn) {
  const Bytes whole = read_file(data() / "05.png");
  const pid_t child = launch(start(1000));
  wait_for_state("00000", 20, child);
  std::ofstream(data() / "05.png", std::ios::binary) << "damaged";
  ASSERT_EQ(wait_for(child), 1) << output();
  EXPECT_NE(output().find("05.png"), std::string::npos) << output();
  EXPECT_NE(output().find("continue with --resume " + run("00000").string()), std::string::npos) << output();
  EXPECT_NE(log("00000").find("error: step "), std::string::npos) << log("00000");
  const int64_t images = newest(run("00000")).images;
  EXPECT_NE(log("00000").find(fmt::format("last good snapshot: {} images", images)), std::string::npos);
  // Mended, it goes on as if nothing had been.
  write_file_atomically(data() / "05.png", whole.data(), whole.size());
  const double kimg = static_cast<double>(images + 8) / 1000;
  ASSERT_EQ(call({"train-gan", "--resume", run("00000"), "--kimg", fmt::format("{}", kimg)}), 0) << output();
  ASSERT_EQ(call(start(kimg)), 0) << output();
  expect_same_state(newest(run("00000")), newest(run("00001")));
}

TEST_F(TrainResume, AFaceNetworkGoesOn) {
  ASSERT_EQ(call_program({"heads", "render", "--count", "32", "--size", "64", "--images-per-identity", "4", "--out",
                          folder_ / "heads.zip"}),
            0);
  expect_to_go_on({"train-embedding", "--data", folder_ / "heads.zip", "--arch", "small", "--batch", "8", "--kimg",
                   "0.024", "--tick", "0.008", "--snap", "1", "--outdir", runs()});
}

TEST_F(TrainResume, ADepthNetworkGoesOn) {
  ASSERT_EQ(
      call_program({"heads", "render", "--count", "24", "--size", "32", "--ground-truth", "--out", folder_ / "heads"}),
      0);
  expect_to_go_on({"train-depth", "--data", folder_ / "heads", "--batch", "8", "--kimg", "0.024", "--tick", "0.008",
                   "--snap", "1", "--held-out", "0.2", "--outdir", runs()});
}

TEST_F(TrainResume, AProbeGoesOnFromMovedLabelsButNotFromOthers) {
  const fs::path zip = folder_ / "heads.zip", labels = folder_ / "labels.jsonl", moved = folder_ / "moved.jsonl",
                 others = folder_ / "others.jsonl";
  ASSERT_EQ(call_program({"heads", "render", "--count", "32", "--size", "64", "--out", zip}), 0);
  ASSERT_EQ(call_program({"heads", "labels", "--count", "32", "--out", labels}), 0);
  ASSERT_EQ(call_program({"heads", "labels", "--count", "32", "--seed", "9", "--out", others}), 0);
  expect_to_go_on({"train-probe", "--data", zip, "--labels", labels, "--batch", "8", "--kimg", "0.024", "--tick",
                   "0.008", "--snap", "1", "--held-out", "0.2", "--outdir", runs()});
  fs::rename(labels, moved);
  EXPECT_EQ(call({"train-probe", "--resume", run("00000"), "--labels", others}), 1);
  EXPECT_NE(output().find("not the labels that the saved training used"), std::string::npos) << output();
  EXPECT_EQ(call({"train-probe", "--resume", run("00000"), "--labels", moved}), 0) << output();
  EXPECT_EQ(newest(run("00000")).images, 24);
}

}  // namespace
}  // namespace lifted
