// What can be asked for, checked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lifted/photo/points.h"
#include "lifted/scene/sweep_path.h"
#include "lifted/viewer/fields.h"

namespace lifted::viewer {

/// One face: a seed through truncation, on the way to a second one, in the looks of a third.
struct LatentRequest {
  uint32_t seed = 0;
  std::optional<std::string> code;  ///< in place of the seed's: one that was found for a photograph (photos.h)
  double psi = 0.7;
  std::optional<uint32_t> blend_seed;
  double blend = 0.5;  ///< 0 is `seed`, 1 is `blend_seed`; straight through w
  std::optional<uint32_t> mix_seed;

  /// The same for the same face.
  std::string key() const;
};

/// Angles in degrees, as `rotate` takes them. None given: the view the network predicts.
struct ViewRequest {
  std::optional<double> yaw, pitch, roll;
  bool predicted() const { return !yaw && !pitch && !roll; }
};

/// Degrees that the light stands from the front, to the right and upwards in the picture; strengths as the shading
/// uses them. What is not given is the network's prediction.
struct LightRequest {
  std::optional<double> yaw, pitch, ambient, diffuse;
  bool predicted() const { return !yaw && !pitch && !ambient && !diffuse; }
};

struct FaceRequest {
  size_t network = 0;
  LatentRequest latent;
};

struct PictureRequest {
  size_t network = 0;
  LatentRequest latent;
  ViewRequest view;
  LightRequest light;
  std::string what = "image";
  std::optional<int64_t> size;  ///< pixels; the network's own if not given
  uint32_t background = 0xffffff;
};

struct EncodingRequest {
  std::string format = "png";
  int quality = 90;
};

struct MeshRequest {
  size_t network = 0;
  LatentRequest latent;
  ViewRequest view = {.yaw = 0, .pitch = {}, .roll = {}};
  std::string format = "glb";
  bool trim = true;
  double decimate = 1;
};

struct VideoRequest {
  PictureRequest picture;
  std::string format = "mp4", path = "yaw";
  scene::Easing easing = scene::Easing::smooth;
  int64_t frames = 60;
  double fps = 30;
};

/// Where the face is in a photograph: pixels, the middle of the first at (0.5, 0.5).
struct FitRequest {
  std::string photo;
  photo::EyesAndMouth face;
};

struct RefineRequest {
  std::string code;
  int64_t steps = 20;
};

/// The names of `what`.
const std::vector<std::string>& picture_kinds();

/// Each reads its fields; HttpError 400 for what is out of range. `networks` is their number.
FaceRequest read_face(Fields& fields, size_t networks);
PictureRequest read_picture(Fields& fields, size_t networks);
EncodingRequest read_encoding(Fields& fields);
MeshRequest read_mesh(Fields& fields, size_t networks);
VideoRequest read_video(Fields& fields, size_t networks);
FitRequest read_fit(Fields& fields);
RefineRequest read_refine(Fields& fields);

}  // namespace lifted::viewer
