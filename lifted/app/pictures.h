// From estimates and renderings to pictures on disk.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lifted/formats/image.h"
#include "lifted/model/lifted_gan.h"

namespace lifted::app {

/// The names --maps takes: canonical depth, albedo, normal, shading and transformation map, and the rendering's own
/// depth and mask.
const std::vector<std::string>& map_names();

/// One of those of sample `index` as a picture.
formats::Image map_picture(const std::string& map, const model::Estimate& estimate, const model::Rendering& rendering,
                           int64_t index);

/// An estimate as the renderer takes it, at its own light and view.
scene::LitScene scene_of(const model::Estimate& estimate);

/// A folder that a run's pictures go to.
struct PictureFolder {
  std::filesystem::path path;
  formats::PngText text;  // what every one of them says of how it was made (RunRecord::provenance)

  /// Writes `name`.png, which also says whom it shows, where it is one sample: a seed ("seed0007") or what else the
  /// sample is called.
  void write(const std::string& name, const formats::Image& image, const std::string& sample = "") const;
};

/// A labelled sheet of at most 64 of the images: row labels name the first and last of a row.
void write_sample_sheet(const PictureFolder& folder, const std::string& name, const std::vector<formats::Image>& images,
                        const std::vector<std::string>& names, const std::string& title);

constexpr size_t max_sheet_images = 64;

}  // namespace lifted::app
