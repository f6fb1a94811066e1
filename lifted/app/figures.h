// The figures that show what a lifted model can do, for pages that lay them out (`demo`).
#pragma once

#include <string>
#include <vector>

#include "lifted/app/sweep.h"
#include "lifted/base/tensor.h"
#include "lifted/formats/image.h"
#include "lifted/model/lifted_gan.h"

namespace lifted::app {

/// Sampled people, as one model makes them.
struct Cast {
  const model::LiftedGan* lifted = nullptr;
  std::vector<std::string> names;
  torch::Tensor styles;  // N×w_dim, truncated
  model::Estimate estimates;

  Cast(const model::LiftedGan& model, std::vector<std::string> people, const torch::Tensor& codes);
  int64_t size() const { return styles.size(0); }
  /// People [first, first + count).
  Cast narrow(int64_t first, int64_t count) const;

 private:
  Cast() = default;
};

/// A figure that moves, and the same at chosen moments.
struct MovingFigure {
  std::vector<formats::Image> frames;
  formats::Image still;
};

/// How large figures show a picture: `scale` times its side. Sweeps are drawn that large, other pictures enlarged by
/// Lanczos.
struct FigureStyle {
  int scale = 1;
};

/// Everyone at the predicted view and light.
std::vector<formats::Image> face_pictures(const Cast& cast, const FigureStyle& style = {});
/// Everyone at each of the angles (degrees) of an axis: by person, then by angle.
std::vector<std::vector<formats::Image>> turned_pictures(const Cast& cast, SweepAxis axis,
                                                         const std::vector<double>& angles,
                                                         const FigureStyle& style = {});

/// The same, in `columns` columns.
formats::Image faces_figure(const Cast& cast, int columns, const FigureStyle& style = {});

/// One row per person: the 2D teacher's image, the rendering, and what it is made of (albedo, depth, normals, shading,
/// transformation map).
formats::Image factors_figure(const Cast& cast, const FigureStyle& style = {});

/// Everyone side by side under the published sweep of one axis; still: one row per person.
MovingFigure sweep_figure(const Cast& cast, SweepAxis axis, const FigureStyle& style = {});

/// `steps` people on the straight line through w from the first person of `ends` to the last, each turned from −45 to
/// 45 degrees; still: one row per step.
MovingFigure interpolation_figure(const Cast& ends, int steps, const FigureStyle& style = {});

/// The same codes through several models, one labelled row each, turned from −45 to 45 degrees; still: at the
/// predicted view.
MovingFigure comparison_figure(const std::vector<std::string>& labels, const std::vector<Cast>& casts,
                               const FigureStyle& style = {});

/// The shape of each of `shapes` (rows) in the looks of each of `looks` (columns).
formats::Image mix_figure(const Cast& shapes, const Cast& looks, const FigureStyle& style = {});

/// The people of a cast in plain grey: nothing but their shape tells them apart.
Cast without_texture(Cast cast);

/// The first person of a cast under every pair of some views (yaw, columns) and lights (rows), in degrees.
formats::Image view_light_figure(const Cast& cast, const std::vector<double>& yaws, const std::vector<double>& lights,
                                 const FigureStyle& style = {});

/// N codes (N×w_dim) in even steps from a to b (1×w_dim each), both included.
torch::Tensor codes_between(const torch::Tensor& a, const torch::Tensor& b, int steps);

/// N×steps codes on a closed smooth way through N keyframes (N×w_dim or N×L×w_dim, N ≥ 2), `steps` from each to the
/// next: code i·steps is keyframe i, and after the last comes the first. A cubic spline, as StyleGAN3's gen_video.
torch::Tensor codes_around(const torch::Tensor& keyframes, int steps);

/// "0", "0.2", … "1": how far each of those codes is on its way.
std::vector<std::string> step_labels(int steps);

}  // namespace lifted::app
