// The mesh of one head in one image: identity, expression, beard, shirt, ears under hair, hair shell, normals.
#pragma once

#include "lifted/data/heads/camera_frame.h"
#include "lifted/data/heads/face_model.h"
#include "lifted/data/heads/hair_shell.h"
#include "lifted/data/heads/recipe.h"

namespace lifted::data::heads {

struct HeadGeometry {
  Positions vertices, normals;  ///< template frame, cm; normals outward
  HairMesh hair;
  Placement placement;
};

HeadGeometry build_geometry(const FaceModel& model, const HeadParameters& parameters, const HairField& field);

/// Area-weighted vertex normals.
Positions vertex_normals(const Positions& vertices, const std::vector<Triangle>& triangles);

}  // namespace lifted::data::heads
