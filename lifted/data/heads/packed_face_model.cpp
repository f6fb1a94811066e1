// A face model in one safetensors file: vertices kept as float, offsets as 16-bit integers with one scale per mode, and
// everything that is computed once per template. Layout: docs/formats.md, "Packed face models".
#include <algorithm>
#include <cmath>

#include "lifted/base/json.h"
#include "lifted/data/heads/packed_face_model.h"
#include "lifted/formats/safetensors.h"

namespace lifted::data::heads {
namespace {

constexpr const char* format_name = "lifted-face-model-1";
constexpr int most_holes = base_nodes / 8;

template <typename T>
torch::Tensor to_tensor(const T* data, std::vector<int64_t> shape, torch::ScalarType type) {
  return torch::from_blob(const_cast<T*>(data), shape, type).clone();
}

torch::Tensor positions_tensor(const Positions& p) {
  return to_tensor(p.data(), {static_cast<int64_t>(p.size()), 3}, torch::kFloat);
}

/// M×V×3 int16 and the size of one unit per mode.
struct QuantizedModes {
  torch::Tensor offsets, scales;
};

QuantizedModes quantize(const std::vector<const Positions*>& modes) {
  std::vector<torch::Tensor> all;
  for (const Positions* mode : modes) all.push_back(positions_tensor(*mode));
  const torch::Tensor offsets = torch::stack(all);
  const torch::Tensor scales = offsets.abs().amax({1, 2}).clamp_min(1e-12) / 32767;
  return {torch::round(offsets / scales.view({-1, 1, 1})).to(torch::kShort), scales};
}

/// Reads tensors and checks what they look like.
class Unpacker {
 public:
  Unpacker(const std::string& file, const StateDict& tensors) : file_(file), tensors_(tensors) {}

  torch::Tensor get(const std::string& name, torch::ScalarType type, std::vector<int64_t> shape) const {
    const auto found = tensors_.find(name);
    require(found != tensors_.end(), "{}: the packed face model lacks {}", file_, name);
    const torch::Tensor& t = found->second;
    bool fits = t.scalar_type() == type && t.dim() == static_cast<int64_t>(shape.size());
    for (size_t i = 0; fits && i < shape.size(); ++i)
      fits = shape[i] < 0 || t.size(static_cast<int64_t>(i)) == shape[i];
    require(fits, "{}: {} has another shape or type than a packed face model's", file_, name);
    if (t.is_floating_point()) require(torch::isfinite(t).all().item<bool>(), "{}: {} is not finite", file_, name);
    return t.contiguous();
  }
  template <typename T>
  std::vector<T> vector(const std::string& name, torch::ScalarType type, std::vector<int64_t> shape) const {
    const torch::Tensor t = get(name, type, std::move(shape));
    return {t.data_ptr<T>(), t.data_ptr<T>() + t.numel()};
  }
  Positions positions(const std::string& name, int64_t count = -1) const {
    return to_positions(get(name, torch::kFloat, {count, 3}));
  }
  std::vector<Positions> modes(const std::string& name, int64_t vertices) const {
    const torch::Tensor offsets = get(name, torch::kShort, {-1, vertices, 3});
    const torch::Tensor scales = get(name + ".scale", torch::kFloat, {offsets.size(0)});
    std::vector<Positions> result;
    for (int64_t k = 0; k < offsets.size(0); ++k)
      result.push_back(to_positions(offsets[k].to(torch::kFloat) * scales[k]));
    return result;
  }

