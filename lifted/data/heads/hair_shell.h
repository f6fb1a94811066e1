// The hair as a mesh: a shell displaced from the skull. Where the hair field is negative the shell dives under the
// skin, so that hairlines are true intersections in the z-buffer.
#pragma once

#include <vector>

#include "lifted/data/heads/face_model.h"
#include "lifted/data/heads/hair_field.h"

namespace lifted::data::heads {

struct HairMesh {
  Positions positions, normals;                ///< the model's frame, normals outward
  std::vector<Triangle> triangles;             ///< within this mesh
  std::vector<float> theta, h, field, cavity;  ///< per vertex, what the hair's paint is a function of
};

/// Empty for a bald head. `base` is the deformed skull.
HairMesh build_hair(const HairField& field, const BaseGrid& base);

/// Whether the style hangs over the ears, which are then pressed flat onto the skull.
bool covers_ears(HairStyle style);

struct HairThickness {
  const HairField* field;
  PolarPoints points;
  const float *elevation_cosine, *scalp, *loose;
  float *thickness, *cavity;  ///< out: displacement in cm along the ray, and relief -1 … 1
};

LIFTED_DECLARE_ISA(void hair_thickness(const HairThickness& job);)

}  // namespace lifted::data::heads
