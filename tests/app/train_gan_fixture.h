// What tests of train-gan share: they run it on a StyleGAN2 of 16 pixels and a handful of made-up images.
#pragma once

#include "lifted/formats/image.h"
#include "tests/app/training_program.h"

namespace lifted::test {

class TrainGanTest : public TrainingProgramTest {
 protected:
  void SetUp() override {
    TrainingProgramTest::SetUp();
    if (IsSkipped()) return;
    torch::manual_seed(1);
    for (int i = 0; i < 12; ++i) {
      const auto image = torch::rand({3, 1, 1}) * 2 - 1 + 0.3 * torch::randn({3, 16, 16});
      formats::write_png(data() / fmt::format("{:02d}.png", i), formats::image_from_tensor(image));
    }
  }

  fs::path data() const { return folder_ / "data"; }

  /// The options of every run here: 4 images a step, a status line each step, a snapshot every fifth.
  Arguments start(double kimg = 0.16) const {
    return {"train-gan",
            "--data",
            data(),
            "--outdir",
            runs(),
            "--size",
            "16",
            "--channels",
            "micro",
            "--batch",
            "4",
            "--kimg",
            fmt::format("{}", kimg),
            "--tick",
            "0.004",
            "--snap",
            "5",
            "--mirror",
            "--seed",
            "3",
            "--device",
            "cpu"};
  }
  /// Continues a run in the same rhythm.
  static Arguments resume(const std::string& folder, const std::string& kimg) {
    return {"train-gan", "--resume", folder, "--kimg", kimg, "--tick", "0.004", "--snap", "5"};
  }
};

}  // namespace lifted::test
