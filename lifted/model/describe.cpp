// `describe_network`: what a checkpoint file is, in words.
#include <fmt/ranges.h>

#include "lifted/base/json.h"
#include "lifted/base/printable.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/nvidia_pickle.h"
#include "lifted/model/builtin.h"
#include "lifted/model/import.h"
#include "lifted/model/network_kind.h"

namespace lifted::model {
namespace {

using formats::Checkpoint;
using formats::Value;
using Facts = std::vector<std::pair<std::string, std::string>>;

int64_t count_values(const Value& value) {
  if (value.is_tensor()) return value.as_tensor().numel();
  int64_t count = 0;
  if (value.is_dict()) {
    for (const auto& [key, entry] : value.as_dict().items()) count += count_values(entry);
  }
  return count;
}

void add_generator(Facts& facts, const StateDict& state, const std::string& what) {
  const nets::Stylegan2Config config = nets::infer_stylegan2_config(state, what);
  facts.emplace_back("image size", fmt::format("{0}×{0}", config.size));
  facts.emplace_back("z, w", fmt::format("{}, {}", config.z_dim, config.w_dim));
  facts.emplace_back("mapping layers", std::to_string(config.mapping_layers));
  facts.emplace_back("channels from 4×4 up", fmt::format("{}", fmt::join(config.channels, ", ")));
}

void add_lifting(Facts& facts, const StateDict& depth_net, const std::string& what) {
  const nets::LiftingConfig config = nets::infer_lifting_config(depth_net, what);
  facts.emplace_back("image size", fmt::format("{0}×{0}", config.size));
  facts.emplace_back("style code", std::to_string(config.style_dim));
  facts.emplace_back("generator's last feature map", fmt::format("{} channels", config.feature_channels));
  facts.emplace_back("depth channels from 4×4 up", fmt::format("{}", fmt::join(config.widths, ", ")));
}

void add_entries(Facts& facts, const Value& root) {
  for (const auto& [key, entry] : root.as_dict().items()) {
    if (!key.is_string()) continue;
    const int64_t values = count_values(entry);
    facts.emplace_back(printable(key.as_string(), 60), values > 1 ? fmt::format("{} values", values) : entry.summary());
  }
}

void add_facts(Facts& facts, const Checkpoint& checkpoint, NetworkKind kind, const std::string& what) {
  const Value& root = checkpoint.root;
  switch (kind) {
    case NetworkKind::stylegan2: {
      const Value* g_ema = root.find("g_ema");
      add_generator(facts, formats::tensors_of(g_ema ? *g_ema : root, "module."), what);
      if (g_ema) add_entries(facts, root);
      break;
    }
    case NetworkKind::liftedgan:
      if (const Value* depth = root.find("netD")) add_lifting(facts, formats::tensors_of(*depth, "module."), what);
      add_entries(facts, root);
      break;
    case NetworkKind::face_embedding:
    case NetworkKind::view_light_probe:
    case NetworkKind::image_depth:
    case NetworkKind::lifted_network:
    case NetworkKind::lifting_networks:
    case NetworkKind::gan_checkpoint:
      for (const auto& [key, value] : checkpoint.metadata.items()) {
        facts.emplace_back(key, value.is_string() ? printable(value.get<std::string>(), 4096) : shown(value, 4096));
      }
      break;
    case NetworkKind::nvidia_ada: {
      const nlohmann::json arguments =
          formats::module_arguments(root.at("G_ema"));  // items() keeps no temporary alive.
      for (const auto& [key, value] : arguments.items())
        facts.emplace_back("G_ema " + printable(key, 60), shown(value, 200));
      break;
    }
    case NetworkKind::discriminator:
      add_entries(facts, root);
      break;
    default:
      break;
  }
}

}  // namespace

NetworkDescription describe_network(const std::filesystem::path& path) {
  const Checkpoint checkpoint = formats::read_checkpoint(network_bytes(path));
  const NetworkKind kind = recognize(checkpoint);
  NetworkDescription description;
  const auto usage = how_to_use(kind);
  description.sentence =
      fmt::format("{} is {}{}{}", path.filename().string(), what_it_is(kind), usage.empty() ? "" : "; ", usage);
  description.facts.emplace_back("file format", formats::name_of(checkpoint.kind));
  description.facts.emplace_back("values", std::to_string(count_values(checkpoint.root)));
  try {
    add_facts(description.facts, checkpoint, kind, path.filename().string());
  } catch (const Error& error) {
    description.facts.emplace_back("but", error.what());
  }
  return description;
}

}  // namespace lifted::model
