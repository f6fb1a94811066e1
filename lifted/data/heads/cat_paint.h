// Paint of cats: like materials.h, a function of template position, part and parameters only.
#pragma once

#include "lifted/data/heads/cat.h"
#include "lifted/data/heads/materials.h"

namespace lifted::data::heads {

struct CatPaint {
  const CatParameters* cat;
  Vec3 gaze;  ///< unit vector
};

LIFTED_DECLARE_ISA(void paint_cat_fur(const CatPaint& paint, const PaintPoints& points);
                   void paint_cat_eyes(const CatPaint& paint, const PaintPoints& points);)

}  // namespace lifted::data::heads
