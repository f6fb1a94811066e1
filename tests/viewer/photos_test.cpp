// Photographs through the viewer's API: uploaded, fitted, refined, drawn, and refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lifted/base/error.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/viewer/server.h"
#include "tests/support/golden.h"
#include "tests/support/http_client.h"
#include "tests/support/images.h"
#include "tests/support/tiny_networks.h"

namespace lifted::viewer {
namespace {
using testing::HasSubstr;

ServerOptions options_for_photos() {
  ServerOptions options;
  options.threads = 1;
  return options;
}

std::string as_text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ViewerPhotos : public testing::Test {
 protected:
  test::HttpAnswer get(const std::string& target) const {
    return test::http(server.port(), "GET", "/api/v1/" + target);
  }
  test::HttpAnswer upload(const std::string& body) const {
    return test::http(server.port(), "POST", "/api/v1/photo", body);
  }
  nlohmann::json json(const test::HttpAnswer& answer) const {
    EXPECT_EQ(answer.status, 200) << answer.body;
    return nlohmann::json::parse(answer.body);
  }
  std::string photograph() const {
    return json(upload(as_text(formats::encode_png(test::smooth_image(200, 160)))))["photo"];
  }
  static std::string points(const std::string& photo) {
    return "fit?photo=" + photo + "&left_eye_x=80&left_eye_y=60&right_eye_x=110&right_eye_y=60&mouth_x=95&mouth_y=90";
  }

  Server server{{{"lifted", test::tiny_lifted(1)}, {"plain", test::tiny_generator(1)}}, options_for_photos()};
};

TEST_F(ViewerPhotos, BecomeCodesThatStandWhereSeedsStand) {
  const auto photo = json(upload(as_text(formats::encode_png(test::smooth_image(200, 160)))));
  EXPECT_EQ(photo["width"], 200);
  EXPECT_EQ(photo["height"], 160);
  EXPECT_TRUE(photo["face"].is_null());
  EXPECT_THAT(photo["why"].get<std::string>(), HasSubstr("put the points"));
  const auto first = json(get(points(photo["photo"])));
  ASSERT_EQ(first["errors"].size(), 2u);
  const auto refined = json(get("refine?steps=30&code=" + first["code"].get<std::string>()));
  EXPECT_EQ(refined["steps"], 30);
  for (size_t i = 0; i < 2; ++i) EXPECT_LT(refined["errors"][i].get<double>(), first["errors"][i].get<double>());

  const std::string code = refined["code"];
  const auto drawn = get("render?psi=1&code=" + code), turned = get("render?psi=1&yaw=30&code=" + code);
  EXPECT_EQ(drawn.status, 200) << drawn.body;
  EXPECT_NE(drawn.body, turned.body);
  EXPECT_NE(drawn.body, get("render?psi=1&seed=0").body);
  EXPECT_NE(drawn.body, get("render?psi=1&blend_seed=3&code=" + code).body);
  EXPECT_EQ(get("face?code=" + code).status, 200);
  EXPECT_EQ(get("mesh?trim=none&code=" + code).status, 200);
  const auto file = get("codes?network=1&code=" + code);
  test::TemporaryFolder folder;
  write_file_atomically(folder / "code.npy", file.body);
  const auto w = formats::read_checkpoint(folder / "code.npy").root.as_tensor();
  EXPECT_EQ(w.sizes(), torch::IntArrayRef({1, 32}));
}

TEST_F(ViewerPhotos, AreRefusedInASentence) {
  EXPECT_EQ(upload("").status, 400);
  const auto text = upload("this is no picture");
  EXPECT_EQ(text.status, 422);
  EXPECT_THAT(text.body, HasSubstr("the picture"));
  EXPECT_EQ(upload(as_text(test::with_png_size(formats::encode_png(test::smooth_image(8, 8)), 20000, 20000))).status,
            422);
  EXPECT_EQ(get("photo").status, 405);
  EXPECT_EQ(get(points("0123")).status, 404);
  EXPECT_EQ(get("render?code=0123").status, 404);
  EXPECT_EQ(get("refine?code=0123").status, 404);
  EXPECT_EQ(get("refine").status, 400);
  EXPECT_EQ(get("codes?seed=1").status, 400);
  const std::string photo = photograph();
  EXPECT_EQ(get("fit?photo=" + photo).status, 400);
  const auto swapped =
      get("fit?photo=" + photo + "&left_eye_x=110&left_eye_y=60&right_eye_x=80&right_eye_y=60&mouth_x=95&mouth_y=90");
  EXPECT_EQ(swapped.status, 422);
  EXPECT_THAT(swapped.body, HasSubstr("another order"));
}

TEST_F(ViewerPhotos, OnlyPicturesMayBeLarge) {
  const std::string large(3 << 20, 'x');
  EXPECT_EQ(upload(large).status, 422);  // read, but no picture
  EXPECT_EQ(upload(std::string((16 << 20) + 1, 'x')).status, 413);
  EXPECT_EQ(test::http(server.port(), "POST", "/api/v1/render", std::string(100 << 10, ' ')).status, 413);
}

TEST_F(ViewerPhotos, TheOldestLeave) {
  const std::string oldest = photograph();
  EXPECT_EQ(get(points(oldest)).status, 200);
  for (int i = 0; i < 8; ++i) photograph();
  EXPECT_EQ(get(points(oldest)).status, 404);
}

}  // namespace
}  // namespace lifted::viewer
