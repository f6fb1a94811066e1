// Ground truth as files: tensors and one JSON line per image. Layout: docs/formats.md, "Synthetic heads".
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "lifted/base/state_dict.h"
#include "lifted/data/heads/render.h"

namespace lifted::data::heads {

/// depth f32 H×W, normal f16 H×W×3, albedo u8 H×W×3, shading f16 H×W, mask u8 H×W, label u8 H×W, each name behind
/// `prefix`.
StateDict ground_truth_tensors(const HeadSample& sample, const std::string& prefix = "");

/// Viewpoint, light, identity and everything else known about the image, in HEADS and in LiftedGAN conventions.
nlohmann::ordered_json ground_truth_record(const HeadSample& sample);

/// What is known about image `index` of a set before it is drawn: index, identity, the three rotations of its view and
/// its light in LiftedGAN's raw units ("raw_view", "raw_light").
nlohmann::ordered_json label_record(const HeadParameters& parameters);

}  // namespace lifted::data::heads
