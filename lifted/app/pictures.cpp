#include "lifted/app/pictures.h"

#include <algorithm>
#include <cmath>

#include "lifted/app/seeds.h"
#include "lifted/base/error.h"
#include "lifted/base/printable.h"
#include "lifted/formats/color_map.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {

/// 0 … 1 (a mask, a transformation map) or a shading as grey.
formats::Image grey_picture(const torch::Tensor& values) {
  return formats::image_from_tensor(values.clamp(0, 1) * 2 - 1);
}

}  // namespace

const std::vector<std::string>& map_names() {
  static const std::vector<std::string> names = {"depth",     "albedo",        "normal",       "shading", "transform",
                                                 "canonical", "neutral-image", "render-depth", "mask"};
  return names;
}

formats::Image map_picture(const std::string& map, const model::Estimate& estimate, const model::Rendering& rendering,
                           int64_t index) {
  if (map == "depth") return formats::depth_image(estimate.canon_depth[index]);
  if (map == "albedo") return formats::image_from_tensor(estimate.canon_albedo[index]);
  if (map == "normal") return formats::normal_image(rendering.canon_normal[index].permute({2, 0, 1}));
  if (map == "shading") return grey_picture(rendering.canon_shading[index]);
  if (map == "transform") return grey_picture(estimate.trans_map[index]);
  if (map == "canonical") return formats::image_from_tensor(rendering.canon_im[index]);
  if (map == "neutral-image") return formats::image_from_tensor(estimate.canon_im_raw[index]);
  if (map == "render-depth") {
    const torch::Tensor seen = rendering.recon_im_mask[index][0] > 0.5;
    return formats::depth_image(rendering.recon_depth[index].masked_fill(~seen, NAN));
  }
  if (map == "mask") return grey_picture(rendering.recon_im_mask[index]);
  usage_error("--maps {}: expected any of {}", map, fmt::join(map_names(), ", "));
}

scene::LitScene scene_of(const model::Estimate& estimate) {
  return {estimate.canon_depth, estimate.canon_albedo, estimate.canon_light, estimate.view, estimate.trans_map};
}

void PictureFolder::write(const std::string& name, const formats::Image& image, const std::string& sample) const {
  formats::PngText all = text;
  if (const auto seed = seed_of_name(sample)) {
    all.emplace_back("Seed", std::to_string(*seed));
  } else if (!sample.empty()) {
    all.emplace_back("Sample", printable(sample));
  }
  formats::write_png(path / (name + ".png"), image, {.text = all});
}

void write_sample_sheet(const PictureFolder& folder, const std::string& name, const std::vector<formats::Image>& images,
                        const std::vector<std::string>& names, const std::string& title) {
  formats::ContactSheet sheet;
  const size_t count = std::min(images.size(), max_sheet_images);
  sheet.images.assign(images.begin(), images.begin() + static_cast<std::ptrdiff_t>(count));
  sheet.columns = std::max(1, static_cast<int>(std::ceil(std::sqrt(static_cast<double>(count)))));
  for (size_t first = 0; first < count; first += static_cast<size_t>(sheet.columns)) {
    const size_t last = std::min(first + static_cast<size_t>(sheet.columns), count) - 1;
    sheet.row_labels.push_back(first == last ? names[first] : names[first] + " – " + names[last]);
  }
  sheet.title = title;
  folder.write(name, formats::render_contact_sheet(sheet));
}

}  // namespace lifted::app
