#include "lifted/model/import.h"

#include <fmt/ranges.h>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/printable.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/model/builtin.h"
#include "lifted/model/generator_state.h"
#include "lifted/model/named_errors.h"
#include "lifted/model/network_file.h"
#include "lifted/model/network_kind.h"
#include "lifted/nets/load.h"

namespace lifted::model {
namespace {

namespace fs = std::filesystem;
using formats::Checkpoint;
using formats::Value;

/// The checkpoint's dict at `key`, as tensors.
StateDict state_at(const Checkpoint& checkpoint, const std::string& key, const std::string& what) {
  const Value* dict = checkpoint.root.find(key);
  require(dict && dict->is_dict(), "{}: the network {} is missing", what, key);
  return formats::tensors_of(*dict, "module.");
}

LoadedNetwork load_generator(const Checkpoint& checkpoint, NetworkKind kind, const std::string& what) {
  const GeneratorState state = generator_state(checkpoint, kind, what);
  for (const std::string& remark : state.remarks) log_warning("{}: {}", what, remark);
  LoadedNetwork network;
  network.generator = nets::Stylegan2Generator(state.config);
  nets::load_strict(*network.generator, state.tensors, state.place.empty() ? what : what + ": " + state.place);
  if (state.latent_avg.defined()) {
    network.statistics.mean = state.latent_avg;
    network.statistics.source = state.average_source;
  } else {
    network.statistics = WStatistics::measure(network.generator);
  }
  return network;
}

LoadedNetwork lift(LoadedNetwork network, const Checkpoint& checkpoint, const std::string& what, const std::string& gan,
                   std::optional<PublishedConfig> config) {
  const nets::LiftingConfig sizes = nets::infer_lifting_config(state_at(checkpoint, "netD", what), what + ": netD");
  LiftingNetworks networks(sizes);
  for (const auto& [name, module] : networks.published()) {
    nets::load_strict(*module, state_at(checkpoint, name, what), what + ": " + name);
  }
  const LiftConfig fields = config ? config->apply_to(LiftConfig(), sizes.size) : LiftConfig();
  network.config = std::move(config);
  try {
    network.lifted = std::make_shared<LiftedGan>(network.generator, networks, fields, network.statistics);
  } catch (const Error& error) {
    fail("{} and {} do not belong together: {}", what, gan, error.what());
  }
  return network;
}

/// --config, else the config.py beside the checkpoint; says what of it counts.
std::optional<PublishedConfig> find_config(const fs::path& checkpoint, const std::optional<fs::path>& given) {
  const auto file = given ? given : config_beside(checkpoint);
  if (!file) return {};
  PublishedConfig config = read_published_config(*file);
  log_info("{}: {}", file->string(), config.model.empty() ? "fixes nothing of the model" : config.model.dump());
  if (!config.not_applied.empty()) log_info("{}: not applied: {}", file->string(), fmt::join(config.not_applied, ", "));
  return config;
}

bool is_generator(NetworkKind kind) {
  return kind == NetworkKind::stylegan2 || kind == NetworkKind::nvidia_ada;
}

[[noreturn]] void refuse(const std::string& what, NetworkKind kind, const char* wanted) {
  const auto usage = how_to_use(kind);
  fail("{}: is {}, expected {}{}{}", what, what_it_is(kind), wanted, usage.empty() ? "" : "; ", usage);
}

LoadedNetwork load_alone(const Checkpoint& checkpoint, NetworkKind kind, const std::string& what) {
  if (kind == NetworkKind::lifted_network) return load_network_file(checkpoint, what);
  if (is_generator(kind)) return load_generator(checkpoint, kind, what);
  refuse(what, kind, "a generator or a lifted model");
}

LoadedNetwork load_pair(const Checkpoint& checkpoint, NetworkKind kind, const fs::path& network,
                        const std::optional<fs::path>& gan, const std::optional<fs::path>& config) {
  const std::string what = network.string();
  if (!gan) refuse(what, kind, "a network that can run by itself");
  const Checkpoint generator = formats::read_checkpoint(network_bytes(*gan));
  const NetworkKind gan_kind = recognize(generator);
  if (kind == NetworkKind::lifting_networks) {
    const LoadedNetwork shared = load_alone(generator, gan_kind, gan->string());
    return load_network_file(checkpoint, what, &shared);
  }
  if (!is_generator(gan_kind) && gan_kind != NetworkKind::lifted_network)
    refuse(gan->string(), gan_kind, "the StyleGAN2 generator of --gan");
  LoadedNetwork alone = load_alone(generator, gan_kind, gan->string());
  alone.lifted = nullptr;  // of a file of ours with both, the generator
  return lift(std::move(alone), checkpoint, what, gan->string(), find_config(network, config));
}

/// --gan was given beside a network that does not want one.
void refuse_superfluous_gan(const fs::path& network, NetworkKind kind, const fs::path& gan) {
  if (is_generator(kind) && recognize(formats::read_checkpoint(gan)) == NetworkKind::liftedgan) {
    usage_error("--network {} is {} and --gan {} a LiftedGAN checkpoint: exchange the two", network.string(),
                what_it_is(kind), gan.string());
  }
  if (is_generator(kind) || kind == NetworkKind::lifted_network) {
    usage_error("--network {} is {} and needs no --gan", network.string(), what_it_is(kind));
  }
}

void freeze(const LoadedNetwork& network) {
  for (auto& parameter : network.generator->parameters()) parameter.set_requires_grad(false);
  if (!network.lifted) return;
  for (const auto& [name, module] : network.lifted->networks().published()) {
    for (auto& parameter : module->parameters()) parameter.set_requires_grad(false);
  }
}

}  // namespace

const LiftedGan& LoadedNetwork::require_lifted() const {
  if (!lifted) {
    fail(
        "{}: is a StyleGAN2 generator without lifting networks; pass the LiftedGAN checkpoint as --network and this "
        "file as --gan",
        files.empty() ? "the network" : files.front().string());
  }
  return *lifted;
}

LoadedNetwork load_network(const fs::path& path, const std::optional<fs::path>& gan,
                           const std::optional<fs::path>& config) {
  return with_name(
      path.string(), [&] { return load_network(formats::read_checkpoint(network_bytes(path)), path, gan, config); },
      gan ? gan->string() : "");
}

LoadedNetwork load_network(const Checkpoint& checkpoint, const fs::path& path, const std::optional<fs::path>& gan,
                           const std::optional<fs::path>& config) {
  const NetworkKind kind = recognize(checkpoint);
  if (gan) refuse_superfluous_gan(path, kind, *gan);
  if (config && kind != NetworkKind::liftedgan)
    usage_error("--config {}: {} is {} and needs none", config->string(), path.string(), what_it_is(kind));
  torch::NoGradGuard no_grad;
  LoadedNetwork network = needs_generator(kind) ? load_pair(checkpoint, kind, path, gan, config)
                                                : load_alone(checkpoint, kind, path.string());
  network.files = {path};
  if (gan) network.files.push_back(*gan);
  freeze(network);
  return network;
}

}  // namespace lifted::model
