#include "lifted/model/network_file.h"

#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/network_kind.h"
#include "lifted/nets/load.h"
#include "lifted_version.h"

namespace lifted::model {
namespace {

constexpr int kVersion = 1;
constexpr const char* kMean = "w_statistics.mean";

/// The entries of `tensors` that begin with `prefix`, without it.
StateDict with_prefix(const StateDict& tensors, const std::string& prefix) {
  StateDict part;
  for (auto item = tensors.lower_bound(prefix); item != tensors.end() && item->first.starts_with(prefix); ++item) {
    part[item->first.substr(prefix.size())] = item->second;
  }
  return part;
}

void add_module(StateDict& tensors, const std::string& name, const torch::nn::Module& module, bool half) {
  for (const auto& [key, tensor] : nets::state_of(module)) {
    tensors[name + "." + key] =
        half && tensor.is_floating_point() ? tensor.detach().to(torch::kFloat16) : tensor.detach();
  }
}

/// Of the weights as float16, so that storing them in half changes nothing.
std::string fingerprint(const torch::nn::Module& module) {
  std::string names_and_values;
  for (const auto& [key, tensor] : nets::state_of(module)) {
    const torch::Tensor half = tensor.detach().to(torch::kCPU, torch::kFloat16).contiguous();
    names_and_values += key;
    names_and_values += sha256_of(half.data_ptr(), half.nbytes());
  }
  return sha256_of(names_and_values.data(), names_and_values.size());
}

nlohmann::json describe_sources(const LoadedNetwork& network) {
  if (!network.provenance.empty()) return network.provenance;
  nlohmann::json sources = nlohmann::json::array();
  for (const auto& file : network.files) {
    sources.push_back({{"file", file.filename().string()}, {"sha256", sha256_of_file(file)}});
  }
  return {{"sources", sources}, {"tool", "liftedgan " LIFTED_VERSION}};
}

/// A JSON value of the metadata, where all are text.
nlohmann::json parse(const nlohmann::json& metadata, const char* key, const std::string& what) {
  require(metadata.contains(key), "{}: its metadata has no '{}'", what, key);
  const auto& text = metadata.at(key);
  if (!text.is_string()) return text;
  return parse_json(text.get_ref<const std::string&>(), fmt::format("{}: the metadata entry '{}'", what, key));
}

/// A configuration in the metadata.
template <typename Config>
Config config_of(const nlohmann::json& metadata, const char* key, const std::string& what) {
  const nlohmann::json json = parse(metadata, key, what);
  try {
    return Config::from_json(json);
  } catch (const Error& error) {
    fail("{}: the metadata entry '{}': {}", what, key, error.what());
  }
}

WStatistics read_statistics(const StateDict& tensors, const nlohmann::json& metadata,
                            const nets::Stylegan2Config& config, const std::string& what) {
  const auto mean = tensors.find(kMean);
  require(mean != tensors.end() && mean->second.dim() == 1 && mean->second.size(0) == config.w_dim,
          "{}: the tensor {} of {} values is missing", what, kMean, config.w_dim);
  const nlohmann::json json = parse(metadata, "w_statistics", what);
  WStatistics statistics;
  statistics.mean = mean->second.to(torch::kFloat32).clone();
  require(statistics.mean.isfinite().all().item<bool>(), "{}: the tensor {} holds NaN or infinite values", what, kMean);
  if (json.is_object() && json.contains("sigma_inv") && json["sigma_inv"].is_number())
    statistics.sigma_inv = json["sigma_inv"];
  const std::string entry = what + ": the metadata entry 'w_statistics'";
  if (json.is_object()) statistics.source = json_field<std::string>(json, "source", entry, "");
  return statistics;
}

void require_known_prefixes(const StateDict& tensors, bool lifted, const std::string& what) {
  for (const auto& [key, tensor] : tensors) {
    bool known = key == kMean || key.starts_with("generator.");
    for (const char* name : {"netD.", "netT.", "netSD.", "netSC."}) known |= lifted && key.starts_with(name);
    require(known, "{}: the tensor {} belongs to no part of the network", what, key);
  }
}

}  // namespace

std::string generator_fingerprint(const nets::Stylegan2Generator& generator) {
  return fingerprint(*generator);
}

void save_network(const std::filesystem::path& path, LoadedNetwork& network, const SaveOptions& options) {
  WStatistics& statistics = network.lifted ? network.lifted->statistics() : network.statistics;
  require(options.generator || network.lifted, "{}: without its generator a 2D network is nothing", path.string());
  StateDict tensors{{kMean, statistics.mean}};
  if (options.generator) add_module(tensors, "generator", *network.generator, options.half);
  nlohmann::json metadata{
      {"format", kLiftedNetworkFormat},
      {"format_version", kVersion},
      {"generator", network.generator->config().to_json()},
      {"w_statistics", {{"sigma_inv", statistics.ensure_sigma_inv(network.generator)}, {"source", statistics.source}}},
      {"provenance", describe_sources(network)}};
  if (!options.generator) metadata["generator_sha256"] = fingerprint(*network.generator);
  if (network.lifted) {
    for (const auto& [name, module] : network.lifted->networks().published())
      add_module(tensors, name, *module, options.half);
    metadata["lifting"] = network.lifted->networks().config.to_json();
    metadata["lift_config"] = network.lifted->config().to_json();
  }
  formats::write_safetensors(path, tensors, metadata);
}

LoadedNetwork load_network_file(const formats::Checkpoint& checkpoint, const std::string& what,
                                const LoadedNetwork* gan) {
  const nlohmann::json& metadata = checkpoint.metadata;
  const nlohmann::json version = parse(metadata, "format_version", what);
  require(version == kVersion, "{}: is a lifted network of format version {}, this program reads version {}", what,
          shown(version), kVersion);
  const StateDict tensors = formats::tensors_of(checkpoint.root);
  const bool lifted = metadata.contains("lifting");
  require_known_prefixes(tensors, lifted, what);

  const auto config = config_of<nets::Stylegan2Config>(metadata, "generator", what);
  LoadedNetwork network;
  if (gan) {
    require(metadata.value("generator_sha256", nlohmann::json()) == fingerprint(*gan->generator),
            "{}: its networks were lifted from another generator than that of --gan", what);
    network.generator = gan->generator;
  } else {
    const StateDict generator = with_prefix(tensors, "generator.");
    require(nets::infer_stylegan2_config(generator, what).channels == config.channels,
            "{}: the generator's tensors do not have the sizes its metadata says", what);
    network.generator = nets::Stylegan2Generator(config);
    nets::load_strict(*network.generator, generator, what + ": generator");
  }
  network.statistics = read_statistics(tensors, metadata, config, what);
  if (metadata.contains("provenance")) network.provenance = parse(metadata, "provenance", what);
  if (!lifted) return network;

  const StateDict depth = with_prefix(tensors, "netD.");
  const auto sizes = config_of<nets::LiftingConfig>(metadata, "lifting", what);
  require(nets::infer_lifting_config(depth, what) == sizes,
          "{}: the lifting networks' tensors do not have the sizes its metadata says", what);
  LiftingNetworks networks(sizes);
  for (const auto& [name, module] : networks.published())
    nets::load_strict(*module, with_prefix(tensors, name + "."), what + ": " + name);
  network.lifted = std::make_shared<LiftedGan>(
      network.generator, networks, config_of<LiftConfig>(metadata, "lift_config", what), network.statistics);
  return network;
}

}  // namespace lifted::model
