#include "lifted/app/lifting.h"

#include "lifted/app/device_options.h"
#include "lifted/app/presets.h"
#include "lifted/app/validators.h"
#include "lifted/base/json.h"
#include "lifted/base/log.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/model/builtin.h"
#include "lifted/model/critics.h"
#include "lifted/model/network_kind.h"
#include "lifted/model/published_config.h"
#include "lifted/nets/init.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

template <typename Self, typename Visit>
void each_setting(Self& self, const Visit& visit) {
  visit("gan", self.gan);
  visit("preset", self.preset);
  visit("init", self.init);
  visit("config", self.config);
  visit("vgg", self.vgg);
  visit("embedding", self.embedding);
  visit("wo", self.without);
  visit("set", self.set);
  visit("batch", self.batch);
  visit("precision", self.precision);
  visit("seed", self.seed);
}

/// The weight that an ablation sets to zero.
const char* weight_without(const std::string& term) {
  if (term == "flip") return "lam_flip";
  if (term == "perturb") return "lam_perturb_im";
  if (term == "idt") return "lam_identity_perturb";
  if (term == "rega") return "lam_albedo_rank";
  usage_error("--wo {}: expected flip, perturb, idt or rega", term);
}

void assign(nlohmann::json& training, const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos) usage_error("--set {}: expected NAME=VALUE", assignment);
  const std::string name = assignment.substr(0, equals);
  const auto value = [&] {
    try {
      return parse_json(assignment.substr(equals + 1), "--set");
    } catch (const Error&) {
      return nlohmann::json();
    }
  }();
  if (!value.is_number() && !value.is_boolean())
    usage_error("--set {}: expected a number (or true, false) after '='", assignment);
  const bool weight = name.starts_with("lam_");
  try {
    train::LiftTrainerOptions::from_json(weight ? nlohmann::json{{"weights", {{name, value}}}}
                                                : nlohmann::json{{name, value}});
  } catch (const Error& error) {
    usage_error("--set {}: {}", assignment, error.what());
  }
  (weight ? training["weights"] : training)[name] = value;
}

using Published = std::optional<model::PublishedConfig>;

/// The preset's training options with those of --config, --wo and --set applied; of --set, weights and other options
/// are both known.
nlohmann::json training_options(const nlohmann::json& preset, const Published& published, const LiftSettings& s) {
  nlohmann::json training = preset.value("training", nlohmann::json::object());
  if (published) training.update(published->training, true);
  for (const auto& term : s.without) {
    training["weights"][weight_without(term)] = 0;
    // Without the perturbation pathway nothing reads light and view back from a perturbed code, nor regularizes it.
    if (term == "perturb") training["weights"]["lam_perturb_param"] = training["weights"]["lam_reg_style"] = 0;
  }
  for (const auto& assignment : s.set) assign(training, assignment);
  return training;
}

train::LiftCritics load_critics(const LiftSettings& s, int size, torch::Device device, LiftPlan& plan) {
  train::LiftCritics critics;
  auto& weights = plan.options.training.weights;
  const int scales = train::perceptual_scales(size);
  if (!s.embedding.empty()) {
    critics.embedding = model::load_face_embedding(s.embedding);
    critics.embedding->to(device);
    const int seen = critics.embedding->config().size;
    require(size % seen == 0,
            "{}: a face network for images of {} pixels; the generator's have {}, expected a multiple", s.embedding,
            seen, size);
  }
  if (!s.vgg.empty()) {
    auto vgg = model::load_vgg16(s.vgg);
    vgg->to(device);
    critics.perceptual.emplace(train::perceptual_maps(vgg), scales);
  } else if (weights.perceptual > 0 && !critics.embedding.is_empty()) {
    critics.perceptual.emplace(train::perceptual_maps(critics.embedding), scales);
    plan.notes.push_back("no --vgg: the face network's features serve as perceptual ones");
  } else if (weights.perceptual > 0) {
    weights.perceptual = 0;
    plan.notes.push_back("neither --vgg nor --embedding: the perceptual term is off");
  }
  if (critics.embedding.is_empty() && weights.identity > 0) {
    weights.identity = 0;
    plan.notes.push_back("no --embedding: the identity term is off");
  }
  return critics;
}

/// Random networks, nearly flat where the preset says so, or those of --init, grown if they are of half the size.
model::LiftingNetworks first_networks(const LiftPlan& plan, const nets::Stylegan2Config& generator) {
  const auto random = nets::seeded_generator(train::derived_seed(plan.options.seed, "weights"));
  if (plan.init) {
    const auto& networks = plan.init->require_lifted().networks();
    if (2 * networks.config.size != generator.size) return networks;
    return model::grown(networks, generator.channels.back(), random);
  }
  model::LiftingNetworks networks(nets::LiftingConfig::at(generator.size, generator.channels.back(), generator.w_dim));
  for (const auto& [name, network] : networks.published()) nets::reset_parameters(*network, random);
  const double scale = plan.options.training.initial_depth_scale;
  if (scale != 1) networks.depth->scale_output(scale);
  return networks;
}

