// What a lifted model fixes besides its weights.
#pragma once

#include <nlohmann/json.hpp>

#include "lifted/scene/renderer.h"

namespace lifted::model {

/// Defaults are the published configurations' (config/ffhq_256.py, config/cats_256.py: they agree in all of these).
struct LiftConfig {
  double min_depth = 0.9, max_depth = 1.1;  // the range of canonical depths, scene units
  double border_depth = 1.05;               // of the two leftmost and rightmost columns
  int64_t blur_radius = 10;                 // of the transformation map's blur, pixels
  double blur_sigma = 4;                    // see ops::blur_taps
  double rotation_degrees = 60;             // view[0:3] = ±1 means ± this
  double xy_translation = 0.1;              // view[3:5] = ±1
  double z_translation = 0.01;              // view[5] = ±1
  double fov_degrees = 10;
  double rotation_centre_depth = 1;
  bool clip_render_grad = true;  // see scene/contour_clip.h
  bool unit_normals = false;     // see scene/normals.h

  /// The defaults with the blur scaled to the image: 10 pixels and σ 4 at 256, and in proportion at other sizes.
  static LiftConfig at(int size);

  /// Canonical depths up to here are head: they move with it, whatever D_T says.
  double head_limit() const { return border_depth - 0.01; }
  scene::RendererConfig renderer(int size) const;
  nlohmann::json to_json() const;
  /// Absent fields keep their defaults. Error if a field is unknown, of the wrong type or out of range.
  static LiftConfig from_json(const nlohmann::json& json);
  void validate() const;
  bool operator==(const LiftConfig&) const = default;
};

}  // namespace lifted::model
