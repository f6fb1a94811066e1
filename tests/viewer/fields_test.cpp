// Requests are read strictly.
#include "lifted/viewer/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/viewer/http_error.h"
#include "lifted/viewer/picture_request.h"
#include "lifted/viewer/video.h"

namespace lifted::viewer {
namespace {

using testing::HasSubstr;

/// The status and sentence that `act` is refused with.
template <typename Act>
std::pair<int, std::string> refusal(Act act) {
  try {
    act();
  } catch (const HttpError& error) {
    return {error.status(), error.what()};
  }
  return {200, ""};
}

PictureRequest picture_of(Fields fields) {
  PictureRequest request = read_picture(fields, 2);
  fields.finish();
  return request;
}

TEST(Fields, QueriesAndJsonMeanTheSame) {
  const PictureRequest a = picture_of(Fields::of_query(
      {{"network", "1"}, {"seed", "4294967295"}, {"psi", "-0.5"}, {"yaw", "12.5"}, {"what", "depth"}, {"size", "64"}}));
  const PictureRequest b = picture_of(
      Fields::of_json(R"({"network": 1, "seed": 4294967295, "psi": -0.5, "yaw": 12.5, "what": "depth", "size": 64})"));
  for (const PictureRequest& request : {a, b}) {
    EXPECT_EQ(request.network, 1U);
    EXPECT_EQ(request.latent.seed, 4294967295U);
    EXPECT_DOUBLE_EQ(request.latent.psi, -0.5);
    EXPECT_DOUBLE_EQ(request.view.yaw.value(), 12.5);
    EXPECT_FALSE(request.view.pitch.has_value());
    EXPECT_EQ(request.what, "depth");
    EXPECT_EQ(request.size.value(), 64);
  }
}

TEST(Fields, MalformedJsonIsRefused) {
  std::vector<std::string> bodies = {"",
                                     "{",
                                     "[1]",
                                     "3",
                                     "null",
                                     R"({"seed": [1]})",
                                     R"({"seed": null})",
                                     R"({"seed": {"a": 1}})",
                                     "{\"a\": \"\xff\"}",
                                     "{\"seed\": 1}x"};
  bodies.emplace_back(60000, '[');
  bodies.push_back(R"({"a":)" + std::string(20000, '[') + std::string(20000, ']') + "}");
  for (const std::string& body : bodies) {
    EXPECT_EQ(refusal([&] { picture_of(Fields::of_json(body)); }).first, 400) << body.substr(0, 40);
  }
}

TEST(Fields, ValuesOutsideTheirRangeAreNamed) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong = {
      {"seed", {"-1", "4294967296", "1.5", "1e99", "nan", "inf", "0x1", " 1", "1 ", "", "one"}},
      {"psi", {"2.1", "nan", "-inf", "", "0.7;"}},
      {"yaw", {"91", "-90.1", "nan"}},
      {"light_yaw", {"86"}},
      {"diffuse", {"-0.1", "3"}},
      {"size", {"15", "1025", "64.5"}},
      {"network", {"2", "-1"}},
      {"what", {"picture", "", "../image"}},
      {"background", {"fff", "gggggg", "+12345", "-00001", "1234567"}}};
  for (const auto& [name, values] : wrong) {
    for (const std::string& value : values) {
      const auto [status, sentence] = refusal([&, field = name] { picture_of(Fields::of_query({{field, value}})); });
      EXPECT_EQ(status, 400) << name << "=" << value;
      EXPECT_THAT(sentence, HasSubstr(name)) << value;
    }
  }
}

TEST(Fields, UnknownAndRepeatedNamesAreRefused) {
  EXPECT_THAT(refusal([] { picture_of(Fields::of_query({{"sead", "1"}})); }).second, HasSubstr("sead"));
  EXPECT_EQ(refusal([] { picture_of(Fields::of_query({{"seed", "1"}, {"seed", "2"}})); }).first, 400);
  EXPECT_EQ(refusal([] { picture_of(Fields::of_json(R"({"seed": "1"})")); }).first, 400)
      << "a number is no text in JSON";
  EXPECT_EQ(refusal([] { picture_of(Fields::of_json(R"({"seed": 1, "seed": 1})")); }),
            std::pair(400, std::string("the body: has the key 'seed' twice")));
}

// parse_json (base/json.h) refuses these.
TEST(Fields, RepeatedKeysOfJsonAreRefused) {
  for (const char* body : {R"({"seed": 1, "seed": 2})", R"({"seed": 1, "psi": 0, "seed": 1})"}) {
    const auto [status, sentence] = refusal([&] { picture_of(Fields::of_json(body)); });
    EXPECT_EQ(status, 400) << body;
    EXPECT_THAT(sentence, HasSubstr("seed")) << body;
  }
}

TEST(LatentRequest, KeyTellsFacesApart) {
  LatentRequest plain;
  plain.seed = 3;
  LatentRequest unblended = plain, blended = plain, mixed = plain;
  unblended.blend_seed = 4, unblended.blend = 0;
  blended.blend_seed = 4;
  mixed.mix_seed = 4;
  EXPECT_EQ(plain.key(), unblended.key());
  EXPECT_NE(plain.key(), blended.key());
  EXPECT_NE(blended.key(), mixed.key());
}

TEST(Video, FramesCloseAndKeepWhatTheSweepLeaves) {
  VideoRequest request;
  request.frames = 8;
  request.easing = scene::Easing::linear;
  request.picture.view = {.yaw = 3, .pitch = 7, .roll = 2};
  const std::vector<PictureRequest> frames = video_frames(request);
  ASSERT_EQ(frames.size(), 8U);
  EXPECT_DOUBLE_EQ(frames[0].view.yaw.value(), -45);
  EXPECT_DOUBLE_EQ(frames[4].view.yaw.value(), 45);
  EXPECT_DOUBLE_EQ(frames[3].view.yaw.value(), frames[5].view.yaw.value());
  EXPECT_DOUBLE_EQ(frames[5].view.pitch.value(), 7);
  request.path = "turntable";
  EXPECT_NEAR(video_frames(request)[2].view.yaw.value(), 30, 1e-9);
  EXPECT_NEAR(video_frames(request)[0].view.pitch.value(), 10, 1e-9);
  EXPECT_EQ(refusal([] {
              Fields fields = Fields::of_query({{"path", "blend"}});
              read_video(fields, 1);
            }).first,
            400);
}

}  // namespace
}  // namespace lifted::viewer
