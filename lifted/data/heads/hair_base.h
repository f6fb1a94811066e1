// The bald, ear-less skull under the hair, as a coarse head-polar grid that follows any deformation of the mesh.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

// Every third row and fourth column of the hair grid.
constexpr int base_rows = 54, base_columns = 129, base_nodes = base_rows * base_columns;
constexpr int base_row_step = 3, base_column_step = 4;

using BaseGrid = std::vector<Vec3>;  ///< base_rows × base_columns positions

class HairBase {
 public:
  HairBase() = default;
  /// Casts the rays of all nodes against `triangles` of `vertices` (skin without ears) and keeps the farthest hits.
  HairBase(std::span<const Vec3> vertices, std::span<const std::array<int32_t, 3>> triangles);
  /// From stored node attachments (see corners(), weights()); a node with a negative first corner is a hole.
  HairBase(std::vector<int32_t> corners, std::vector<float> weights);

  /// Positions of all nodes on a deformed head; holes (the ears) are filled harmonically.
  BaseGrid positions(std::span<const Vec3> vertices) const;

  const std::vector<int32_t>& corners() const { return corners_; }  ///< 3 vertex ids per node
  const std::vector<float>& weights() const { return weights_; }    ///< 3 barycentric coordinates per node

 private:
  void prepare_filling();

  struct Hole {
    int32_t node;
    std::vector<std::pair<int32_t, float>> sources;  // known nodes and their weights
  };
  std::vector<int32_t> corners_;
  std::vector<float> weights_;
  std::vector<Hole> holes_;
};

/// Bilinear look-up at (theta, h).
Vec3 base_position(const BaseGrid& grid, float theta, float h);

}  // namespace lifted::data::heads
