// train-lift and ablate as a user runs them: interrupted, resumed, misused.
#include "lifted/model/critics.h"
#include "lifted/model/import.h"
#include "lifted/model/network_file.h"
#include "lifted/nets/load.h"
#include "tests/app/training_program.h"
#include "tests/support/event_file.h"
#include "tests/support/pytorch_file.h"
#include "tests/support/tiny_networks.h"
#include "tests/support/video.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using test::Arguments, test::expect_same_state, test::newest;

/// On a made-up generator of 16 pixels, 4 samples a step.
class TrainLift : public test::TrainingProgramTest {
 protected:
  void SetUp() override {
    TrainingProgramTest::SetUp();
    if (IsSkipped()) return;
    model::LoadedNetwork network = test::tiny_generator(1);
    model::save_network(gan(), network);
  }

  /// A face network for images of `size` pixels.
  std::string face_network(int size) const {
    nets::FaceEmbeddingConfig config;
    config.size = size;
    config.dimensions = 8;
    config.widths = {4, 4, 8, 8};
    config.blocks = {1, 1, 1, 1};
    const std::string path = folder_ / fmt::format("face{}.safetensors", size);
    model::save_face_embedding(path, nets::FaceEmbedding(config), nlohmann::json::object());
    return path;
  }
  std::string gan() const { return folder_ / "gan.safetensors"; }
  Arguments start(double kimg = 0.08) const {
    return {"train-lift",
            "--gan",
            gan(),
            "--preset",
            "heads",
            "--outdir",
            runs(),
            "--batch",
            "4",
            "--kimg",
            fmt::format("{}", kimg),
            "--tick",
            "0.004",
            "--snap",
            "5",
            "--seed",
            "3",
            "--device",
            "cpu"};
  }
  Arguments with(const Arguments& more) const {
    Arguments arguments = start();
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  Arguments ablate(int steps) const {
    return {"ablate",
            "--gan",
            gan(),
            "--preset",
            "heads",
            "--outdir",
            runs(),
            "--batch",
            "4",
            "--samples",
            "16",
            "--steps",
            fmt::format("{}", steps),
            "--tick",
            "0.004",
            "--snap",
            "1",
            "--device",
            "cpu"};
  }
  static json read_json(const fs::path& path) {
    const Bytes bytes = read_file(path);
    return json::parse(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
};

TEST_F(TrainLift, ContinuesBitForBitAfterKill9) {
  ASSERT_EQ(call(start()), 0) << output();
  const pid_t child = launch(start());
  wait_for_state("00001", 40, child);
  ::kill(child, SIGKILL);
  ASSERT_EQ(wait_for(child), 128 + SIGKILL) << "the program was done before it could be killed";
  ASSERT_LT(newest(run("00001")).images, 80);
  ASSERT_EQ(call({"train-lift", "--resume", run("00001"), "--kimg", "0.08", "--tick", "0.004", "--snap", "5"}), 0)
      << output();
  expect_same_state(newest(run("00000")), newest(run("00001")));
  for (const char* name : {"panel_init.png", "panel000000.png", "sweep_init.png", "sweep000000.png", "turn_init.gif",
                           "turn000000.gif", "log.txt"})
    EXPECT_TRUE(fs::exists(run("00001") / name)) << name;

  const auto network = model::load_network(run("00001") / "network-snapshot-000000.safetensors");
  ASSERT_NE(network.lifted, nullptr);
  EXPECT_EQ(network.lifted->size(), 16);
}

TEST_F(TrainLift, TensorBoardShowsHeadsThatTurn) {
  ASSERT_EQ(call(start(0.004)), 0) << output();
  const auto images = test::event_images(run("00000"));
  std::map<std::string, int> seen;
  for (const auto& image : images) seen[image.tag + (image.file.starts_with("GIF89a") ? " moves" : "")] += 1;
  EXPECT_EQ(seen, (std::map<std::string, int>{{"Panel", 2}, {"Sweep", 2}, {"Turn moves", 2}}));
  const auto turn = std::ranges::find(images, "Turn", &test::EventImage::tag);
  ASSERT_NE(turn, images.end());
  write_file_atomically(folder_ / "turn.gif", turn->file);
  const auto frames = test::read_video(folder_ / "turn.gif").frames;
  ASSERT_EQ(frames.size(), 24u) << "−90° to 90° by 15°, and back";
  EXPECT_GE(frames[0].width, 4 * 16);
  EXPECT_NE(frames[0], frames[6]);
  EXPECT_NE(frames[0], frames[12]) << "one side is not the other";
}

TEST_F(TrainLift, GoesOnToItsOwnLengthFromAMovedGenerator) {
  ASSERT_EQ(call(start(0.04)), 0) << output();
  const auto states = train::list_training_states(run("00000"));
  const auto finished = train::read_training_state(states[0]);
  fs::remove(states[0]);
  const fs::path moved = folder_ / "elsewhere" / "gan.safetensors", other = folder_ / "other" / "gan.safetensors";
  fs::create_directories(moved.parent_path());
  fs::create_directories(other.parent_path());
  fs::rename(gan(), moved);
  model::LoadedNetwork stranger = test::tiny_generator(2);
  model::save_network(other, stranger);
  EXPECT_EQ(call({"train-lift", "--resume", run("00000"), "--gan", other}), 1) << output();
  EXPECT_NE(output().find("its run lifts another generator"), std::string::npos) << output();
  ASSERT_EQ(call({"train-lift", "--resume", run("00000"), "--gan", moved}), 0) << output();
  expect_same_state(newest(run("00000")), finished);
  const json record = read_json(run("00000") / "training_options.json");
  EXPECT_EQ(record["settings"]["gan"], moved.string());
  EXPECT_EQ(record["kimg"], 0.04);
  EXPECT_EQ(record["tick"], 0.004);
  EXPECT_EQ(record["snap"], 5);
}

TEST_F(TrainLift, StartsFromAnotherLiftWhereItFits) {
  ASSERT_EQ(call(start(0.02)), 0) << output();
  const std::string lifted = run("00000") / "network-snapshot-000000.safetensors";
  // A step that changes nothing: what comes out is what went in.
  Arguments arguments = start(0.004);
  arguments.insert(arguments.end(), {"--set", "learning_rate=0", "--init", lifted});
  ASSERT_EQ(call(arguments), 0) << output();
  const auto weights = [](const std::string& path) { return formats::tensors_of(formats::read_checkpoint(path).root); };
  const StateDict before = weights(lifted), after = weights(run("00001") / "network-snapshot-000000.safetensors");
  ASSERT_EQ(before.size(), after.size());
  for (const auto& [name, tensor] : before) EXPECT_TRUE(tensor.equal(after.at(name))) << name;

  arguments.back() = gan();
  EXPECT_EQ(call(arguments), 1);
  EXPECT_NE(output().find("without lifting networks"), std::string::npos) << output();
}

/// The lifting networks of tiny_lifted as LiftedGAN keeps them, but for the optimizer.
void write_published(const fs::path& path) {
  test::PytorchFile file;
  const auto network = test::tiny_lifted(1);
  for (const auto& [name, module] : network.lifted->networks().published()) {
    for (const auto& [key, tensor] : nets::state_of(*module)) file.dicts[name][key] = tensor.detach().clone();
  }
  file.tensors["global_step"] = torch::tensor(7);
  file.save(path);
}

TEST_F(TrainLift, StartsFromAPublishedCheckpointWithItsConfig) {
  fs::create_directories(folder_ / "authors");
  const fs::path checkpoint = folder_ / "authors" / "checkpoint_001.pth", config = folder_ / "authors" / "config.py";
  write_published(checkpoint);
  write_file_atomically(config, "fov = 20\nlam_rec = 3.5\nbatch_size = 2\nnew = f(1)\n");
  Arguments arguments = start(0.004);
  arguments.insert(arguments.end(), {"--set", "learning_rate=0", "--init", checkpoint});
  ASSERT_EQ(call(arguments), 0) << output();
  const json record = read_json(run("00000") / "training_options.json");
  EXPECT_EQ(record["model"]["fov_degrees"], 20) << "the file beside fixes the model";
  EXPECT_EQ(record["options"]["training"]["weights"]["lam_rec"], 5.0) << "and not how it is trained";
  arguments.insert(arguments.end(), {"--config", config});
  *(std::find(arguments.begin(), arguments.end(), "--batch") + 1) = "0";
  ASSERT_EQ(call(arguments), 0) << output();
  EXPECT_NE(output().find("new (line 4"), std::string::npos) << output();
  const json all = read_json(run("00001") / "training_options.json");
  EXPECT_EQ(all["model"]["fov_degrees"], 20);
  EXPECT_EQ(all["options"]["training"]["weights"]["lam_rec"], 3.5);
  EXPECT_EQ(all["options"]["batch"], 2);
  fs::remove_all(runs());
  expect_refusal(with({"--resume", checkpoint}), 1, "holds no state of an optimizer");
  expect_refusal(with({"--resume", gan()}), 1, "expected a run folder or a checkpoint_NNN.pth");
  expect_refusal(with({"--resume", checkpoint, "--init", checkpoint}), 2, "expected one of them");
  write_file_atomically(config, "fov = 10 * 2\n");
  expect_refusal(with({"--init", checkpoint}), 1, "config.py:1: fov");
  write_file_atomically(folder_ / "file", "not a folder");
  auto nowhere = start(0.004);
  nowhere.push_back("--dry-run");
  *(std::ranges::find(nowhere, "--outdir") + 1) = folder_ / "file" / "runs";
  expect_refusal(nowhere, 1, "is not a folder; expected one that runs can be made in");
}

TEST_F(TrainLift, GoesOnFromThePublishedOptimizer) {
  LIFTED_GOLDEN_OR_SKIP(checkpoint, "liftedgan-256.pth");
  LIFTED_GOLDEN_OR_SKIP(generator, "stylegan2-256.pt");
  const auto resume = [&](const char* kimg) {
    return Arguments{"train-lift", "--resume", checkpoint, "--gan",     generator,  "--outdir",
                     runs(),       "--kimg",   kimg,       "--dry-run", "--device", "cpu"};
  };
  expect_refusal(resume("1"), 0, "everything is in order");
  expect_refusal(resume("0.008"), 2, "has 1 steps of 8 already, 0.008 kimg; expected more");

  // One more step of two samples, in a folder that knows its own length and rhythm.
  ASSERT_EQ(call({"train-lift", "--resume", checkpoint, "--gan", generator, "--outdir", runs(), "--batch", "2",
                  "--kimg", "0.004", "--tick", "0.002", "--snap", "3", "--device", "cpu"}),
            0)
      << output();
  EXPECT_EQ(newest(run("00000")).values.at("task").at("steps"), 2);
  const json record = read_json(run("00000") / "training_options.json");
  EXPECT_EQ(record["kimg"], 0.004);
  EXPECT_EQ(record["tick"], 0.002);
  EXPECT_EQ(record["snap"], 3);
}

TEST_F(TrainLift, EchoesThePresetAndSaysWhatIsOff) {
  Arguments arguments = start(0.004);
  arguments.insert(arguments.end(), {"--wo", "flip,rega", "--set", "lam_rec=4", "--set", "max_yaw=30"});
  ASSERT_EQ(call(arguments), 0) << output();
  EXPECT_NE(output().find("neither --vgg nor --embedding: the perceptual term is off"), std::string::npos) << output();
  EXPECT_NE(output().find("no --embedding: the identity term is off"), std::string::npos) << output();
  EXPECT_TRUE(run("00000").filename().string().ends_with("-wo_flip-wo_rega")) << run("00000");

  const json record = read_json(run("00000") / "training_options.json");
  const json& training = record["options"]["training"];
  EXPECT_EQ(training["weights"]["lam_rec"], 4.0);
  EXPECT_EQ(training["weights"]["lam_flip"], 0.0);
  EXPECT_EQ(training["weights"]["lam_albedo_rank"], 0.0);
  EXPECT_EQ(training["weights"]["lam_perturb_im"], 2.0);
  EXPECT_EQ(training["max_yaw"], 30.0);
  EXPECT_EQ(record["options"]["sources"]["preset_values"]["training"]["weights"]["lam_rec"], 5.0);
  EXPECT_EQ(record["notes"].size(), 2u);
}

TEST_F(TrainLift, UsesAFaceNetworkForBothOfItsTerms) {
  Arguments arguments = start(0.008);
  arguments.insert(arguments.end(), {"--embedding", face_network(16)});
  ASSERT_EQ(call(arguments), 0) << output();
  EXPECT_NE(output().find("the face network's features serve as perceptual ones"), std::string::npos) << output();
  const Bytes bytes = read_file(run("00000") / "stats.jsonl");
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const json last = json::parse(text.substr(0, text.find('\n')));
  EXPECT_GT(last["Loss/loss_ID_perturb"]["mean"], 0.0);
  EXPECT_EQ(read_json(run("00000") / "training_options.json")["options"]["training"]["weights"]["lam_perc"], 0.1);
}

TEST_F(TrainLift, RefusesWhatCannotWork) {
  const auto expect = [&](const Arguments& more, int code, const std::string& part) {
    expect_refusal(with(more), code, part);
  };
  expect({"--wo", "everything"}, 2, "expected flip, perturb, idt or rega");
  expect({"--set", "lam_rec"}, 2, "expected NAME=VALUE");
  expect({"--set", "lam_rec=many"}, 2, "expected a number");
  expect({"--set", "lam_nose=1"}, 2, "there is no 'lam_nose'");
  expect({"--set", "max_yaw=1000"}, 2, "max_yaw must be a number from 0 to 90");
  expect({"--embedding", gan()}, 1, gan());
  expect({"--embedding", face_network(32)}, 1, "for images of 32 pixels; the generator's have 16");
  expect({"--vgg", folder_ / "absent.pth"}, 1, "absent.pth");
  expect({"--dry-run"}, 0, "nothing was written");
  expect_refusal({"train-lift", "--gan", gan(), "--outdir", runs(), "--preset", "dogs"}, 2,
                 "expected afhq-cat, afhq-dog, celeba, ffhq, heads");
  expect_refusal({"train-lift", "--outdir", runs()}, 2, "--gan");
  expect_refusal({"train-lift", "--gan", gan()}, 2, "--outdir");
  expect_refusal({"train-lift", "--gan", folder_ / "absent.pt", "--outdir", runs()}, 1, "absent.pt");
  expect_refusal({"train-lift", "--resume", folder_.path()}, 1, "not a run folder");
}

TEST_F(TrainLift, AblationsEndInOneTableAndGoOnWhereTheyStopped) {
  const pid_t child = launch(ablate(5));
  for (int i = 0; !fs::exists(runs() / "wo_flip") && i < 60'000; ++i) {
    ASSERT_EQ(::waitpid(child, nullptr, WNOHANG), 0) << "the program ended early:\n" << output();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ::kill(child, SIGKILL);
  ASSERT_EQ(wait_for(child), 128 + SIGKILL) << "the program was done before it could be killed";
  ASSERT_EQ(call(ablate(5)), 0) << output();
  const json first = read_json(runs() / "ablations.json");
  ASSERT_EQ(first.size(), 4u);  // without a face network, wo_idt would be the full model
  EXPECT_NE(output().find("| wo_rega "), std::string::npos) << output();
  for (const json& row : first) {
    const json& agreement = row["results"]["agreement"];
    EXPECT_EQ(agreement["codes"], 16);
    for (const char* name : {"render", "flipped", "turned", "relief"}) EXPECT_GT(agreement[name], 0.0) << row.dump();
  }
  EXPECT_NE(first[0]["results"]["agreement"]["render"], first[1]["results"]["agreement"]["render"]);
  // Everything is trained: a second call only measures, and need not say how long.
  Arguments again = ablate(5);
  for (const char* option : {"--steps", "--tick", "--snap"}) {
    const auto at = std::find(again.begin(), again.end(), option);
    again.erase(at, at + 2);
  }
  ASSERT_EQ(call(again), 0) << output();
  EXPECT_EQ(read_json(runs() / "ablations.json"), first);
}

}  // namespace
}  // namespace lifted
