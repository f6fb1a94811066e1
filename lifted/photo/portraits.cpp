#include "lifted/photo/portraits.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/photo/align.h"

namespace lifted::photo {

std::vector<Landmarks> PortraitMaker::faces(const formats::Image& photograph, const std::filesystem::path& name,
                                            bool all) const {
  std::vector<Landmarks> found;
  if (file_) {
    if (const auto* known = file_->find(name)) found = *known;
  } else if (finder_) {
    found = finder_->find(photograph, all);
  }
  for (const auto& points : found)
    check_face(eyes_and_mouth(points, name.string()), photograph.width, photograph.height, name.string());
  std::ranges::stable_sort(found, std::greater(), [&](const Landmarks& points) {
    return crop_frame(eyes_and_mouth(points, name.string()), Crop::ffhq).side();
  });
  return found;
}

std::vector<Portrait> PortraitMaker::portraits(const formats::Image& photograph, const std::filesystem::path& name,
                                               const PortraitOptions& options) const {
  std::vector<Landmarks> found = faces(photograph, name, options.all || options.face > 0);
  if (found.empty()) {
    require(options.centre, "{}: {} (--centre takes the centred square)", name.string(),
            file_ ? "the landmark file does not know it" : "no face was found in it");
    return {{aligned(photograph, centred_frame(photograph.width, photograph.height), options.size), {}}};
  }
  if (options.face > 0) {
    require(static_cast<size_t>(options.face) <= found.size(), "{}: has {} faces, but number {} is asked for",
            name.string(), found.size(), options.face);
    found = {found[static_cast<size_t>(options.face - 1)]};
  } else if (!options.all) {
    found.resize(1);
  }
  std::vector<Portrait> portraits;
  for (const auto& points : found) {
    const auto frame = crop_frame(eyes_and_mouth(points, name.string()), options.crop, options.scale);
    portraits.push_back({aligned(photograph, frame, options.size), points});
  }
  return portraits;
}

}  // namespace lifted::photo
