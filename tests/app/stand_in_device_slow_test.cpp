// Every command with --device, on a device that stands in for a GPU: a tensor of the CPU's among its own ends the
// command.
#include <nlohmann/json.hpp>

#include "lifted/formats/image.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/critics.h"
#include "lifted/model/import.h"
#include "lifted/model/network_file.h"
#include "tests/app/training_program.h"
#include "tests/support/http_client.h"
#include "tests/support/tiny_networks.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using test::Arguments, test::newest;

/// The library that the program finds the device in lies beside this test.
std::string stand_in_library() {
  return fs::read_symlink("/proc/self/exe").parent_path() / "libstand_in_device.so";
}

class EveryCommand : public test::TrainingProgramTest {
 protected:
  static constexpr int kSide = 32;

  void SetUp() override {
    TrainingProgramTest::SetUp();
    if (IsSkipped()) return;
    torch::manual_seed(1);
    model::LoadedNetwork network = test::small_lifted();
    network.lifted->statistics().sigma_inv = 1;
    model::save_network(lifted(), network);
    network.lifted.reset();
    model::save_network(gan(), network);
    nets::FaceEmbeddingConfig small{.size = kSide, .dimensions = 8, .widths = {4, 4, 8, 8}, .blocks = {1, 1, 1, 1}};
    model::save_face_embedding(face(), nets::FaceEmbedding(small), nlohmann::json::object());
  }

  std::string gan() const { return folder_ / "gan.safetensors"; }
  std::string lifted() const { return folder_ / "lifted.safetensors"; }
  std::string face() const { return folder_ / "face.safetensors"; }
  std::string out(const std::string& name) const { return folder_ / name; }

  int call_on(const std::string& device, Arguments arguments) {
    arguments.insert(arguments.end(), {"--device", device});
    ::setenv("LD_PRELOAD", stand_in_library().c_str(), 1);
    const int code = execute(arguments);
    ::unsetenv("LD_PRELOAD");
    return code;
  }
  void expect_runs(const Arguments& arguments) {
    EXPECT_EQ(call_on("xpu", arguments), 0) << fmt::format("{}", fmt::join(arguments, " ")) << "\n" << output();
  }
  /// --tensors of both devices, as close as two ways of summing are.
  void expect_same_tensors(const Arguments& arguments, double tolerance) {
    std::map<std::string, StateDict> tensors;
    for (const std::string device : {"cpu", "xpu"}) {
      Arguments all = arguments;
      all.insert(all.end(), {"--outdir", out(device), "--tensors", out(device + ".safetensors")});
      ASSERT_EQ(call_on(device, all), 0) << fmt::format("{}", fmt::join(all, " ")) << "\n" << output();
      tensors[device] = formats::read_safetensors(out(device + ".safetensors"));
    }
    ASSERT_EQ(tensors["cpu"].size(), tensors["xpu"].size());
    for (const auto& [name, expected] : tensors["cpu"]) {
      const double scale = std::max(1e-3, expected.abs().max().item<double>());
      EXPECT_LT((tensors["xpu"].at(name) - expected).abs().mean().item<double>() / scale, tolerance)
          << arguments[0] << " " << name;
    }
  }
  std::string heads(int side = kSide) {
    const std::string path = out(fmt::format("heads{}.zip", side));
    if (fs::exists(path)) return path;
    EXPECT_EQ(call({"heads", "render", "--count", "40", "--size", std::to_string(side), "--images-per-identity", "2",
                    "--ground-truth", "--out", path}),
              0)
        << output();
    return path;
  }
};

TEST_F(EveryCommand, ThatSamplesIn2d) {
  for (const char* noise : {"const", "random", "none"})
    expect_same_tensors({"generate", "--network", gan(), "--seeds", "0-2", "--noise-mode", noise}, 1e-4);
  expect_same_tensors({"generate", "--network", gan(), "--seeds", "0-2", "--trunc-cutoff", "2"}, 1e-4);
  expect_same_tensors({"generate", "--network", gan(), "--seeds", "0-2", "--precision", "bf16"}, 2e-2);
  expect_same_tensors({"mix", "--network", gan(), "--rows", "0", "--cols", "1,2", "--styles", "2-3"}, 1e-4);
}

