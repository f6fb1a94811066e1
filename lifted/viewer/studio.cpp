#include "lifted/viewer/studio.h"

#include <cmath>
#include <numbers>

#include "lifted/base/random.h"
#include "lifted/formats/image_ops.h"
#include "lifted/model/head_mesh.h"
#include "lifted/scene/light.h"
#include "lifted/scene/view.h"
#include "lifted/viewer/http_error.h"
#include "lifted/viewer/surface_pictures.h"

namespace lifted::viewer {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;

std::string cache_key(size_t network, const LatentRequest& latent) {
  return std::to_string(network) + " " + latent.key();
}

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

}  // namespace

torch::Tensor raw_view(const ViewRequest& request, const torch::Tensor& predicted) {
  if (request.predicted()) return predicted;
  torch::Tensor view = scene::yaw_view(request.yaw.value_or(0)) + scene::pitch_view(request.pitch.value_or(0));
  view[2] = request.roll.value_or(0) / 60;
  return view.unsqueeze(0).to(predicted.options());
}

torch::Tensor raw_light(const LightRequest& request, const torch::Tensor& predicted) {
  torch::Tensor light = predicted.clone();
  // The surface's normals point into the picture (scene/normals.h): a light on the right has a negative x.
  if (request.yaw) light[0][2] = -std::tan(*request.yaw / kDegrees);
  if (request.pitch) light[0][3] = std::tan(*request.pitch / kDegrees);
  if (request.ambient) light[0][0] = 2 * *request.ambient - 1;
  if (request.diffuse) light[0][1] = 2 * *request.diffuse - 1;
  return light;
}

Studio::Studio(std::vector<ShownNetwork> networks, int64_t cache_bytes, std::shared_ptr<const photo::FaceFinder> finder)
    : networks_(std::move(networks)), cache_(cache_bytes), finder_(std::move(finder)) {
  require(!networks_.empty(), "nothing to show: expected at least one network");
}

nlohmann::ordered_json Studio::describe_networks() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < networks_.size(); ++i) {
    const auto& config = networks_[i].network.generator->config();
    const auto& lifted = networks_[i].network.lifted;
    list.push_back({{"index", i},
                    {"name", networks_[i].name},
                    {"size", config.size},
                    {"z_dim", config.z_dim},
                    {"lifted", lifted != nullptr}});
    if (lifted) list.back()["fov_degrees"] = lifted->config().fov_degrees;
  }
  return list;
}

torch::Tensor Studio::first_styles(size_t index, const LatentRequest& latent) const {
  const model::LoadedNetwork& network = networks_.at(index).network;
  torch::Tensor w;
  if (latent.code) {
    w = code_of(*latent.code, index);
  } else {
    const torch::Tensor z = torch::tensor(numpy_randn(latent.seed, network.generator->config().z_dim)).unsqueeze(0);
    w = network.generator->map(z.to(network.statistics.mean.device()));
  }
  return model::truncate(w, network.statistics, {.psi = latent.psi, .cutoff = {}}, network.generator->layers());
}

torch::Tensor Studio::styles_of(size_t index, const LatentRequest& latent) const {
  const torch::Tensor first = first_styles(index, latent);
  if (!latent.blend_seed || latent.blend <= 0) return first;
  LatentRequest other;
  other.seed = *latent.blend_seed, other.psi = latent.psi;
  return first * (1 - latent.blend) + first_styles(index, other) * latent.blend;
}

std::shared_ptr<Sample> Studio::sample(size_t network, const LatentRequest& latent) {
  const std::string key = cache_key(network, latent);
  if (std::shared_ptr<Sample> known = cache_.find(key)) return known;
  const model::LoadedNetwork& loaded = networks_.at(network).network;
  if (!loaded.lifted && latent.mix_seed) {
    refuse(422, "{} is a 2D generator: it cannot take the looks (mix_seed) of another face",
           networks_.at(network).name);
  }
  const auto made = std::make_shared<Sample>();
  made->styles = styles_of(network, latent);
  if (loaded.lifted && latent.mix_seed) {
    LatentRequest shape = latent, looks = latent;
    shape.mix_seed = looks.mix_seed = looks.blend_seed = std::nullopt;
    looks.seed = *latent.mix_seed;
    looks.code = std::nullopt;
    const std::shared_ptr<Sample> shape_sample = sample(network, shape), looks_sample = sample(network, looks);
    made->estimate = loaded.lifted->mix(shape_sample->estimate, looks_sample->estimate);
  } else if (loaded.lifted) {
    made->estimate = loaded.lifted->estimate(made->styles);
  } else {
    made->teacher = loaded.generator->synthesize(made->styles).image;
  }
  cache_.insert(key, made);
  return made;
}

