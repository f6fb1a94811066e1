#include "lifted/train/lift_options.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "lifted/base/bounds.h"
#include "lifted/base/json.h"
#include "lifted/base/printable.h"

namespace lifted::train {
namespace {

/// A number with the range it may take.
struct Field {
  double* value;
  double low, high;
  Bounds bounds() const { return bounds::between(low, high); }
};
using Fields = std::map<std::string, Field>;

constexpr double kLarge = 1e6;

Fields fields_of(LiftLossWeights& w) {
  return {{"lam_rec", {&w.reconstruction, 0, kLarge}},
          {"lam_perc", {&w.perceptual, 0, kLarge}},
          {"lam_flip", {&w.flip, 0, kLarge}},
          {"lam_perturb_im", {&w.perturbed_images, 0, kLarge}},
          {"lam_perturb_param", {&w.perturbed_factors, 0, kLarge}},
          {"lam_identity_perturb", {&w.identity, 0, kLarge}},
          {"lam_reg_style", {&w.latent, 0, kLarge}},
          {"lam_albedo_rank", {&w.albedo_rank, 0, kLarge}}};
}

Fields fields_of(LiftTrainerOptions& o) {
  return {{"learning_rate", {&o.lr, 0, 1}},
          {"beta1", {&o.beta1, 0, 0.999999}},
          {"beta2", {&o.beta2, 0, 0.999999}},
          {"weight_decay", {&o.weight_decay, 0, 1}},
          {"truncation", {&o.truncation, 0, 2}},
          {"max_pitch", {&o.max_pitch, 0, 90}},
          {"max_yaw", {&o.max_yaw, 0, 90}},
          {"yaw_translation", {&o.yaw_translation, -1, 1}},
          {"identity_max_yaw", {&o.identity_max_yaw, 0, 180}},
          {"initial_depth_scale", {&o.initial_depth_scale, 0, 1}}};
}

void read(const std::string& name, const nlohmann::json& json, const Fields& fields) {
  const auto found = fields.find(name);
  std::vector<std::string> names;
  for (const auto& item : fields) names.push_back(item.first);
  require(found != fields.end(), "lifting options: there is no '{}'; there are {}", printable(name, 60),
          fmt::join(names, ", "));
  const Bounds bounds = found->second.bounds();
  require(json.is_number(), "lifting options: {} must be a number, got {}", name, shown(json));
  const double number = json.get<double>();
  require(bounds.hold(number), "lifting options: {} must be {}, got {}", name, bounds.words(), number);
  *found->second.value = number;
}

void require_object(const nlohmann::json& json, const char* what) {
  require(json.is_object(), "lifting options: {} must be a JSON object, got {}", what, shown(json));
}

}  // namespace

nlohmann::json LiftLossWeights::to_json() const {
  LiftLossWeights copy = *this;
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, field] : fields_of(copy)) json[name] = *field.value;
  return json;
}

LiftLossWeights LiftLossWeights::from_json(const nlohmann::json& json) {
  require_object(json, "weights");
  LiftLossWeights weights;
  const Fields fields = fields_of(weights);
  for (const auto& [name, value] : json.items()) read(name, value, fields);
  return weights;
}

nlohmann::json LiftTrainerOptions::to_json() const {
  LiftTrainerOptions copy = *this;
  nlohmann::json json = {{"weights", weights.to_json()},
                         {"rank_downsample", rank_downsample},
                         {"mask_reconstruction", mask_reconstruction}};
  for (const auto& [name, field] : fields_of(copy)) json[name] = *field.value;
  return json;
}

LiftTrainerOptions LiftTrainerOptions::from_json(const nlohmann::json& json) {
  require_object(json, "the whole");
  LiftTrainerOptions options;
  const Fields fields = fields_of(options);
  for (const auto& [name, value] : json.items()) {
    if (name == "weights") {
      options.weights = LiftLossWeights::from_json(value);
    } else if (name == "rank_downsample") {
      require(value.is_number_integer() && value.get<int64_t>() >= 1 && value.get<int64_t>() <= 1024,
              "lifting options: rank_downsample must be an integer from 1 to 1024, got {}", shown(value));
      options.rank_downsample = value.get<int64_t>();
    } else if (name == "mask_reconstruction") {
      require(value.is_boolean(), "lifting options: mask_reconstruction must be true or false, got {}", shown(value));
      options.mask_reconstruction = value.get<bool>();
    } else {
      read(name, value, fields);
    }
  }
  return options;
}

}  // namespace lifted::train
