#include "lifted/model/generator_state.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/base/random.h"
#include "lifted/formats/nvidia_pickle.h"
#include "lifted/nets/stylegan2_ada.h"

namespace lifted::model {
namespace {

using formats::Value;

/// A state dict, or that of a module which was saved whole; none otherwise.
std::optional<Value> as_state_dict(const Value& value) {
  if (value.is_dict()) return value;
  if (!formats::is_module(value)) return {};
  try {
    formats::Dict dict;
    for (const auto& [name, tensor] : formats::module_state_dict(value))
      dict.set(Value::of(std::string(name)), Value::of(torch::Tensor(tensor)));
    return Value::of(std::move(dict));
  } catch (const Error&) {  // parts that are no modules: no generator
    return {};
  }
}

/// The prefixes under which a dict has a generator's first mapping layer and its constant input.
std::vector<std::string> generator_prefixes(const Value& dict) {
  constexpr std::string_view kInput = "input.input", kMapping = "style.1.weight";
  std::vector<std::string> prefixes;
  for (const auto& [key, value] : dict.as_dict().items()) {
    if (!key.is_string() || !key.as_string().ends_with(kInput)) continue;
    const std::string prefix = key.as_string().substr(0, key.as_string().size() - kInput.size());
    const bool whole_word = prefix.empty() || prefix.ends_with('.');
    if (whole_word && dict.find(prefix + std::string(kMapping))) prefixes.push_back(prefix);
  }
  return prefixes;
}

bool names_average(const GeneratorPlace& place) {
  return (place.key + "." + place.prefix).find("ema") != std::string::npos;
}

/// "g", as rosinality's training files call the generator that is being trained; "generator" and others may be either.
bool names_last_trained(const GeneratorPlace& place) {
  return place.key == "g" || place.prefix.starts_with("g.") || place.prefix.find(".g.") != std::string::npos;
}

void add_places(std::vector<GeneratorPlace>& places, const Value& value, const std::string& key) {
  const std::optional<Value> dict = as_state_dict(value);
  if (!dict) return;
  for (std::string& prefix : generator_prefixes(*dict)) {
    places.push_back({.tensors = *dict, .key = key, .prefix = std::move(prefix)});
    places.back().average = !names_last_trained(places.back());
  }
}

bool belongs_to_generator(std::string_view name) {
  for (const char* part : {"style.", "input.", "conv1.", "convs.", "to_rgb1.", "to_rgbs.", "noises."}) {
    if (name.starts_with(part)) return true;
  }
  return false;
}

StateDict tensors_at(const GeneratorPlace& place, const std::string& what) {
  StateDict tensors;
  for (const auto& [key, value] : place.tensors.as_dict().items()) {
    if (!key.is_string() || !key.as_string().starts_with(place.prefix)) continue;
    const std::string name = key.as_string().substr(place.prefix.size());
    if (value.is_tensor() && name != "latent_avg") {
      tensors[name] = value.as_tensor();
    } else if (!value.is_tensor() && belongs_to_generator(name)) {
      fail("{}: expected a tensor at '{}', found {}", what, key.as_string(), value.summary());
    }
  }
  return tensors;
}

/// w_dim values; encoders (pSp, e4e) keep them once per layer.
torch::Tensor checked_average(torch::Tensor mean, int w_dim, const std::string& what) {
  if (mean.dim() == 2 && mean.size(0) > 1 && mean.size(1) == w_dim && (mean == mean[0]).all().item<bool>())
    mean = mean[0];
  require(mean.numel() == w_dim && mean.is_floating_point() && mean.isfinite().all().item<bool>(),
          "{}: latent_avg must be {} finite values", what, w_dim);
  return mean.to(torch::kFloat32).flatten().clone();
}

/// Draws the noise maps that are absent.
void complete_noise(GeneratorState& state) {
  const int count = 2 * state.config.levels() - 1;
  int drawn = 0;
  for (int i = 0; i < count; ++i) {
    const std::string name = "noises.noise_" + std::to_string(i);
    if (state.tensors.count(name)) continue;
    const int64_t side = int64_t{4} << ((i + 1) / 2);
    state.tensors[name] = torch::tensor(numpy_randn(static_cast<uint32_t>(i), side * side)).view({1, 1, side, side});
    ++drawn;
  }
  if (drawn > 0)
    state.remarks.push_back(fmt::format(
        "it lacks {} of its {} noise maps, which are drawn from fixed seeds: details such as hair may differ from "
        "pictures made elsewhere",
        drawn, count));
}

GeneratorState rosinality_state(const Value& root, const std::string& file) {
  const std::optional<GeneratorPlace> place = find_generator(root);
  GeneratorState state;
  if (place) {
    state.place = place->text();
    const std::string what = state.place.empty() ? file : file + ": " + state.place;
    state.tensors = tensors_at(*place, what);
    state.config = nets::infer_stylegan2_config(state.tensors, what);
  } else {  // something else under the name of a generator: the first tensor that is missing is named
    state.place = "g_ema";
    state.config = nets::infer_stylegan2_config(formats::tensors_of(root.at("g_ema"), "module."), file + ": g_ema");
  }
  if (place && !place->average)
    state.remarks.push_back(fmt::format(
        "it has no averaged generator (g_ema); '{}', as last trained, is used, whose pictures are worse", state.place));
  const Value* mean = root.is_dict() ? root.find("latent_avg") : nullptr;
  if (mean && mean->is_tensor()) {
    state.latent_avg = checked_average(mean->as_tensor(), state.config.w_dim, file);
    state.average_source = "the checkpoint's latent_avg";
  }
  return state;
}

GeneratorState nvidia_state(const Value& root, const std::string& file) {
  const auto generator = find_nvidia_generator(root);
  require(generator.has_value(), "{}: no network G_ema", file);
  const std::string what = generator->key.empty() ? file : file + ": " + generator->key;
  nets::ConvertedGenerator converted = nets::convert_ada_generator(formats::module_state_dict(generator->module),
                                                                   formats::module_arguments(generator->module), what);
  GeneratorState state{.config = converted.config, .tensors = std::move(converted.state), .place = generator->key};
  if (generator->key == "G")
    state.remarks.push_back("it has no averaged generator (G_ema); G, as last trained, is used");
  if (converted.latent_avg.defined()) {
    require(converted.latent_avg.isfinite().all().item<bool>() && converted.latent_avg.numel() == state.config.w_dim,
            "{}: the tensor mapping.w_avg must be {} finite values", what, state.config.w_dim);
    state.latent_avg = converted.latent_avg.to(torch::kFloat32).flatten().clone();
    state.average_source = "the network's w_avg";
  }
  return state;
}

}  // namespace

std::string GeneratorPlace::text() const {
  if (prefix.empty()) return key;
  return key.empty() ? prefix : key + ": " + prefix;
}

std::optional<GeneratorPlace> find_generator(const Value& root) {
  std::vector<GeneratorPlace> places;
  add_places(places, root, "");
  if (root.is_dict()) {
    for (const auto& [key, value] : root.as_dict().items()) {
      if (key.is_string()) add_places(places, value, key.as_string());
    }
  }
  if (places.empty()) return {};
  const auto rank = [](const GeneratorPlace& place) { return names_average(place) ? 0 : place.average ? 1 : 2; };
  return *std::min_element(places.begin(), places.end(),
                           [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

std::optional<NvidiaGenerator> find_nvidia_generator(const Value& root) {
  if (formats::is_module(root)) return NvidiaGenerator{root, ""};
  if (!root.is_dict()) return {};
  for (const char* key : {"G_ema", "G"}) {
    const Value* module = root.find(key);
    if (module && formats::is_module(*module)) return NvidiaGenerator{*module, key};
  }
  return {};
}

GeneratorState generator_state(const formats::Checkpoint& checkpoint, NetworkKind kind, const std::string& file) {
  GeneratorState state =
      kind == NetworkKind::nvidia_ada ? nvidia_state(checkpoint.root, file) : rosinality_state(checkpoint.root, file);
  complete_noise(state);
  return state;
}

}  // namespace lifted::model
