#include "lifted/app/portrait_options.h"

#include <charconv>

#include "lifted/app/validators.h"
#include "lifted/base/log.h"
#include "lifted/model/builtin.h"
#include "lifted/photo/network_files.h"

namespace lifted::app {

void add_portrait_options(CLI::App& command, PortraitSettings& settings) {
  std::vector<std::string> crops;
  for (const auto& [name, crop] : photo::crop_names()) crops.push_back(name);
  command
      .add_option("--crop", settings.crop,
                  "How much of a photograph is taken: as in FFHQ, about as LiftedGAN's generators saw it, or as the "
                  "heads of this project")
      ->transform(choice(crops))
      ->capture_default_str();
  command.add_option("--scale", settings.scale, "Side of the square, in those of --crop")
      ->transform(number(bounds::above(0, 4)))
      ->capture_default_str();
  command.add_option("--landmarks", settings.landmarks,
                     "Where the faces are: CelebA's list_landmarks_….txt, ffhq-dataset-v2.json, .json, .jsonl, .csv, "
                     ".pts or a folder of these last (default: they are looked for)");
  command.add_option("--landmark-net", settings.landmark_net, "Network of train-landmarks that looks for them")
      ->capture_default_str();
  command.add_option("--faces", settings.faces, "largest, all, or the number of one, counted from the largest")
      ->capture_default_str();
  command.add_flag("--centre,--center", settings.centre, "Take the centred square where there is no face");
}

photo::PortraitOptions portrait_options(const PortraitSettings& settings, int size) {
  photo::PortraitOptions options{.scale = settings.scale, .size = size, .centre = settings.centre};
  for (const auto& [name, crop] : photo::crop_names())
    if (name == settings.crop) options.crop = crop;
  options.all = settings.faces == "all";
  if (options.all || settings.faces == "largest") return options;
  const char* end = settings.faces.data() + settings.faces.size();
  const auto [last, status] = std::from_chars(settings.faces.data(), end, options.face);
  if (status != std::errc() || last != end || options.face < 1)
    usage_error("--faces {}: expected largest, all, or a number from 1", settings.faces);
  return options;
}

std::shared_ptr<const photo::FaceFinder> make_face_finder(const std::filesystem::path& network) {
  if (network != model::kBuiltinNetwork || photo::has_builtin_landmark_net())
    return std::make_shared<const photo::FaceFinder>(photo::load_landmark_net(network));
  log_warning("no --landmark-net, and none is built in: eyes and mouth are taken to be where they are on average");
  return std::make_shared<const photo::FaceFinder>(photo::LandmarkNet(nullptr));
}

photo::PortraitMaker make_portrait_maker(const PortraitSettings& settings) {
  if (!settings.landmarks.empty()) return {std::make_shared<const photo::LandmarkFile>(settings.landmarks), nullptr};
  return {nullptr, make_face_finder(settings.landmark_net)};
}

}  // namespace lifted::app
