#include "lifted/model/codes.h"

#include <algorithm>
#include <array>
#include <optional>

#include "lifted/base/error.h"
#include "lifted/model/named_errors.h"
#include "lifted/model/network_kind.h"

namespace lifted::model {
namespace {

using formats::Value;
using torch::Tensor;

constexpr double kFarthest = 1e6;  // |value| of a code; w lies within some tens
constexpr std::array kNamesOfW = {"w", "w_plus", "ws", "latent", "latents", "styles", "arr_0"};

const Value* tensor_at(const Value& dict, const char* name) {
  const Value* value = dict.find(name);
  return value && value->is_tensor() ? value : nullptr;
}

const Value* find_w(const Value& dict) {
  for (const char* name : kNamesOfW) {
    if (const Value* found = tensor_at(dict, name)) return found;
  }
  return nullptr;
}

/// {picture: {img, latent, noise}} of rosinality's projector.py.
bool is_projection(const Value& value) {
  return value.is_dict() && tensor_at(value, "latent") && (value.find("img") || value.find("noise"));
}

bool holds_projections(const Value& root) {
  const auto& items = root.as_dict().items();
  return !items.empty() && std::ranges::all_of(items, [](const auto& item) { return is_projection(item.second); });
}

std::string shape_text(const Tensor& tensor) {
  return tensor.dim() == 0 ? "a single number" : fmt::format("{}", fmt::join(tensor.sizes(), "×"));
}

Tensor checked_values(const Tensor& tensor, const std::string& what) {
  require(tensor.is_floating_point(), "{} holds {}, expected floating-point numbers", what,
          formats::dtype_name(tensor.scalar_type()));
  const Tensor codes = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  require(codes.isfinite().all().item<bool>(), "{} holds values that are not finite", what);
  const double largest = codes.numel() ? codes.abs().max().item<double>() : 0;
  require(largest <= kFarthest, "{} holds {:.3g}, which is no style code: expected at most {:.0e}", what, largest,
          kFarthest);
  return codes;
}

Tensor checked_z(const Tensor& tensor, int z_dim, const std::string& what) {
  const Tensor codes = tensor.dim() == 1 ? tensor.unsqueeze(0) : tensor;
  require(codes.dim() == 2 && codes.size(1) == z_dim && codes.size(0) > 0, "{} has shape {}, expected N×{}", what,
          shape_text(tensor), z_dim);
  return checked_values(codes, what);
}

/// N×w_dim, or N×layers×w_dim where the layers differ.
Tensor checked_w(const Tensor& tensor, const nets::Stylegan2Config& generator, const std::string& what) {
  const Tensor codes = tensor.dim() == 1 ? tensor.unsqueeze(0) : tensor;
  const int layers = 2 * generator.levels();
  const bool fits = codes.dim() == 2   ? codes.size(1) == generator.w_dim
                    : codes.dim() == 3 ? codes.size(1) == layers && codes.size(2) == generator.w_dim
                                       : false;
  require(fits && codes.size(0) > 0, "{} has shape {}, expected N×{} or N×{}×{} for this network of {}² pixels", what,
          shape_text(tensor), generator.w_dim, layers, generator.w_dim, generator.size);
  const Tensor checked = checked_values(codes, what);
  const bool repeated = checked.dim() == 3 && (checked == checked.slice(1, 0, 1)).all().item<bool>();
  return repeated ? checked.select(1, 0).contiguous() : checked;
}

/// noise_0, noise_1…, as `project` writes them.
std::vector<Tensor> noise_maps_of(const Value& dict) {
  std::vector<Tensor> maps;
  while (const Value* map = tensor_at(dict, ("noise_" + std::to_string(maps.size())).c_str()))
    maps.push_back(map->as_tensor());
  return maps;
}

/// The maps of every projection, joined; none unless all have the same.
std::vector<Tensor> noise_maps_of_projections(const Value& root) {
  std::vector<std::vector<Tensor>> by_layer;
  const auto& items = root.as_dict().items();
  for (const auto& [picture, projection] : items) {
    const Value* noise = projection.find("noise");
    if (!noise || !noise->is_sequence()) return {};
    const auto& maps = noise->as_sequence();
    if (by_layer.empty()) by_layer.resize(maps.size());
    if (by_layer.size() != maps.size()) return {};
    for (size_t i = 0; i < maps.size(); ++i) {
      if (!maps[i].is_tensor()) return {};
      by_layer[i].push_back(maps[i].as_tensor());
    }
  }
  std::vector<Tensor> joined;
  for (const auto& maps : by_layer) {
    for (const Tensor& map : maps) {
      if (map.dim() != 4 || map.sizes() != maps[0].sizes()) return {};
    }
    joined.push_back(torch::cat(maps));
  }
  return joined;
}

/// float32, where there is one finite map for every code and layer, else none.
std::vector<Tensor> fitting_noise(std::vector<Tensor> maps, int64_t codes, const nets::Stylegan2Config& generator) {
  if (static_cast<int>(maps.size()) != 2 * generator.levels() - 1) return {};
  for (size_t i = 0; i < maps.size(); ++i) {
    const int64_t side = int64_t{4} << ((i + 1) / 2);
    if (!maps[i].is_floating_point() || maps[i].sizes() != torch::IntArrayRef({codes, 1, side, side})) return {};
    maps[i] = maps[i].detach().to(torch::kFloat32).contiguous();
    if (!maps[i].isfinite().all().item<bool>()) return {};
  }
  return maps;
}

StyleCodes codes_of_projections(const Value& root, const std::string& file, const nets::Stylegan2Config& generator) {
  std::vector<Tensor> latents;
  for (const auto& [picture, projection] : root.as_dict().items()) {
    const Tensor& latent = projection.find("latent")->as_tensor();
    require(latents.empty() || latent.sizes() == latents[0].sizes(), "{}: codes of shape {} and of {} in one file",
            file, shape_text(latents.empty() ? latent : latents[0]), shape_text(latent));
    latents.push_back(latent);
  }
  StyleCodes codes;
  codes.w = checked_w(torch::stack(latents), generator, file + ": latent");
  codes.noise = fitting_noise(noise_maps_of_projections(root), codes.size(), generator);
  return codes;
}

}  // namespace

bool holds_codes(const Value& root) {
  if (root.is_tensor()) return root.as_tensor().dim() >= 1 && root.as_tensor().dim() <= 3;
  if (!root.is_dict()) return false;
  return find_w(root) || tensor_at(root, "z") || holds_projections(root);
}

StyleCodes load_codes(const std::filesystem::path& path, const nets::Stylegan2Config& generator) {
  const std::string file = path.string();
  return with_name(
      file, [&] { return load_codes(formats::read_checkpoint(formats::ByteSource::map_file(path)), file, generator); });
}

StyleCodes load_codes(const formats::Checkpoint& checkpoint, const std::string& file,
                      const nets::Stylegan2Config& generator) {
  const Value& root = checkpoint.root;
  if (!holds_codes(root)) {
    const NetworkKind kind = recognize(checkpoint);
    const std::string_view usage = how_to_use(kind);
    require(kind == NetworkKind::unknown, "{}: is {}, expected style codes{}{}", file, what_it_is(kind),
            usage.empty() ? "" : "; ", usage);
    fail("{}: holds no style codes: expected a tensor named z, w or w_plus", file);
  }
  if (root.is_dict() && holds_projections(root)) return codes_of_projections(root, file, generator);
  StyleCodes codes;
  const Value* w = root.is_tensor() ? &root : find_w(root);
  if (w) {
    const std::string what = root.is_tensor() ? file + ": the array" : file + ": w";
    codes.w = checked_w(w->as_tensor(), generator, what);
  } else {
    codes.z = checked_z(root.at("z").as_tensor(), generator.z_dim, file + ": z");
  }
  if (root.is_dict()) codes.noise = fitting_noise(noise_maps_of(root), codes.size(), generator);
  return codes;
}

}  // namespace lifted::model