TEST_F(EveryCommand, ThatSamplesIn3d) {
  expect_same_tensors({"generate", "--network", lifted(), "--seeds", "0-2", "--maps", "depth,normal", "--teacher"},
                      1e-3);
  for (const char* command : {"rotate", "relight", "interpolate"})
    expect_runs({command, "--network", lifted(), "--seeds", "0,1", "--outdir", out(command)});
  expect_runs({"rotate", "--network", lifted(), "--seeds", "0", "--path", "turntable", "--outdir", out("turntable")});
  for (const char* method : {"looks", "depth-style"})
    expect_same_tensors({"mix", "--network", lifted(), "--rows", "0", "--cols", "1", "--method", method}, 1e-3);
  expect_runs({"compare", "--network", lifted(), "--network", gan(), "--seeds", "0,1", "--outdir", out("compare")});
  expect_runs({"mesh", "--network", lifted(), "--seeds", "0", "--format", "glb,ply", "--outdir", out("mesh")});
  expect_runs({"demo", "--network", lifted(), "--outdir", out("demo")});
}

TEST_F(EveryCommand, ThatProjectsAndTakesTheCodes) {
  ASSERT_EQ(call({"generate", "--network", gan(), "--seeds", "5", "--outdir", out("target")}), 0) << output();
  for (const char* extra : {"--no-video", "--noise"}) {
    expect_runs({"project", "--network", lifted(), "--target", out("target/seed0005.png"), "--steps", "5", "--space",
                 "w+", "--embedding", face(), "--outdir", out("project"), extra});
    expect_runs({"generate", "--network", gan(), "--latents", out("project/codes.safetensors"), "--trunc", "1",
                 "--outdir", out("again")});
  }
}

TEST_F(EveryCommand, ThatTrains) {
  const std::string data = heads();
  expect_runs({"train-gan", "--data", data, "--outdir", runs(), "--size", "32", "--channels", "micro", "--batch", "4",
               "--kimg", "0.024", "--tick", "0.008", "--snap", "1"});
  // From the device to the CPU and back, exactly where it was.
  EXPECT_EQ(call_on("cpu", {"train-gan", "--resume", run("00000"), "--kimg", "0.032"}), 0) << output();
  expect_runs({"train-gan", "--resume", run("00000"), "--kimg", "0.04"});
  EXPECT_EQ(newest(run("00000")).images, 40);
  expect_runs({"train-embedding", "--data", heads(64), "--outdir", out("e"), "--images-per-identity", "2", "--arch",
               "small", "--batch", "8", "--kimg", "0.016"});
}

TEST_F(EveryCommand, ThatTrainsWithGroundTruth) {
  const std::string data = heads();
  expect_runs({"train-depth", "--data", data, "--outdir", out("d"), "--batch", "8", "--kimg", "0.016"});
}

TEST_F(EveryCommand, ThatLifts) {
  expect_runs({"train-lift", "--gan", gan(), "--preset", "heads", "--embedding", face(), "--outdir", runs(), "--batch",
               "4", "--kimg", "0.008", "--tick", "0.004", "--snap", "1"});
  EXPECT_EQ(call_on("cpu", {"train-lift", "--resume", run("00000"), "--kimg", "0.012"}), 0) << output();
  expect_runs({"train-lift", "--resume", run("00000"), "--kimg", "0.016"});
  expect_runs({"ablate", "--gan", gan(), "--preset", "heads", "--embedding", face(), "--outdir", out("ablations"),
               "--batch", "4", "--samples", "8", "--steps", "2", "--tick", "0.004", "--snap", "1"});
  expect_runs({"reproduce", "--ablation-run", out("ablations"), "--outdir", out("report"), "--samples", "4"});
}

TEST_F(EveryCommand, ThatMeasures) {
  expect_runs({"metrics", "--network", lifted(), "--data", heads(), "--embedding", face(), "--metrics",
               "agreement,identity,ppl_embed_w", "--samples", "8"});
}

TEST_F(EveryCommand, ThatShowsThemInABrowser) {
  ::setenv("LD_PRELOAD", stand_in_library().c_str(), 1);
  const pid_t child = launch({"view", "--network", lifted(), "--port", "0", "--device", "xpu"});
  ::unsetenv("LD_PRELOAD");
  std::string url;
  for (int i = 0; i < 600 && url.find("http://127.0.0.1:") == std::string::npos; ++i) {
    if (fs::exists(folder_ / "output.txt")) url = output();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const size_t at = url.find("http://127.0.0.1:");
  ASSERT_NE(at, std::string::npos) << url;
  const auto port = static_cast<uint16_t>(std::stoi(url.substr(at + 17)));
  for (const char* what : {"render?seed=1&yaw=20", "render?seed=1&what=depth", "render?seed=1&mix_seed=2",
                           "face?seed=1", "mesh?seed=1", "render?seed=1&light_yaw=30&what=normals"}) {
    const auto answer = test::http(port, "GET", std::string("/api/v1/") + what);
    EXPECT_EQ(answer.status, 200) << what << " " << answer.body.substr(0, 300);
  }
  ::kill(child, SIGTERM);
  EXPECT_EQ(wait_for(child), 0) << output();
}

}  // namespace
}  // namespace lifted
