// The built-in cat as a face model: modes in the order of CatTrait, expressions, and the landmarks that cats have.
#pragma once

#include <span>

#include "lifted/data/heads/face_model.h"

namespace lifted::data::heads {

/// A place of a cat that can be named, and where the model's list of landmarks has it.
struct CatLandmark {
  const char* name;
  int slot;
};

/// Where these places lie among the landmarks: those of people that cats share, and the tips of the ears in two slots
/// of the brows, which cats have not.
std::span<const CatLandmark> cat_landmarks();

/// Needs no file. Takes a second to build.
FaceModel analytic_cat_model();

}  // namespace lifted::data::heads