/// --init: published lifting networks run on the generator of --gan.
std::optional<model::LoadedNetwork> load_init(const LiftSettings& s) {
  if (s.init.empty()) return {};
  const auto kind = model::recognize(formats::read_checkpoint(model::network_bytes(s.init)));
  const auto if_given = [](bool takes, const std::string& file) {
    return takes && !file.empty() ? std::optional<fs::path>(file) : std::nullopt;
  };
  return model::load_network(s.init, if_given(model::needs_generator(kind), s.gan),
                             if_given(kind == model::NetworkKind::liftedgan, s.config));
}

/// What the model fixes besides its weights: as in --init, else by its size; then what preset and --config say.
model::LiftConfig lift_config(const LiftPlan& plan, const nlohmann::json& preset, const Published& published,
                              int size) {
  model::LiftConfig start = model::LiftConfig::at(size);
  if (plan.init) {
    const auto& init = plan.init->require_lifted();
    const model::LiftConfig own = start;
    start = init.config();
    if (init.size() != size) {  // grown: the blur goes with the size
      start.blur_radius = own.blur_radius;
      start.blur_sigma = own.blur_sigma;
    }
  }
  nlohmann::json config = start.to_json();
  config.update(preset.value("model", nlohmann::json::object()));
  const auto fields = model::LiftConfig::from_json(config);
  return published ? published->apply_to(fields, size) : fields;
}

}  // namespace

ordered_json LiftSettings::to_json() const {
  ordered_json json;
  each_setting(*this, [&](const char* name, const auto& value) { json[name] = value; });
  return json;
}

LiftSettings LiftSettings::from_json(const ordered_json& json, const std::string& what) {
  LiftSettings settings;
  each_setting(settings,
               [&](const char* name, auto& value) { read_field(json, name, what + ": its settings", value); });
  return settings;
}

void add_lift_options(CLI::App& command, LiftSettings& s) {
  command.add_option("--gan", s.gan,
                     "The generator: rosinality's .pt, an NVIDIA .pkl, or a network-snapshot of train-gan");
  command.add_option("--preset", s.preset, "Coefficients: " + preset_names() + ", or a JSON file")
      ->capture_default_str();
  command.add_option(
      "--init", s.init,
      "Start from the networks of this lifted one, made for an earlier snapshot of the same generator, or for the one "
      "of half the size that it was grown from; or of a LiftedGAN checkpoint_NNN.pth, with the config.py beside it");
  command.add_option("--config", s.config,
                     "The authors' config.py: its depths, field of view, ranges and coefficients replace the preset's");
  command.add_option("--vgg", s.vgg, "VGG-16 for the perceptual distance (torchvision's vgg16 .pth)");
  command.add_option("--embedding", s.embedding,
                     "Face network for the identity term, and for the perceptual distance where there is no --vgg");
  command.add_option("--set", s.set, "NAME=VALUE of any coefficient (lam_rec=5)");
  command.add_option("--batch", s.batch, "Samples per step; 0: the preset's")
      ->transform(number(bounds::batch_or_default))
      ->capture_default_str();
  add_precision_option(command, s.precision);
  command.add_option("--seed", s.seed, "Seed of every random stream")->transform(seed())->capture_default_str();
}

void check_settings(const LiftSettings& s) {
  const nlohmann::json preset = read_preset(s.preset);
  const Published published = s.config.empty() ? Published() : model::read_published_config(s.config);
  train::LiftTrainerOptions::from_json(training_options(preset, published, s));
}

train::LiftTask make_lift_task(const LiftSettings& s, const model::LoadedNetwork& gan, torch::Device device,
                               LiftPlan& plan, const train::Shards& shards) {
  const nlohmann::json preset = read_preset(s.preset);
  plan = {};
  const Published published = s.config.empty() ? Published() : model::read_published_config(s.config);
  plan.init = load_init(s);
  plan.options.training = train::LiftTrainerOptions::from_json(training_options(preset, published, s));
  plan.options.batch = s.batch > 0                     ? s.batch
                       : published && published->batch ? *published->batch
                                                       : json_field<int64_t>(preset, "batch", s.preset, 8);
  plan.options.seed = s.seed;
  plan.options.shards = shards.count();
  plan.options.training.precision = parse_precision(s.precision);
  const auto& generator = gan.generator->config();
  plan.config = lift_config(plan, preset, published, generator.size);
  train::LiftCritics critics = load_critics(s, generator.size, device, plan);
  const auto name = [](const std::string& path) { return fs::path(path).filename().string(); };
  plan.options.sources = {{"preset", s.preset},
                          {"preset_values", preset},
                          {"gan", name(s.gan)},
                          {"init", name(s.init)},
                          {"config", name(s.config)},
                          {"vgg", name(s.vgg)},
                          {"embedding", name(s.embedding)}};
  for (const auto& note : plan.notes) log_info("{}", note);
  return {plan.options,
          {model::LiftedGan(gan.generator, first_networks(plan, generator), plan.config, gan.statistics),
           std::move(critics), plan.options.training},
          device,
          shards.world()};
}

}  // namespace lifted::app
