// How traits and expressions move the points of the average cat.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lifted/data/heads/cat.h"
#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads::cat {

/// What a point belongs to: ears, eyeballs and skin move on their own where a trait says so.
enum class Tissue { skin, ear, eyeball };

/// Offset in cm of a point of the left half (x ≥ 0) per unit of a coefficient.
using Motion = std::function<Vec3(Vec3, Tissue)>;

struct Mode {
  Motion left;
  bool antisymmetric = false;  ///< the right half moves the opposite way, not as the mirror image
};

/// One per CatTrait, in its order.
std::vector<Mode> trait_modes();

struct Expression {
  std::string name;  ///< "_L" and "_R" are added
  Motion left;
};
std::vector<Expression> expressions();

/// The offset of any point.
Vec3 moved(const Mode& mode, Vec3 p, Tissue tissue);

}  // namespace lifted::data::heads::cat
