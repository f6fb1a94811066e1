#include "lifted/model/head_mesh.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <map>

#include "lifted/base/error.h"
#include "lifted/data/heads/canonical.h"
#include "lifted/scene/depth_grid.h"
#include "tests/support/golden.h"

namespace lifted::model {
namespace {

constexpr int64_t S = 32;

/// A model of that size whose networks do not matter: estimates are made by hand.
LiftedGan any_gan(int size) {
  nets::Stylegan2Config config;
  config.size = size;
  config.z_dim = config.w_dim = 16;
  config.mapping_layers = 1;
  for (int side = 4; side <= size; side *= 2) config.channels.push_back(16);
  WStatistics statistics;
  statistics.mean = torch::zeros({16});
  return {nets::Stylegan2Generator(config), LiftingNetworks(nets::LiftingConfig::at(size, 16, 16)),
          LiftConfig::at(size), statistics};
}

class HeadMeshTest : public ::testing::Test {
 protected:
  HeadMeshTest() {
    torch::manual_seed(3);
    estimate.canon_depth = torch::ones({1, S, S});
    estimate.canon_albedo = torch::rand({1, 3, S, S}) * 2 - 1;
    estimate.view = torch::zeros({1, 6});
    estimate.trans_map = torch::ones({1, 1, S, S});
  }

  formats::Mesh mesh(const HeadMeshOptions& options = {.trim = false}) const {
    return head_mesh(gan, estimate, options);
  }
  /// Row and column ramps, −1 … 1.
  static torch::Tensor columns() { return torch::linspace(-1, 1, S).view({1, 1, S}).expand({1, S, S}); }
  static torch::Tensor rows() { return torch::linspace(-1, 1, S).view({1, S, 1}).expand({1, S, S}); }
  /// A disc of head on a deep background.
  void use_disc(double radius) {
    const auto inside = (columns().square() + rows().square()) <= radius * radius;
    estimate.canon_depth = torch::where(inside, torch::full({}, 0.98), torch::full({}, 1.05)).to(torch::kFloat32);
  }

