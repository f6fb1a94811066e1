#include "lifted/viewer/picture_request.h"

#include "lifted/viewer/http_error.h"

namespace lifted::viewer {
namespace {

constexpr double max_view = 90, max_light = 85, max_coordinate = 1e5;
constexpr size_t longest_name = 64;

std::optional<uint32_t> read_seed(Fields& fields, const std::string& name) {
  const std::optional<int64_t> seed = fields.integer(name, 0, UINT32_MAX);
  return seed ? std::optional<uint32_t>(static_cast<uint32_t>(*seed)) : std::nullopt;
}

size_t read_network(Fields& fields, size_t networks) {
  return static_cast<size_t>(fields.integer("network", 0, static_cast<int64_t>(networks) - 1).value_or(0));
}

LatentRequest read_latent(Fields& fields) {
  LatentRequest latent;
  latent.seed = read_seed(fields, "seed").value_or(0);
  latent.code = fields.text("code", longest_name);
  latent.psi = fields.number("psi", -2, 2).value_or(0.7);
  latent.blend_seed = read_seed(fields, "blend_seed");
  latent.blend = fields.number("blend", 0, 1).value_or(0.5);
  latent.mix_seed = read_seed(fields, "mix_seed");
  return latent;
}

ViewRequest read_view(Fields& fields) {
  return {fields.number("yaw", -max_view, max_view), fields.number("pitch", -max_view, max_view),
          fields.number("roll", -max_view, max_view)};
}

}  // namespace

std::string LatentRequest::key() const {
  std::string key = fmt::format("{} psi {}", code ? "code " + *code : std::to_string(seed), psi);
  if (blend_seed && blend > 0) key += fmt::format(" blend {} {}", *blend_seed, blend);
  if (mix_seed) key += fmt::format(" mix {}", *mix_seed);
  return key;
}

const std::vector<std::string>& picture_kinds() {
  static const std::vector<std::string> names = {"image",   "albedo", "depth",     "normals", "shading",
                                                 "neutral", "wire",   "transform", "mask",    "teacher"};
  return names;
}

FaceRequest read_face(Fields& fields, size_t networks) {
  FaceRequest request;
  request.network = read_network(fields, networks);
  request.latent = read_latent(fields);
  return request;
}

PictureRequest read_picture(Fields& fields, size_t networks) {
  PictureRequest request;
  request.network = read_network(fields, networks);
  request.latent = read_latent(fields);
  request.view = read_view(fields);
  request.light = {fields.number("light_yaw", -max_light, max_light),
                   fields.number("light_pitch", -max_light, max_light), fields.number("ambient", 0, 1),
                   fields.number("diffuse", 0, 2)};
  request.what = fields.choice("what", "image", picture_kinds());
  request.size = fields.integer("size", 16, 1024);
  request.background = fields.color("background").value_or(0xffffff);
  return request;
}

EncodingRequest read_encoding(Fields& fields) {
  return {fields.choice("format", "png", {"png", "jpeg", "webp"}),
          static_cast<int>(fields.integer("quality", 1, 100).value_or(90))};
}

MeshRequest read_mesh(Fields& fields, size_t networks) {
  MeshRequest request;
  request.network = read_network(fields, networks);
  request.latent = read_latent(fields);
  if (const ViewRequest view = read_view(fields); !view.predicted()) request.view = view;
  request.format = fields.choice("format", "glb", {"glb", "ply"});
  request.trim = fields.choice("trim", "head", {"head", "none"}) == "head";
  request.decimate = fields.number("decimate", 0.01, 1).value_or(1);
  return request;
}

VideoRequest read_video(Fields& fields, size_t networks) {
  VideoRequest request;
  request.picture = read_picture(fields, networks);
  request.format = fields.choice("format", "mp4", {"mp4", "gif", "webp"});
  request.path = fields.choice("path", "yaw", {"yaw", "pitch", "light", "turntable", "blend"});
  request.easing =
      fields.choice("ease", "smooth", {"smooth", "linear"}) == "smooth" ? scene::Easing::smooth : scene::Easing::linear;
  request.frames = fields.integer("frames", 2, 240).value_or(60);
  request.fps = fields.number("fps", 1, 50).value_or(30);
  if (request.path == "blend" && !request.picture.latent.blend_seed) refuse(400, "path blend needs a blend_seed");
  return request;
}

FitRequest read_fit(Fields& fields) {
  const auto name = fields.text("photo", longest_name);
  if (!name) refuse(400, "photo: expected the name that a photograph was given");
  const auto point = [&](const std::string& which) {
    const auto x = fields.number(which + "_x", -max_coordinate, max_coordinate),
               y = fields.number(which + "_y", -max_coordinate, max_coordinate);
    if (!x || !y) refuse(400, "{0}_x, {0}_y: expected where it is in the photograph", which);
    return photo::Point{*x, *y};
  };
  return {*name, {point("left_eye"), point("right_eye"), point("mouth")}};
}

RefineRequest read_refine(Fields& fields) {
  const auto code = fields.text("code", longest_name);
  if (!code) refuse(400, "code: expected the one that is to be refined");
  return {*code, fields.integer("steps", 1, 50).value_or(20)};
}

}  // namespace lifted::viewer
