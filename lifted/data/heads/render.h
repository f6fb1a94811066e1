// One head image with its ground truth.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lifted/data/heads/camera_frame.h"
#include "lifted/data/heads/face_model.h"
#include "lifted/data/heads/recipe.h"

namespace lifted::data::heads {

struct RenderOptions {
  int supersampling = 0;  ///< sub-pixels per pixel side; 0: 4 up to 64 pixels, 3 up to 128, else 2
  PixelGrid pixel_grid = PixelGrid::cells;
};

/// An image and what is true about it. Maps are size × size, rows from the top, colors interleaved; all means are over
/// sub-pixels.
struct HeadSample {
  int size = 0;
  std::vector<float> image;    ///< RGB 0..1: mean of clip(albedo · shading)
  std::vector<float> albedo;   ///< RGB 0..1; the background's color behind the head
  std::vector<float> shading;  ///< ambient + diffuse·max(0, n·l); 1 in the background
  std::vector<float> depth;    ///< camera-frame z of the head; 0 where mask is 0
  std::vector<float> normal;   ///< unit, camera frame (x right, y down, z away), toward the viewer; 0 where mask is 0
  std::vector<float> mask;     ///< coverage 0..1
  std::vector<uint8_t> label;  ///< Part of the central sub-pixel
  HeadParameters parameters;
  CameraTransform camera;
  Vec3 light_in_camera;            ///< unit, toward the light
  std::array<Vec3, 68> landmarks;  ///< pixels (x, y; centers at .5) and camera-frame z
};

/// Renders given parameters. `size` 8 … 4096.
HeadSample render_head(const FaceModel& model, const HeadParameters& parameters, int size,
                       const RenderOptions& options = {});

/// Image `index` of the set that `recipe` and `seed` define: a pure function of its arguments, on any machine and
/// thread.
HeadSample render_head(const FaceModel& model, const HeadRecipe& recipe, uint64_t seed, uint64_t index, int size,
                       const RenderOptions& options = {});

/// Where the 68 landmarks of a head lie in its image of that size, as render_head() says, without drawing it.
std::array<Vec3, 68> head_landmarks(const FaceModel& model, const HeadParameters& parameters, int size,
                                    PixelGrid pixel_grid = PixelGrid::cells);

/// The same head looking straight at the camera: no rotation, no jitter, no recentring; what canonical maps should
/// show.
HeadParameters canonical_parameters(HeadParameters parameters);

/// Rounds 0..1 to 0..255.
std::vector<uint8_t> to_bytes(const std::vector<float>& values);

}  // namespace lifted::data::heads