torch::Tensor Studio::teacher(size_t network, const LatentRequest& latent, Sample& sample) {
  if (!sample.teacher.defined()) {
    sample.teacher = networks_.at(network).network.lifted->proxy_image(sample.styles);
    cache_.update(cache_key(network, latent));
  }
  return sample.teacher;
}

int64_t Studio::picture_size(const PictureRequest& request) const {
  return request.size.value_or(networks_.at(request.network).network.generator->config().size);
}

formats::Image Studio::picture(const PictureRequest& request) {
  const ShownNetwork& shown = networks_.at(request.network);
  if (!shown.network.lifted && !(request.view.predicted() && request.light.predicted())) {
    refuse(422, "{} is a 2D generator: its faces cannot be turned or relit", shown.name);
  }
  const auto sample_ = sample(request.network, request.latent);
  const int own_size = shown.network.generator->config().size;
  const auto size = static_cast<int>(picture_size(request));
  const bool flat = request.what == "teacher" || (!shown.network.lifted && request.what == "image");
  if (flat) {
    const formats::Image image =
        formats::image_from_tensor(teacher(request.network, request.latent, *sample_)[0], formats::Rounding::nvidia);
    return size == own_size ? image : formats::resized(image, size, size);
  }
  if (!shown.network.lifted) refuse(422, "{} is a 2D generator: it has no {}", shown.name, request.what);
  const model::Estimate& estimate = sample_->estimate;
  return surface_picture(*shown.network.lifted, estimate, request.what,
                         {.view = raw_view(request.view, estimate.view),
                          .light = raw_light(request.light, estimate.canon_light),
                          .size = size,
                          .background = request.background});
}

nlohmann::ordered_json Studio::describe_face(size_t network, const LatentRequest& latent) {
  const ShownNetwork& shown = networks_.at(network);
  if (!shown.network.lifted) refuse(422, "{} is a 2D generator: it predicts no view and no light", shown.name);
  const auto sample_ = sample(network, latent);
  const double scale = shown.network.lifted->config().rotation_degrees;
  const torch::Tensor view = sample_->estimate.view.cpu(), raw = sample_->estimate.canon_light.cpu();
  const auto view_value = [&](int i) { return view[0][i].item<double>(); };
  const auto light_value = [&](int i) { return raw[0][i].item<double>(); };
  const auto height_of = [&](const torch::Tensor& depth) {
    const double centre = shown.network.lifted->config().rotation_centre_depth;
    return (centre - depth.item<double>()) * model::mesh_scale(*shown.network.lifted);
  };
  return {{"view",
           {{"yaw", rounded(-scale * view_value(1))},
            {"pitch", rounded(scale * view_value(0))},
            {"roll", rounded(scale * view_value(2))}}},
          {"light",
           {{"light_yaw", rounded(-std::atan(light_value(2)) * kDegrees)},
            {"light_pitch", rounded(std::atan(light_value(3)) * kDegrees)},
            {"ambient", rounded(light_value(0) / 2 + 0.5)},
            {"diffuse", rounded(light_value(1) / 2 + 0.5)}}},
          {"depth",
           {{"near", height_of(sample_->estimate.canon_depth.min())},
            {"far", height_of(sample_->estimate.canon_depth.max())}}}};
}

formats::Mesh Studio::mesh(const MeshRequest& request) {
  const ShownNetwork& shown = networks_.at(request.network);
  if (!shown.network.lifted) refuse(422, "{} is a 2D generator: it has no surface", shown.name);
  const auto sample_ = sample(request.network, request.latent);
  try {
    return model::head_mesh(*shown.network.lifted, sample_->estimate,
                            {.view = raw_view(request.view, sample_->estimate.view),
                             .trim = request.trim,
                             .trim_depth = 0,
                             .resolution = 0,
                             .decimate = request.decimate});
  } catch (const Error& error) {
    refuse(422, "{}", error.what());
  }
}

}  // namespace lifted::viewer
