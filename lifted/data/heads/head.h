// One head of some family, between its parameters and its picture: the only place where families differ.
#pragma once

#include <memory>

#include "lifted/data/heads/face_model.h"
#include "lifted/data/heads/geometry.h"
#include "lifted/data/heads/recipe.h"
#include "lifted/data/heads/surface.h"

namespace lifted::data::heads {

/// Borrows the model and the parameters it was made from.
class Head {
 public:
  virtual ~Head() = default;
  virtual HeadGeometry geometry() const = 0;
  /// Fills the albedo of all covered sub-pixels.
  virtual void paint(SurfaceMaps& maps) const = 0;
};

/// Error if model and parameters are of different families.
std::unique_ptr<Head> make_head(const FaceModel& model, const HeadParameters& parameters);

/// A head whose parameters have a cat.
std::unique_ptr<Head> make_cat_head(const FaceModel& model, const HeadParameters& parameters);

}  // namespace lifted::data::heads
