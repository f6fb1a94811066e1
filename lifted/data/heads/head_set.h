// Renders a range of a set into a folder or zip in the layout of StyleGAN2-ADA.
#pragma once

#include <cstdint>
#include <filesystem>

#include "lifted/data/heads/face_model.h"
#include "lifted/data/heads/recipe.h"
#include "lifted/data/heads/render.h"
#include "lifted/data/sharing.h"

namespace lifted::data::heads {

struct HeadSetOptions {
  HeadRecipe recipe;
  uint64_t seed = 0;
  int64_t start = 0, count = 0;  ///< images start … start + count - 1 of the set
  int size = 64;
  RenderOptions render;
  std::filesystem::path out;  ///< a folder, or a file ending in .zip
  bool ground_truth = false;  ///< adds maps and a JSON line per image
  bool canonical = false;     ///< ground truth also of the head seen from the front
  int workers = 0;            ///< 0: one per core
  Sharing sharing = {};       ///< with other processes: rank 0 writes all but the ground truth's maps
};

/// 00000/img00000000.png: where image `index` lies in the set, whatever the range.
std::string image_name(int64_t index);

/// Error if the output cannot be written. An image depends on recipe, seed, index and size only.
void render_head_set(const FaceModel& model, const HeadSetOptions& options);

/// Writes what is known about images start … start + count − 1 without drawing them: JSON lines with the image's "file"
/// and label_record(), and with a model the 68 "landmarks" (x, y in pixels, centres at .5) at "size" pixels. Error if
/// the file cannot be written.
void write_head_labels(const HeadSetOptions& options, const FaceModel* model = nullptr);

}  // namespace lifted::data::heads
