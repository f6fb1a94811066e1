// What a studio makes of photographs.
#include "lifted/photo/align.h"
#include "lifted/train/projector.h"
#include "lifted/viewer/http_error.h"
#include "lifted/viewer/studio.h"

namespace lifted::viewer {
namespace {

using nlohmann::ordered_json;

/// In pixels of the uploaded picture.
ordered_json json_of(const photo::EyesAndMouth& face, double scale) {
  const auto point = [&](photo::Point p) { return ordered_json{p.x * scale, p.y * scale}; };
  return {{"left_eye", point(face.left_eye)}, {"right_eye", point(face.right_eye)}, {"mouth", point(face.mouth)}};
}

ordered_json json_of(const PhotoCode& code) {
  ordered_json errors = ordered_json::array();
  for (const auto& fit : code.fits) errors.push_back(fit.error);
  return {{"code", code.name}, {"steps", code.steps}, {"errors", errors}};
}

PhotoFit fit_of(const ShownNetwork& shown, const Photos::Photo& photograph, const photo::EyesAndMouth& face) {
  const torch::Tensor mean = shown.network.statistics.mean;
  const int size = shown.network.generator->config().size;
  const auto picture = photo::aligned(photograph.image, photo::crop_frame(face, shown.crop), size);
  PhotoFit fit;
  fit.target = formats::tensor_from_image(picture).unsqueeze(0).to(mean.device());
  photo::ImageEncoder encoder = shown.encoder;
  fit.w = encoder.is_empty() ? mean.unsqueeze(0) : encoder->forward(fit.target);
  fit.error = train::projection_of(shown.network.generator, fit.w, fit.target).error[0].item<double>();
  return fit;
}

}  // namespace

ordered_json Studio::add_photo(Photos::Photo given) {
  const Photos::Photo& photograph = photos_.add(std::move(given));
  ordered_json answer = {{"photo", photograph.name},
                         {"width", photograph.image.width * photograph.scale},
                         {"height", photograph.image.height * photograph.scale},
                         {"face", nullptr}};
  try {
    const auto faces = finder_ ? finder_->find(photograph.image, false) : std::vector<photo::Landmarks>();
    if (faces.empty()) {
      answer["why"] = finder_ ? "no face was found; put the points on the eyes and the mouth"
                              : "this program finds no faces; put the points on the eyes and the mouth";
    } else {
      answer["face"] = json_of(photo::eyes_and_mouth(faces[0], "the picture"), photograph.scale);
    }
  } catch (const Error& error) {
    answer["why"] = error.what();
  }
  return answer;
}

ordered_json Studio::fit_photo(const FitRequest& request) {
  const Photos::Photo& photograph = photos_.photo(request.photo);
  const double scale = 1 / photograph.scale;
  const photo::EyesAndMouth face{request.face.left_eye * scale, request.face.right_eye * scale,
                                 request.face.mouth * scale};
  PhotoCode code;
  try {
    photo::check_face(face, photograph.image.width, photograph.image.height, "the points");
    for (const auto& shown : networks_) code.fits.push_back(fit_of(shown, photograph, face));
  } catch (const HttpError&) {
    throw;
  } catch (const Error& error) {
    refuse(422, "{}", error.what());
  }
  return json_of(photos_.add_code(std::move(code)));
}

ordered_json Studio::refine_photo(const RefineRequest& request) {
  PhotoCode code = photos_.code(request.code);
  const torch::AutoGradMode gradients(true);
  for (size_t i = 0; i < code.fits.size(); ++i) {
    PhotoFit& fit = code.fits[i];
    const auto& network = networks_[i].network;
    const auto found = train::project(network.generator, network.statistics, nullptr, fit.target,
                                      {.steps = static_cast<int>(request.steps), .quasi_newton = true}, {},
                                      train::start_at(network, fit.w));
    fit.w = found.codes, fit.error = found.error[0].item<double>();
  }
  code.steps += request.steps;
  return json_of(photos_.add_code(std::move(code)));
}

torch::Tensor Studio::code_of(const std::string& code, size_t network) const {
  return photos_.code(code).fits.at(network).w;
}

}  // namespace lifted::viewer