  LiftedGan gan = any_gan(S);
  Estimate estimate;
};

torch::Tensor as_tensor(const std::vector<std::array<float, 3>>& list) {
  return torch::from_blob(const_cast<float*>(list.front().data()), {static_cast<int64_t>(list.size()), 3}).clone();
}

/// Per triangle the smallest cosine between its own normal and those of its corners; 1 for triangles without area.
torch::Tensor windings(const formats::Mesh& mesh) {
  std::vector<int64_t> corners;
  for (const auto& triangle : mesh.triangles) corners.insert(corners.end(), triangle.begin(), triangle.end());
  const auto index = torch::tensor(corners, torch::kLong).view({-1, 3});
  const auto p = as_tensor(mesh.positions), n = as_tensor(mesh.normals);
  const auto corner = [&](const torch::Tensor& from, int64_t k) { return from.index_select(0, index.select(1, k)); };
  const auto face = torch::cross(corner(p, 1) - corner(p, 0), corner(p, 2) - corner(p, 0), 1);
  const auto area = face.norm(2, 1);
  auto worst = torch::ones_like(area);
  for (int64_t k = 0; k < 3; ++k) worst = torch::minimum(worst, (face * corner(n, k)).sum(1) / area);
  return torch::where(area > 1e-12, worst, torch::ones_like(worst));
}
double worst_winding(const formats::Mesh& mesh) {
  return windings(mesh).min().item<double>();
}

TEST_F(HeadMeshTest, FlatDepthIsAPlaneThatFacesTheViewer) {
  const formats::Mesh plane = mesh();
  ASSERT_EQ(plane.positions.size(), static_cast<size_t>(S * S));
  EXPECT_EQ(plane.triangles.size(), static_cast<size_t>(2 * (S - 1) * (S - 1)));
  const auto positions = as_tensor(plane.positions).view({S, S, 3}), normals = as_tensor(plane.normals);
  test::expect_close("normals", normals, torch::tensor({0.F, 0.F, 1.F}).expand_as(normals), 1e-5);
  test::expect_close("x", positions.select(2, 0), 0.15 * columns()[0], 1e-6);
  test::expect_close("y", positions.select(2, 1), -0.15 * rows()[0], 1e-6);  // The first row is the top.
  test::expect_close("z", positions.select(2, 2), torch::zeros({S, S}), 1e-6);
  EXPECT_GT(worst_winding(plane), 0.999);
}

TEST_F(HeadMeshTest, NearIsTowardsTheViewer) {
  estimate.canon_depth = (1 - 0.05 * columns()).contiguous();  // Nearer on the image's right.
  const auto right = as_tensor(mesh().positions).view({S, S, 3});
  EXPECT_NEAR(right[S / 2][S - 1][2].item<double>(), 0.05 * mesh_scale(gan), 1e-5);
  EXPECT_GT(right[S / 2][S - 1][0].item<double>(), 0);
  const auto normals = as_tensor(mesh().normals);
  EXPECT_LT(normals.select(1, 0).max().item<double>(), 0) << "the surface turns to the left";
  EXPECT_GT(normals.select(1, 2).min().item<double>(), 0);
  estimate.canon_depth = (1 - 0.05 * rows()).contiguous();  // Nearer at the bottom.
  EXPECT_GT(as_tensor(mesh().normals).select(1, 1).min().item<double>(), 0) << "the surface turns upwards";
}

TEST_F(HeadMeshTest, NormalsOfABumpPointOutwards) {
  constexpr double radius = 0.12;  // A ball about (0, 0, 1) that reaches beyond the picture.
  const auto rays = gan.renderer().camera().rays(torch::kDouble).unsqueeze(0);
  const auto square = rays.square().sum(3);
  estimate.canon_depth = ((1 - (1 - square * (1 - radius * radius)).clamp_min(0).sqrt()) / square).to(torch::kFloat32);
  const formats::Mesh ball = mesh();
  const auto outward = as_tensor(ball.positions) / (radius * mesh_scale(gan));
  const auto inner = [](const torch::Tensor& t) { return t.view({S, S, 3}).slice(0, 5, 27).slice(1, 5, 27); };
  test::expect_close("normals", inner(as_tensor(ball.normals)), inner(outward), 5e-3);
  EXPECT_GT(worst_winding(ball), 0.9);
}

TEST_F(HeadMeshTest, EverySampleShowsItsTexel) {
  const formats::Mesh plane = mesh();
  ASSERT_EQ(plane.texture, formats::image_from_tensor(estimate.canon_albedo[0]));
  for (int64_t row : {0L, 7L, S - 1}) {
    for (int64_t column : {0L, 20L, S - 1}) {
      const auto vertex = static_cast<size_t>(row * S + column);
      const auto [u, v] = plane.uvs[vertex];
      EXPECT_NEAR(u * S - 0.5, column, 1e-4);
      EXPECT_NEAR(v * S - 0.5, row, 1e-4);
      const uint8_t* texel = plane.texture.at(static_cast<int>(column), static_cast<int>(row));
      EXPECT_EQ(plane.colors[vertex], (std::array<uint8_t, 3>{texel[0], texel[1], texel[2]}));
    }
  }
}

TEST_F(HeadMeshTest, PosedIsCanonicalTurned) {
  estimate.canon_depth = (0.98 + 0.04 * torch::rand({1, S, S})).contiguous();
  const auto raw = torch::tensor({{0.2F, -0.4F, 0.1F, 0.5F, -0.3F, 0.2F}});
  const formats::Mesh canonical = mesh(), posed = mesh({.view = raw, .trim = false});
  const auto view = gan.renderer().config().view_scale.apply(raw);
  const auto axes = torch::diag(torch::tensor({1.F, -1.F, -1.F}));  // Scene to mesh.
  const auto rotation = axes.matmul(scene::rotation_matrix(view.slice(1, 0, 3))[0]).matmul(axes);
  const auto shift = axes.matmul(view[0].slice(0, 3)) * mesh_scale(gan);
  test::expect_close("positions", as_tensor(posed.positions),
                     as_tensor(canonical.positions).matmul(rotation.t()) + shift, 1e-5);
  test::expect_close("normals", as_tensor(posed.normals), as_tensor(canonical.normals).matmul(rotation.t()), 2e-3);
  EXPECT_EQ(posed.triangles, canonical.triangles);
  EXPECT_EQ(posed.uvs, canonical.uvs);
}

TEST_F(HeadMeshTest, YawTurnsTheNoseAsThePictureDoes) {
  // A nose in the middle; the sweep's −30° has a positive yaw parameter, which takes it to the image's left.
  estimate.canon_depth[0][S / 2][S / 2] = 0.9;
  const auto nose = [&](double degrees) {
    return as_tensor(mesh({.view = scene::yaw_view(degrees).unsqueeze(0), .trim = false}).positions)[S / 2 * S + S / 2];
  };
  EXPECT_LT(nose(-30)[0].item<double>(), -0.05);
  EXPECT_GT(nose(30)[0].item<double>(), 0.05);
}

TEST_F(HeadMeshTest, WhatDoesNotMoveStays) {
  estimate.trans_map.zero_();
  const formats::Mesh still = mesh({.view = scene::yaw_view(40).unsqueeze(0), .trim = false});
  test::expect_close("positions", as_tensor(still.positions), as_tensor(mesh().positions), 1e-6);
}

TEST_F(HeadMeshTest, TrimmingKeepsTheHeadOnly) {
  use_disc(0.7);
  estimate.canon_depth.slice(1, 0, 3).slice(2, 0, 3).fill_(0.95);  // Something else that is near.
  const formats::Mesh head = mesh({});
  const auto positions = as_tensor(head.positions);
  EXPECT_NEAR(positions.select(1, 0).max().item<double>(), 0.15 * 0.7 * 0.98, 0.01);
  EXPECT_NEAR(positions.select(1, 0).min().item<double>(), -0.15 * 0.7 * 0.98, 0.01);
  EXPECT_NEAR(positions.select(1, 2).min().item<double>(), 0.02 * mesh_scale(gan), 1e-5) << "no background";
  const auto normals = as_tensor(head.normals);  // The cliff that was cut off has left no trace.
  test::expect_close("normals", normals, torch::tensor({0.F, 0.F, 1.F}).expand_as(normals), 1e-4);
  EXPECT_GT(mesh().positions.size(), head.positions.size());
}

/// The vertices of the mesh's border, one after the other; fails unless it is one closed line.
std::vector<uint32_t> border_of(const formats::Mesh& mesh) {
  std::map<std::pair<uint32_t, uint32_t>, int> uses;
  for (const auto& triangle : mesh.triangles) {
    for (size_t k = 0; k < 3; ++k) ++uses[{triangle[k], triangle[(k + 1) % 3]}];
  }
  std::map<uint32_t, uint32_t> next;
  for (const auto& [edge, count] : uses) {
    EXPECT_EQ(count, 1) << "two triangles turn the same way about an edge";
    if (uses.count({edge.second, edge.first}) == 0) {
      EXPECT_TRUE(next.emplace(edge.first, edge.second).second) << "the border crosses itself";
    }
  }
  std::vector<uint32_t> border;
  if (next.empty()) return border;
  for (uint32_t vertex = next.begin()->first; border.empty() || vertex != border.front(); vertex = next.at(vertex))
    border.push_back(vertex);
  EXPECT_EQ(border.size(), next.size()) << "the border is more than one line";
  return border;
}

TEST_F(HeadMeshTest, TheTrimmedEdgeIsSmooth) {
  constexpr double radius = 0.7 * (S - 1) / 2;  // in samples
  use_disc(0.7);
  for (const int64_t side : {S, 2 * S + 1}) {
    const formats::Mesh head = mesh({.resolution = side});
    const std::vector<uint32_t> border = border_of(head);
    ASSERT_GT(border.size(), 60U) << "the disc is about 68 samples round";
    const double samples_per_metre = (S - 1) / (0.3 * 0.98);
    double turned = 0;
    for (size_t i = 0; i < border.size(); ++i) {
      const auto at = [&](size_t k) {
        const auto& p = head.positions[border[k % border.size()]];
        return std::complex<double>(p[0], p[1]) * samples_per_metre;
      };
      EXPECT_NEAR(std::abs(at(i)), radius, 0.35) << "whole cells leave steps of up to a sample and a half";
      const auto before = at(i + 3) - at(i), after = at(i + 6) - at(i + 3);
      turned = std::max(turned, std::abs(std::arg(after / before)));
    }
    EXPECT_LT(turned, 0.45) << "no corner: stairs turn by a right angle";
  }
}

TEST_F(HeadMeshTest, TheTrimmedEdgeIsSmoothFromTheSide) {
  // Beyond a slanted line the surface falls to the background within three samples: the depth of what is kept last
  // changes from row to row, that of the edge must not.
  constexpr double fall = 0.025;  // scene units per sample
  const auto beyond = (columns() + 0.3 * rows() - 0.4) / std::hypot(1, 0.3) * (S - 1) / 2;
  estimate.canon_depth = (0.98 + fall * beyond.clamp(0, 3)).to(torch::kFloat32);
  const formats::Mesh head = mesh({});
  std::vector<double> heights;  // of the slanted edge in samples' falls, away from its ends
  for (const uint32_t vertex : border_of(head)) {
    const auto& [x, y, z] = head.positions[vertex];
    const double column = head.uvs[vertex][0] * S - 0.5, row = head.uvs[vertex][1] * S - 0.5;
    if (column > 3 && row > 4 && row < S - 5) heights.push_back(z / (fall * mesh_scale(gan)));
  }
  ASSERT_GT(heights.size(), 30U);
  const auto [low, high] = std::minmax_element(heights.begin(), heights.end());
  EXPECT_LT(*high - *low, 0.5) << "of 1: samples' own depths differ by a whole fall";
}

TEST_F(HeadMeshTest, CutVerticesCarryWhatIsThere) {
  use_disc(0.7);
  const auto inside = estimate.canon_depth < 1;
  estimate.canon_albedo = torch::where(inside, 0.5 * columns(), torch::full({}, -1)).expand({1, 3, S, S}).contiguous();
  estimate.canon_depth = torch::where(inside, 0.98 + 0.01 * columns(), estimate.canon_depth).to(torch::kFloat32);
  const formats::Mesh head = mesh({});
  int fractional = 0;
  for (const uint32_t vertex : border_of(head)) {
    const auto& [x, y, z] = head.positions[vertex];
    const double column = head.uvs[vertex][0] * S - 0.5, row = head.uvs[vertex][1] * S - 0.5;
    const double across = 2 * column / (S - 1) - 1, down = 2 * row / (S - 1) - 1;
    const double depth = 1 - z / mesh_scale(gan);
    EXPECT_NEAR(x, 0.15 * across * depth, 2e-4) << "texture and place agree";
    EXPECT_NEAR(y, -0.15 * down * depth, 2e-4);
    EXPECT_NEAR(depth, 0.98 + 0.01 * across, 2e-3) << "the head's own depth, not the way to the background";
    EXPECT_NEAR(head.colors[vertex][0], 127.5 * (1 + 0.5 * across), 6) << "the head's own colour";
    fractional += std::abs(column - std::round(column)) + std::abs(row - std::round(row)) > 0.02;
    const auto texel = [&](double u, double v) { return head.texture.at(static_cast<int>(u), static_cast<int>(v))[0]; };
    for (const double du : {0, 1}) {
      for (const double dv : {0, 1}) {
        const double here = 127.5 * (1 + 0.5 * (2 * (std::floor(column) + du) / (S - 1) - 1));
        EXPECT_NEAR(texel(std::floor(column) + du, std::floor(row) + dv), here, 10) << "no background is mixed in";
      }
    }
  }
  EXPECT_GT(fractional, 60) << "the edge runs between samples";
}

TEST_F(HeadMeshTest, TrimmingAsksTheTransformMapToo) {
  estimate.trans_map.slice(3, 0, S / 2).zero_();
  const formats::Mesh half = mesh({});
  // The edge runs half-way between the samples: each row is cut once, as is the diagonal of each cell.
  EXPECT_EQ(half.positions.size(), static_cast<size_t>(S * S / 2 + S + S - 1));
  EXPECT_NEAR(as_tensor(half.positions).select(1, 0).min().item<double>(), 0, 1e-6);
  estimate.trans_map.zero_();
  EXPECT_THROW(mesh({}), Error);
  estimate.trans_map.fill_(1);
  estimate.canon_depth.fill_(1.045);  // Nearer than the border, but not by the margin.
  EXPECT_THROW(mesh({}), Error);
  EXPECT_EQ(mesh({.trim_depth = 1.046}).positions.size(), static_cast<size_t>(S * S));
}

TEST_F(HeadMeshTest, AHeadComesOutItsSizeWithItsNoseForward) {
  const data::heads::CanonicalHead head = data::heads::canonical_head(64, 1);
  Estimate person;
  person.canon_depth = head.depth, person.canon_albedo = head.albedo;
  person.view = head.view, person.trans_map = head.transform_map;
  const formats::Mesh mesh_of_head = head_mesh(any_gan(64), person);
  const auto positions = as_tensor(mesh_of_head.positions);
  const double height = (positions.select(1, 1).max() - positions.select(1, 1).min()).item<double>();
  EXPECT_GT(height, 0.2);
  EXPECT_LT(height, 0.32);
  const auto foremost = positions[positions.select(1, 2).argmax().item<int64_t>()];
  EXPECT_NEAR(foremost[0].item<double>(), 0, 0.02) << "the nose is in the middle";
  EXPECT_NEAR(foremost[1].item<double>(), 0, 0.05);
  // The camera looks from the scene's origin, and no triangle turns its back on it, steep as it may stand.
  const auto camera = torch::tensor({0.0, 0.0, mesh_scale(any_gan(64))}, torch::kDouble);
  for (const auto& [a, b, c] : mesh_of_head.triangles) {
    const auto at = [&](uint32_t vertex) { return positions[vertex].to(torch::kDouble); };
    ASSERT_GT(torch::cross(at(b) - at(a), at(c) - at(a), 0).dot(camera - at(a)).item<double>(), 0) << a;
  }
}

TEST_F(HeadMeshTest, ResolutionResamplesTheSameSurface) {
  estimate.canon_depth = (1 - 0.03 * columns() + 0.02 * rows()).contiguous();
  const formats::Mesh coarse = mesh({.trim = false, .resolution = 9}), fine = mesh({.trim = false, .resolution = 80});
  ASSERT_EQ(coarse.positions.size(), 81U);
  ASSERT_EQ(fine.positions.size(), 6400U);
  const formats::Mesh own = mesh();
  for (size_t axis = 0; axis < 3; ++axis) {
    EXPECT_NEAR(coarse.positions.front()[axis], own.positions.front()[axis], 1e-6);
    EXPECT_NEAR(fine.positions.back()[axis], own.positions.back()[axis], 1e-6);
  }
  EXPECT_EQ(coarse.uvs.back(), own.uvs.back());
  EXPECT_EQ(coarse.texture, own.texture);
  EXPECT_EQ(fine.colors.front(), own.colors.front());
}

TEST_F(HeadMeshTest, DecimationKeepsNormalsTextureAndWinding) {
  estimate.canon_depth = (1 - 0.05 * (columns() * 3).cos() * (rows() * 2).cos()).contiguous();
  const formats::Mesh small = mesh({.trim = false, .decimate = 0.3});
  EXPECT_LE(small.triangles.size(), mesh().triangles.size() * 3 / 10 + 1);
  EXPECT_EQ(small.normals.size(), small.positions.size());
  EXPECT_EQ(small.uvs.size(), small.positions.size());
  EXPECT_TRUE(small.textured());
  const auto cosines = windings(small);
  EXPECT_GT(cosines.mean().item<double>(), 0.95);
  EXPECT_GT((cosines > 0).to(torch::kFloat).mean().item<double>(), 0.98) << "edges at the border may turn over";
}

TEST_F(HeadMeshTest, RefusesWhatHasNoSurface) {
  EXPECT_THROW(mesh({.resolution = 1}), Error);
  EXPECT_THROW(mesh({.resolution = 5000}), Error);
  EXPECT_THROW(mesh({.decimate = 0}), Error);
  EXPECT_THROW(mesh({.view = torch::zeros({1, 5})}), Error);
  estimate.canon_depth[0][3][4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(mesh(), Error);
  estimate.canon_depth = torch::ones({2, S, S});
  EXPECT_THROW(mesh(), Error);
}

}  // namespace
}  // namespace lifted::model
