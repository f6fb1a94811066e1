// The contact sheets a person looks at.
#pragma once

#include <string>

#include "lifted/data/heads/face_model.h"
#include "lifted/data/heads/recipe.h"
#include "lifted/formats/image.h"

namespace lifted::data::heads {

struct PreviewOptions {
  HeadRecipe recipe;
  uint64_t seed = 2024, start = 0;
  int size = 128;
};

/// 8×8 images of the set.
formats::Image preview_heads(const FaceModel& model, const PreviewOptions& options);
/// One person under seven yaws and three lights.
formats::Image preview_yaw_and_light(const FaceModel& model, const PreviewOptions& options);
/// Eight images with their maps.
formats::Image preview_ground_truth(const FaceModel& model, const PreviewOptions& options);
/// Six people, eight images each.
formats::Image preview_identities(const FaceModel& model, const PreviewOptions& options);

/// "heads", "yaw-light", "ground-truth" or "identities"; UsageError otherwise.
formats::Image preview(const std::string& kind, const FaceModel& model, const PreviewOptions& options);

}  // namespace lifted::data::heads
