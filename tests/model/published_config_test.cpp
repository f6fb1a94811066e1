// config.py beside a checkpoint: the authors' values are recognized, what cannot be read is refused by name.
#include "lifted/model/published_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "lifted/base/error.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::model {
namespace {
using nlohmann::json;
using ::testing::HasSubstr;

/// What all of the published configurations say, in their form.
constexpr const char* kCommon = R"(''' Config Proto '''

import sys
import os

####### INPUT OUTPUT #######
log_base_dir = './log/'
summary_interval = 500

# Target image size (h,w)
image_size = (256, 256)
channels = 3

####### NETWORK #######
min_depth = .9
max_depth = 1.1
border_depth = 1.05
xyz_rotation_range = 60
xy_translation_range = .1
z_translation_range = .01
fov = 10
rot_center_depth = 1.0
clamp_border = True
generator_texture = True
clip_render_grad = True

####### TRAINING #######
batch_size = 8
epoch_size = 5000
num_epochs = 10
optimizer = ("ADAM", {"betas": (0.9, 0.999)})
weight_decay = 5e-4
lam_rec = 5.0
lam_perc = 1.0
lam_flip = 0.8
lam_perturb_im = 2.0
lam_perturb_param = 4.0
)";

class ConfigFile : public ::testing::Test {
 protected:
  PublishedConfig read(const std::string& text) {
    std::ofstream(file) << text;
    return read_published_config(file);
  }
  std::string error_of(const std::string& text) {
    return test::error_of([&] { read(text).apply_to(LiftConfig(), 256); });
  }

  test::TemporaryFolder folder;
  std::filesystem::path file = folder / "config.py";
};

TEST_F(ConfigFile, TheAuthorsFiveAreRecognized) {
  struct Own {
    const char* name;
    double identity, latent, rank;
  };
  for (const Own& own : {Own{"ffhq_256", 1, 0.5, 0.01}, Own{"celeba_256", 1, 0.5, 0.01}, Own{"cats_256", 0, 0.1, 0.005},
                         Own{"afhq_dog_256", 0, 0.5, 0.01}, Own{"reproduction_256", 1, 0.5, 0.01}}) {
    const auto config =
        read(fmt::format("{}name = '{}'\nlam_identity_perturb = {}\nlam_reg_style = {}\nlam_albedo_rank = {}\n",
                         kCommon, own.name, own.identity, own.latent, own.rank));
    EXPECT_EQ(config.apply_to(LiftConfig(), 256), LiftConfig()) << "their model is the default";
    EXPECT_EQ(config.model.size(), 9u);
    EXPECT_EQ(config.training, json({{"weight_decay", 5e-4},
                                     {"weights",
                                      {{"lam_rec", 5.0},
                                       {"lam_perc", 1.0},
                                       {"lam_flip", 0.8},
                                       {"lam_perturb_im", 2.0},
                                       {"lam_perturb_param", 4.0},
                                       {"lam_identity_perturb", own.identity},
                                       {"lam_reg_style", own.latent},
                                       {"lam_albedo_rank", own.rank}}}}))
        << own.name;
    EXPECT_EQ(config.batch, 8);
    EXPECT_EQ(config.image_size, 256);
    EXPECT_THAT(config.not_applied, ::testing::ElementsAre("channels (line 12)", "optimizer (line 31)"));
  }
}

TEST_F(ConfigFile, OtherValuesReachTheModel) {
  const auto config =
      read("fov = 20\nmin_depth=0.8\nmax_depth = 1.2\nxyz_rotation_range = 45.\nclip_render_grad = False\n");
  const LiftConfig fields = config.apply_to(LiftConfig(), 64);
  EXPECT_EQ(fields.fov_degrees, 20);
  EXPECT_EQ(fields.min_depth, 0.8);
  EXPECT_EQ(fields.max_depth, 1.2);
  EXPECT_EQ(fields.rotation_degrees, 45);
  EXPECT_FALSE(fields.clip_render_grad);
  EXPECT_EQ(fields.border_depth, 1.05);
  EXPECT_EQ(read("fov = 20\nfov = 12\n").model.at("fov_degrees"), 12) << "as in Python, the last one counts";
}

TEST_F(ConfigFile, OddOnesAreRefusedByName) {
  const auto refused = [&](const std::string& text, const std::string& place, const std::string& name) {
    EXPECT_THAT(error_of(text), ::testing::AllOf(HasSubstr("config.py" + place), HasSubstr(name))) << text;
  };
  refused("fov = 5 * 2", ":1: ", "fov");
  refused("\nfov = get_fov()", ":2: ", "fov");
  refused("import math\nfov = math.degrees(0.17)", ":2: ", "fov");
  refused("f = 10\nfov = f", ":2: ", "the name 'f'");
  refused("fov += 1", ":1: ", "fov");
  refused("fov: int = 10", ":1: ", "fov");
  refused("a, fov = 1, 10", ":1: ", "fov");
  refused("a = fov = 10", ":1: ", "fov");
  refused("if True:\n  fov = 12", ":1: ", "'if'");
  refused("for i in range(3): fov = i", ":1: ", "'for'");
  refused("def f():\n  return 1", ":1: ", "'def'");
  refused("from base_config import *", ":1: ", "import");
  refused("from base_config import fov", ":1: ", "import");
  refused("exec(open('x').read())", ":1: ", "'exec'");
  refused("globals()['fov'] = 3", ":1: ", "'globals'");
  refused("fov = '10'", ":1: ", "fov: expected a number");
  refused("fov = True", ":1: ", "fov: expected a number");
  refused("fov = None", ":1: ", "fov: expected a number");
  refused("fov = 1e999", ":1: ", "fov");
  refused("fov = [10]", ":1: ", "fov: expected a number");
  refused("lam_rec = lam_perc * 5", ":1: ", "lam_rec");
  refused("batch_size = 0", ":1: ", "batch_size");
  refused("batch_size = 8.5", ":1: ", "batch_size");
  refused("image_size = (256, 128)", ":1: ", "image_size");
  refused("clamp_border = False", ":1: ", "clamp_border");
  refused("clip_render_grad = 1", ":1: ", "clip_render_grad");
  refused("x = (1,\nfov = 3", ":1: ", "bracket");
  refused("x = 'a\n", ":1: ", "string");
  refused("fov = 0", ": ", "fov_degrees");
  refused("min_depth = 1.2", ": ", "depths");
  refused("border_depth = 2", ": ", "border_depth");
  refused("image_size = 128", ": ", "128 pixels");
  refused(std::string("fov = 10\0", 9), ": ", "binary");
}

TEST_F(ConfigFile, WhatDoesNotMatterIsNamed) {
  const auto config =
      read("import os\nlog_dir = os.path.join('a', 'b')\nsys.path.append('.')\nnew_thing = 3\nprint('hi')\n");
  EXPECT_THAT(config.not_applied, ::testing::ElementsAre(HasSubstr("log_dir (line 2: a call"), HasSubstr("sys (line 3"),
                                                         HasSubstr("new_thing (line 4)"), HasSubstr("print (line 5")));
  EXPECT_TRUE(config.model.empty());
}

}  // namespace
}  // namespace lifted::model
