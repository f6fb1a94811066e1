// train-gan as a user runs it: interrupted, resumed, misused.
#include <algorithm>

#include "tests/app/train_gan_fixture.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using test::Arguments, test::expect_same_state, test::newest;
using TrainGan = test::TrainGanTest;

TEST_F(TrainGan, ContinuesBitForBitAfterKill9) {
  ASSERT_EQ(call(start()), 0) << output();
  const pid_t child = launch(start());
  wait_for_state("00001", 80, child);
  ::kill(child, SIGKILL);
  ASSERT_EQ(wait_for(child), 128 + SIGKILL) << "the program was done before it could be killed";
  ASSERT_LT(newest(run("00001")).images, 160);
  ASSERT_EQ(call(resume(run("00001"), "0.16")), 0) << output();
  expect_same_state(newest(run("00000")), newest(run("00001")));
  for (const char* name : {"reals.png", "fakes_init.png", "log.txt", "stats.jsonl", "training_options.json",
                           "network-snapshot-000000.safetensors"}) {
    EXPECT_TRUE(fs::exists(run("00001") / name)) << name;
  }
}

TEST_F(TrainGan, TrainsFromOrdinaryJpegsThroughDatasetMake) {
  const fs::path photos = folder_ / "photos", zip = folder_ / "photos16.zip";
  for (int i = 0; i < 9; ++i) {
    auto photo = formats::filled_image(40 + 13 * i, 90 - 7 * i, 3, static_cast<uint8_t>(25 * i));
    formats::write_jpeg(photos / fmt::format("holiday {}.{}", i, i % 2 ? "JPG" : "jpeg"), photo);
  }
  ASSERT_EQ(call({"dataset", "make", "--source", photos, "--dest", zip, "--size", "16", "--transform", "center-crop"}),
            0)
      << output();
  Arguments arguments = start(0.008);
  *(std::find(arguments.begin(), arguments.end(), "--data") + 1) = zip;
  ASSERT_EQ(call(arguments), 0) << output();
  const fs::path network = run("00000") / "network-snapshot-000000.safetensors";
  EXPECT_TRUE(fs::exists(network));

  // What came out is a network that can be measured.
  const Arguments metrics = {"metrics", "--network", network, "--data", zip, "--metrics"};
  const auto with = [&](const char* metric) {
    Arguments all = metrics;
    all.push_back(metric);
    return all;
  };
  ASSERT_EQ(call(with("fd_random1k_full")), 0) << output();
  EXPECT_NE(output().find("\"generated_images\":1000"), std::string::npos) << output();
  EXPECT_EQ(call(with("fid50k_full")), 2) << output();
}

TEST_F(TrainGan, TerminationSnapshotsAndACorruptSnapshotIsPassedOver) {
  const pid_t child = launch(start(1000));
  wait_for_state("00000", 40, child);
  ::kill(child, SIGTERM);
  ASSERT_EQ(wait_for(child), 0) << output();
  EXPECT_NE(output().find("--resume"), std::string::npos);
  const auto states = train::list_training_states(run("00000"));
  ASSERT_EQ(states.size(), 2u);
  std::fstream(states[0], std::ios::in | std::ios::out | std::ios::binary).seekp(-9, std::ios::end) << "damaged";
  const auto older = train::read_training_state(states[1]).images;
  const auto kimg = fmt::format("{}", static_cast<double>(older + 8) / 1000);
  ASSERT_EQ(call({"train-gan", "--resume", run("00000"), "--kimg", kimg}), 0) << output();
  EXPECT_NE(output().find("damaged"), std::string::npos) << output();
  // The damaged one may still lie there, with more images than the run has now.
  const auto last = train::read_newest_training_state(run("00000"), [](const std::string&) {});
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->images, older + 8);
}

TEST_F(TrainGan, RefusesWhatCannotWork) {
  const auto with = [&](const Arguments& more) {
    Arguments arguments = start();
    for (size_t i = 0; i < more.size(); i += 2) {
      const auto found = std::find(arguments.begin(), arguments.end(), more[i]);
      if (found == arguments.end())
        arguments.insert(arguments.end(), {more[i], more[i + 1]});
      else
        *(found + 1) = more[i + 1];
    }
    return arguments;
  };
  expect_refusal(with({"--batch", "13"}), 2, "12 images, fewer than --batch 13");
  expect_refusal(with({"--size", "32"}), 1, "16x16 pixels, expected 32x32");
  expect_refusal(with({"--size", "48"}), 2, "power of two");
  expect_refusal(with({"--channels", "huge"}), 2, "expected lite, full, tiny or micro");
  expect_refusal(with({"--aug", "much"}), 2, "expected ada, noaug or fixed");
  expect_refusal(with({"--data", folder_.path() / "absent"}), 1, "does not exist");
  expect_refusal(with({"--kimg", "-1"}), 2, "--kimg");
  expect_refusal({"train-gan", "--resume", data()}, 1, "not a run folder");

  Arguments dry = start();
  dry.push_back("--dry-run");
  expect_refusal(dry, 0, "nothing was written");
}