 private:
  static Positions to_positions(const torch::Tensor& t) {
    const Vec3* data = reinterpret_cast<const Vec3*>(t.data_ptr<float>());
    return {data, data + t.size(0)};
  }
  const std::string& file_;
  const StateDict& tensors_;
};

void unpack_hair_base(const Unpacker& unpack, FaceModelData& model) {
  std::vector<int32_t> corners = unpack.vector<int32_t>("hair_base.corners", torch::kInt, {base_nodes, 3});
  const auto vertices = static_cast<int32_t>(model.neutral.size());
  for (int32_t id : corners)
    require(id >= -1 && id < vertices, "{}: a node of the hair's base names no vertex", model.name);
  int holes = 0;
  for (size_t node = 0; node < corners.size(); node += 3) {
    const auto absent = std::count(&corners[node], &corners[node] + 3, -1);
    require(absent == 0 || absent == 3, "{}: a node of the hair's base lacks some of its vertices", model.name);
    holes += absent == 3;
  }
  // They are filled by solving a dense system.
  require(holes <= most_holes, "{}: {} holes in the hair's base, expected at most {}", model.name, holes, most_holes);
  model.hair_base =
      HairBase(std::move(corners), unpack.vector<float>("hair_base.weights", torch::kFloat, {base_nodes, 3}));
}

void unpack_surface(const Unpacker& unpack, FaceModelData& model) {
  model.neutral = unpack.positions("neutral");
  const auto vertices = static_cast<int64_t>(model.neutral.size());
  const torch::Tensor triangles = unpack.get("triangles", torch::kInt, {-1, 3});
  const auto* first = reinterpret_cast<const Triangle*>(triangles.data_ptr<int32_t>());
  model.triangles.assign(first, first + triangles.size(0));
  model.part = unpack.vector<uint8_t>("part", torch::kByte, {vertices});
  for (uint8_t part : model.part)
    require(part <= static_cast<uint8_t>(Part::eyeball), "{}: there is no part {}", model.name, part);
  model.occlusion = unpack.vector<float>("occlusion", torch::kFloat, {vertices});
  model.ear = unpack.vector<float>("ear", torch::kFloat, {vertices});
}

void unpack_marks(const Unpacker& unpack, FaceModelData& model) {
  const auto landmarks = unpack.vector<int32_t>("landmarks", torch::kInt, {68});
  std::copy(landmarks.begin(), landmarks.end(), model.landmarks.begin());
  const Positions eyes = unpack.positions("eye_centers", 2);
  model.eye_centers = {eyes[0], eyes[1]};
  for (int eye = 0; eye < 2; ++eye) {
    model.upper_lids[eye] = unpack.positions(fmt::format("upper_lids.{}", eye));
    model.lower_lids[eye] = unpack.positions(fmt::format("lower_lids.{}", eye));
  }
}

void unpack_modes(const Unpacker& unpack, const nlohmann::json& metadata, FaceModelData& model) {
  const auto vertices = static_cast<int64_t>(model.neutral.size());
  model.identity = unpack.modes("identity", vertices);
  std::vector<Positions> expressions = unpack.modes("expressions", vertices);
  std::vector<std::string> names;
  // The metadata of safetensors are texts; each is JSON here.
  const auto read = [&](const char* key, auto& value) {
    const auto text = json_field<std::string>(metadata, key, model.name);
    const nlohmann::json parsed = {{key, parse_json(text, fmt::format("{}: the metadata '{}'", model.name, key))}};
    read_field(parsed, key, model.name, value);
  };
  read("expressions", names);
  read("skin_vertices", model.skin_vertices);
  read("mole_vertices", model.mole_vertices);
  require(names.size() == expressions.size(), "{}: {} expression names for {} expressions", model.name, names.size(),
          expressions.size());
  for (size_t k = 0; k < names.size(); ++k) model.expressions[names[k]] = std::move(expressions[k]);
}

}  // namespace

void pack_face_model(const FaceModel& model, const std::filesystem::path& file) {
  const FaceModelData& data = model.data();
  const auto vertices = static_cast<int64_t>(data.neutral.size()),
             triangles = static_cast<int64_t>(data.triangles.size());
  StateDict tensors;
  tensors["neutral"] = positions_tensor(data.neutral);
  tensors["triangles"] = to_tensor(data.triangles.data(), {triangles, 3}, torch::kInt);
  tensors["part"] = to_tensor(data.part.data(), {vertices}, torch::kByte);
  tensors["landmarks"] = to_tensor(data.landmarks.data(), {68}, torch::kInt);
  tensors["occlusion"] = to_tensor(data.occlusion.data(), {vertices}, torch::kFloat);
  tensors["ear"] = to_tensor(data.ear.data(), {vertices}, torch::kFloat);
  tensors["eye_centers"] = to_tensor(data.eye_centers.data(), {2, 3}, torch::kFloat);
  for (int eye = 0; eye < 2; ++eye) {
    tensors[fmt::format("upper_lids.{}", eye)] = positions_tensor(data.upper_lids[eye]);
    tensors[fmt::format("lower_lids.{}", eye)] = positions_tensor(data.lower_lids[eye]);
  }
  tensors["hair_base.corners"] = to_tensor(data.hair_base.corners().data(), {base_nodes, 3}, torch::kInt);
  tensors["hair_base.weights"] = to_tensor(data.hair_base.weights().data(), {base_nodes, 3}, torch::kFloat);

  std::vector<const Positions*> identity, expression;
  nlohmann::json names = nlohmann::json::array();
  for (const Positions& mode : data.identity) identity.push_back(&mode);
  for (const auto& [name, mode] : data.expressions) names.push_back(name), expression.push_back(&mode);
  for (const auto& [name, modes] : {std::pair{"identity", &identity}, std::pair{"expressions", &expression}}) {
    const QuantizedModes quantized = quantize(*modes);
    tensors[name] = quantized.offsets;
    tensors[std::string(name) + ".scale"] = quantized.scales;
  }
  formats::write_safetensors(
      file, tensors,
      {{"format", format_name},
       {"expressions", names.dump()},
       {"skin_vertices", std::to_string(data.skin_vertices)},
       {"mole_vertices", std::to_string(data.mole_vertices)},
       {"license", "MIT; ICT-FaceKit, Copyright (c) 2020 USC Institute for Creative Technologies"}});
}

FaceModel load_packed_face_model(const std::filesystem::path& file) {
  require(std::filesystem::exists(file), "{}: no such face model", file.string());
  return load_packed_face_model(formats::ByteSource::map_file(file));
}

FaceModel load_packed_face_model(const formats::ByteSource& source) {
  const std::string& file = source.name();
  nlohmann::json metadata;
  const StateDict tensors = formats::read_safetensors(source, &metadata);
  require(metadata.is_object() && metadata.value("format", "") == format_name,
          "{}: a safetensors file, but not a packed face model (made by `heads pack`)", file);
  const Unpacker unpack(file, tensors);
  FaceModelData model;
  model.name = file;
  unpack_surface(unpack, model);
  unpack_marks(unpack, model);
  unpack_hair_base(unpack, model);
  unpack_modes(unpack, metadata, model);
  return FaceModel(std::move(model));
}

}  // namespace lifted::data::heads
