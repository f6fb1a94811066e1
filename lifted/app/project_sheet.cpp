#include "lifted/app/project_sheet.h"

#include <algorithm>

#include "lifted/app/pictures.h"
#include "lifted/app/sweep.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {
using formats::Image;

constexpr size_t kRows = 64;

}  // namespace

Image comparison(const Targets& targets, const std::vector<Found>& found) {
  const torch::NoGradGuard guard;
  const bool lifted = found[0].network.lifted != nullptr;
  const std::vector<double> yaws = {-30, 0, 30};
  formats::ContactSheet sheet;
  sheet.column_labels = {"target", "projection"};
  if (lifted) sheet.column_labels.insert(sheet.column_labels.end(), {"render", "depth", "−30°", "0°", "30°"});
  sheet.columns = static_cast<int>(sheet.column_labels.size());
  for (size_t i = 0; i < std::min(found.size(), kRows); ++i) {
    sheet.row_labels.push_back(targets.names[i]);
    sheet.images.push_back(targets.images[i]);
    sheet.images.push_back(formats::image_from_tensor(found[i].image.cpu()));
    if (!lifted) continue;
    const auto& network = *found[i].network.lifted;
    const auto estimate = network.estimate(found[i].code);
    const auto rendering = network.render(estimate);
    sheet.images.push_back(formats::image_from_tensor(rendering.recon_im[0].cpu()));
    sheet.images.push_back(map_picture("depth", estimate, rendering, 0));
    for (auto& image : frames_of(sweep_images(network.renderer(), scene_of(estimate), SweepAxis::yaw, yaws)))
      sheet.images.push_back(std::move(image));
  }
  return formats::render_contact_sheet(sheet);
}

std::string comparison_name(const Targets& targets) {
  std::string name = "sheet";
  while (std::ranges::find(targets.names, name) != targets.names.end()) name += "_";
  return name;
}

}  // namespace lifted::app