TEST_F(TrainGan, WarmupTrainsTheDiscriminatorAlone) {
  const auto trained = [&](double kimg) {
    Arguments arguments = start(kimg);
    arguments.insert(arguments.end(), {"--warmup", "0.012", "--ema", "0.004"});
    EXPECT_EQ(call(arguments), 0) << output();
    const auto state = newest(run(kimg < 0.02 ? "00000" : "00001"));
    // The average starts as a copy of the generator and follows it by half in each of these steps.
    return state.tensors.at("g.input.input").equal(state.tensors.at("g_ema.input.input"));
  };
  EXPECT_TRUE(trained(0.012));
  EXPECT_FALSE(trained(0.02));
}

TEST_F(TrainGan, GrowsToTwiceTheSize) {
  ASSERT_EQ(call(start(0.004)), 0) << output();
  const fs::path state = train::list_training_states(run("00000")).front();
  Arguments grow = start(0.004);
  grow.insert(grow.end(), {"--resume", state, "--grow"});
  EXPECT_EQ(call(grow), 1) << output();
  EXPECT_NE(output().find("a network of 16 pixels; growing to 16 starts from one of 8"), std::string::npos) << output();

  for (const auto& item : fs::directory_iterator(data())) {
    formats::write_png(item.path(), formats::filled_image(32, 32, 3, 100));
  }
  *(std::find(grow.begin(), grow.end(), "--size") + 1) = "32";
  ASSERT_EQ(call(grow), 0) << output();
  EXPECT_NE(output().find("grown from"), std::string::npos) << output();
  EXPECT_NE(output().find("discriminator too"), std::string::npos) << output();
  grow.resize(grow.size() - 3);
  grow.push_back("--grow");
  EXPECT_EQ(call(grow), 2) << output();
  EXPECT_NE(output().find("--grow: expected --resume"), std::string::npos) << output();
}

TEST_F(TrainGan, ResumesOnlyItsOwnConfigurationAndTransfersToOthers) {
  // Grey images are welcome among the others.
  formats::write_png(data() / "grey.png", formats::filled_image(16, 16, 1, 100));
  ASSERT_EQ(call(start(0.008)), 0) << output();
  const std::string folder = run("00000");
  EXPECT_EQ(call({"train-gan", "--resume", folder, "--batch", "8"}), 2) << output();
  EXPECT_NE(output().find("--batch 8"), std::string::npos) << output();

  Arguments transfer = start(0.004);
  const auto state = train::list_training_states(folder).front();
  transfer.insert(transfer.end(), {"--resume", state});
  ASSERT_EQ(call(transfer), 0) << output();
  EXPECT_NE(output().find("transfer from"), std::string::npos);
  transfer.back() = folder + "/network-snapshot-000000.safetensors";
  ASSERT_EQ(call(transfer), 0) << output();
  EXPECT_NE(output().find("discriminator absent"), std::string::npos) << output();
  // A checkpoint for other trainings is smaller and brings both networks.
  const fs::path checkpoint = folder_ / "checkpoint.safetensors";
  ASSERT_EQ(call({"convert", "--network", state, "--for-training", "--half", "--out", checkpoint}), 0) << output();
  EXPECT_LT(fs::file_size(checkpoint), fs::file_size(state) / 4);
  ASSERT_EQ(call({"inspect", checkpoint}), 0);
  EXPECT_NE(output().find("--resume to train-gan"), std::string::npos) << output();
  transfer.back() = checkpoint;
  ASSERT_EQ(call(transfer), 0) << output();
  EXPECT_NE(output().find("discriminator too"), std::string::npos) << output();
  // Either network alone, from files that have one each.
  const fs::path discriminator = folder_ / "discriminator.safetensors";
  ASSERT_EQ(call({"convert", "--network", state, "--for-training", "--without-generator", "--out", discriminator}), 0)
      << output();
  ASSERT_EQ(call({"inspect", discriminator}), 0);
  EXPECT_NE(output().find("--discriminator"), std::string::npos) << output();
  EXPECT_LT(fs::file_size(discriminator), fs::file_size(state) / 4);
  const std::string snapshot = folder + "/network-snapshot-000000.safetensors";
  transfer.back() = snapshot;
  Arguments both = transfer;
  both.insert(both.end(), {"--discriminator", discriminator});
  ASSERT_EQ(call(both), 0) << output();
  EXPECT_NE(output().find("discriminator from " + discriminator.string()), std::string::npos) << output();
  both.back() = snapshot;
  EXPECT_EQ(call(both), 1) << output();
  EXPECT_NE(output().find("has no discriminator"), std::string::npos) << output();
  Arguments without_generator = start(0.004);
  without_generator.insert(without_generator.end(), {"--discriminator", discriminator});
  EXPECT_EQ(call(without_generator), 2) << output();
  transfer.back() = folder + "/stats.jsonl";
  EXPECT_EQ(call(transfer), 1) << output();
}

}  // namespace
}  // namespace lifted
