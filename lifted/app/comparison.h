// The same people through several models: pictures side by side, still and moving. What `compare` writes and the
// report's figures are made of.
#pragma once

#include <string>
#include <vector>

#include "lifted/app/figures.h"
#include "lifted/app/sweep.h"
#include "lifted/formats/image.h"
#include "lifted/model/network_file.h"

namespace lifted::app {

/// One model's pictures of N people, all of one size.
struct Showing {
  std::string label;
  std::vector<formats::Image> faces;                 // N, at the predicted view and light
  std::vector<std::vector<formats::Image>> moments;  // N×A: each person at each angle; empty for stills
};

/// How people move: an axis of the published sweeps and its angles in degrees; no angles for stills.
struct Movement {
  SweepAxis axis = SweepAxis::yaw;
  std::vector<double> angles;
};

/// The published sweep of one axis.
Movement published_movement(SweepAxis axis);

/// People of a lifted model, drawn style.scale times its size.
Showing show(const std::string& label, const Cast& cast, const Movement& movement, const FigureStyle& style = {});
/// Styles (N×w_dim or N×L×w_dim) through any network, `batch` at a time; a 2D generator's people stand still.
Showing show(const std::string& label, const model::LoadedNetwork& network, const torch::Tensor& styles, int64_t batch,
             const Movement& movement);

/// One labelled row per model, one column per person: faces, or the moment `angle`.
formats::Image grid_of(const std::vector<Showing>& showings, const std::vector<std::string>& names);
formats::Image grid_of(const std::vector<Showing>& showings, const std::vector<std::string>& names, size_t angle);

/// All models and people at seven of the angles: people by people, one labelled row per model.
formats::Image strips_of(const std::vector<Showing>& showings, const std::vector<std::string>& names,
                         const Movement& movement);

/// The moving grid and its strips.
MovingFigure moving_figure(const std::vector<Showing>& showings, const std::vector<std::string>& names,
                           const Movement& movement);

/// People [first, last) of every showing.
std::vector<Showing> slice(const std::vector<Showing>& showings, size_t first, size_t last);

}  // namespace lifted::app
