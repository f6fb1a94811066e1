#include "lifted/data/heads/ground_truth.h"

#include "lifted/data/heads/cat_model.h"
#include "lifted/data/heads/conventions.h"

namespace lifted::data::heads {
namespace {

using Json = nlohmann::ordered_json;

torch::Tensor float_map(const std::vector<float>& values, int size) {
  const int64_t channels = static_cast<int64_t>(values.size()) / size / size;
  const torch::Tensor map = torch::tensor(values).view({size, size, channels});
  return channels == 1 ? map.squeeze(2) : map;
}

torch::Tensor byte_map(std::vector<uint8_t> values, int size) {
  const int64_t channels = static_cast<int64_t>(values.size()) / size / size;
  const torch::Tensor map = torch::from_blob(values.data(), {size, size, channels}, torch::kByte).clone();
  return channels == 1 ? map.squeeze(2) : map;
}

Json numbers(Vec3 v) {
  return {v.x, v.y, v.z};
}

/// The view that moves the canonical head into this image: with the total translation.
View total_view(const HeadSample& sample) {
  View view = sample.parameters.image.view;
  const auto& t = sample.camera.translation;
  view.tx = t[0], view.ty = t[1], view.tz = t[2];
  return view;
}

Json person_record(const IdentityParameters& person) {
  return {{"shape", person.shape},
          {"femininity", person.femininity},
          {"age", person.age},
          {"melanin", person.skin.melanin},
          {"hemoglobin", person.skin.hemoglobin},
          {"hair", name_of(person.hair.style)},
          {"beard", name_of(person.beard.style)}};
}

Json cat_record(const CatParameters& cat) {
  const CatCoat& coat = cat.coat;
  return {{"shape", cat.shape},
          {"pattern", name_of(coat.pattern)},
          {"ground", numbers(coat.ground)},
          {"marking", numbers(coat.marking)},
          {"white", coat.white_amount},
          {"iris_left", numbers(cat.eyes.iris[0])},
          {"iris_right", numbers(cat.eyes.iris[1])},
          {"pupil", cat.eyes.pupil},
          {"fur_length", cat.fur.length}};
}

/// All 68 of a person, the named ones of a cat.
Json landmarks_record(const HeadSample& sample) {
  Json landmarks = Json::array(), named = Json::object();
  for (Vec3 landmark : sample.landmarks) landmarks.push_back(numbers(landmark));
  if (!sample.parameters.cat) return landmarks;
  for (const CatLandmark& l : cat_landmarks()) named[l.name] = landmarks[l.slot];
  return named;
}

}  // namespace

StateDict ground_truth_tensors(const HeadSample& sample, const std::string& prefix) {
  const int size = sample.size;
  return {{prefix + "depth", float_map(sample.depth, size)},
          {prefix + "normal", float_map(sample.normal, size).to(torch::kHalf)},
          {prefix + "albedo", byte_map(to_bytes(sample.albedo), size)},
          {prefix + "shading", float_map(sample.shading, size).to(torch::kHalf)},
          {prefix + "mask", byte_map(to_bytes(sample.mask), size)},
          {prefix + "label", byte_map(sample.label, size)}};
}

Json ground_truth_record(const HeadSample& sample) {
  const HeadParameters& p = sample.parameters;
  const View view = total_view(sample);
  const Light& light = p.image.light;
  Json expression = Json::object();
  for (const ExpressionWeight& e : p.image.expression) expression[e.name] = e.weight;
  Json record = {{"seed", p.seed}, {"index", p.index}, {"identity", p.identity}};
  record["view"] = {view.rx, view.ry, view.rz, view.tx, view.ty, view.tz};
  record["raw_view"] = to_raw_view(view);
  record["ambient"] = light.ambient;
  record["diffuse"] = light.diffuse;
  record["light"] = numbers(light.direction);
  record["light_in_camera"] = numbers(sample.light_in_camera);
  record["raw_light"] = to_raw_light(light);
  record["zoom"] = p.image.zoom;
  record["scale"] = sample.camera.placement.scale;
  record["pivot"] = sample.camera.placement.pivot;
  if (p.cat)
    record["cat"] = cat_record(*p.cat);
  else
    record["person"] = person_record(p.person);
  record["expression"] = expression;
  record["gaze"] = {p.image.gaze_yaw, p.image.gaze_pitch};
  record["landmarks"] = landmarks_record(sample);
  return record;
}

Json label_record(const HeadParameters& p) {
  const auto view = to_raw_view(p.image.view);
  Json record = {{"seed", p.seed}, {"index", p.index}, {"identity", p.identity}};
  record["raw_view"] = {view[0], view[1], view[2]};
  record["raw_light"] = to_raw_light(p.image.light);
  return record;
}

}  // namespace lifted::data::heads
