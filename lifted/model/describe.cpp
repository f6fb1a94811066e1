// `describe_network`: what a checkpoint file is, in words.
#include <fmt/ranges.h>

#include <unordered_set>

#include "lifted/base/json.h"
#include "lifted/base/printable.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/nvidia_pickle.h"
#include "lifted/model/builtin.h"
#include "lifted/model/generator_state.h"
#include "lifted/model/import.h"
#include "lifted/model/named_errors.h"
#include "lifted/model/network_kind.h"

namespace lifted::model {
namespace {

using formats::Checkpoint;
using formats::Value;
using Facts = std::vector<std::pair<std::string, std::string>>;

using Visited = std::unordered_set<const void*>;

/// Of tensors in dicts; what occurs again is not counted again, however often a small file repeats it.
int64_t count_values(const Value& value, Visited& visited) {
  if (!(value.is_tensor() || value.is_dict()) || !visited.insert(value.identity()).second) return 0;
  if (value.is_tensor()) return value.as_tensor().numel();
  int64_t count = 0;
  for (const auto& [key, entry] : value.as_dict().items()) count += count_values(entry, visited);
  return count;
}

int64_t count_values(const Value& value) {
  Visited visited;
  return count_values(value, visited);
}

void add_generator(Facts& facts, const GeneratorState& generator) {
  const nets::Stylegan2Config& config = generator.config;
  if (!generator.place.empty()) facts.emplace_back("generator", generator.place);
  for (const std::string& remark : generator.remarks) facts.emplace_back("note", remark);
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

void add_code_facts(Facts& facts, const Value& root) {
  if (root.is_tensor()) facts.emplace_back("codes", root.summary());
  if (root.is_dict()) add_entries(facts, root);
}

void add_facts(Facts& facts, const Checkpoint& checkpoint, NetworkKind kind, const std::string& what) {
  const Value& root = checkpoint.root;
  switch (kind) {
    case NetworkKind::stylegan2: {
      const GeneratorState generator = generator_state(checkpoint, kind, what);
      add_generator(facts, generator);
      if (root.is_dict() && generator.place == "g_ema") add_entries(facts, root);
      break;
    }
    case NetworkKind::codes:
      add_code_facts(facts, root);
      break;
    case NetworkKind::liftedgan:
      if (const Value* depth = root.find("netD")) add_lifting(facts, formats::tensors_of(*depth, "module."), what);
      add_entries(facts, root);
      break;
    case NetworkKind::face_embedding:
    case NetworkKind::view_light_probe:
    case NetworkKind::image_depth:
    case NetworkKind::image_encoder:
    case NetworkKind::landmark_net:
    case NetworkKind::lifted_network:
    case NetworkKind::lifting_networks:
    case NetworkKind::gan_checkpoint:
      for (const auto& [key, value] : checkpoint.metadata.items()) {
        facts.emplace_back(key, value.is_string() ? printable(value.get<std::string>(), 4096) : shown(value, 4096));
      }
      break;
    case NetworkKind::nvidia_ada: {
      const auto generator = find_nvidia_generator(root);
      const nlohmann::json arguments =
          formats::module_arguments(generator->module);  // items() keeps no temporary alive.
      for (const auto& [key, value] : arguments.items())
        facts.emplace_back(generator->key + " " + printable(key, 60), shown(value, 200));
      add_generator(facts, generator_state(checkpoint, kind, what));
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
  return describe_network(formats::read_checkpoint(network_bytes(path)), path);
}

NetworkDescription describe_network(const Checkpoint& checkpoint, const std::filesystem::path& path) {
  const NetworkKind kind = recognize(checkpoint);
  NetworkDescription description;
  std::string usage(how_to_use(kind));
  description.facts.emplace_back("file format", formats::name_of(checkpoint.kind));
  description.facts.emplace_back("values", std::to_string(count_values(checkpoint.root)));
  const std::string file = path.filename().string();
  try {
    with_name(file, [&] { add_facts(description.facts, checkpoint, kind, file); });
  } catch (const Error& error) {
    description.facts.emplace_back("but", error.what());
    usage = "it cannot be used as it is, see below";
  }
  description.sentence = fmt::format("{} is {}{}{}", file, what_it_is(kind), usage.empty() ? "" : "; ", usage);
  return description;
}

}  // namespace lifted::model
