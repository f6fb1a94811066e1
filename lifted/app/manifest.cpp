#include "lifted/app/manifest.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lifted/app/seeds.h"
#include "lifted/base/bounds.h"
#include "lifted/base/error.h"
#include "lifted/base/json.h"
#include "lifted/base/printable.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/model/builtin.h"
#include "lifted/model/network_kind.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// One object of the manifest: typed access, and an error for every key that nobody asked for.
class Entry {
 public:
  Entry(const ordered_json& json, std::string where) : json_(json), where_(std::move(where)) {
    require(json_.is_object(), "{}: expected an object", where_);
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  std::string text(const std::string& key, const std::string& fallback = "") {
    const ordered_json* value = find(key);
    if (!value) return fallback;
    require(value->is_string() && !value->get_ref<const std::string&>().empty(), "{}.{}: expected a text", where_, key);
    return value->get<std::string>();
  }
  double number(const std::string& key, double fallback, double least, double most) {
    const ordered_json* value = find(key);
    if (!value) return fallback;
    require(value->is_number(), "{}.{}: expected a number", where_, key);
    const double number = value->get<double>();
    require(number >= least && number <= most, "{}.{}: {} is not from {} to {}", where_, key, number, least, most);
    return number;
  }
  template <typename Integer>
  Integer whole(const std::string& key, Integer fallback, double least, double most) {
    const double value = number(key, static_cast<double>(fallback), least, most);
    require(value == std::floor(value), "{}.{}: {} is no whole number", where_, key, value);
    return static_cast<Integer>(value);
  }
  const ordered_json* find(const std::string& key) {
    asked_.push_back(key);
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }
  void refuse_others() const {
    for (const auto& [key, value] : json_.items()) {
      if (key.starts_with("//") || std::ranges::find(asked_, key) != asked_.end()) continue;
      std::string known;
      for (const auto& name : asked_) known += (known.empty() ? "" : ", ") + name;
      fail("{}: unknown entry '{}'; expected {}", where_, printable(key, 60), known);
    }
  }
  const std::string& where() const { return where_; }

 private:
  const ordered_json& json_;
  std::string where_;
  std::vector<std::string> asked_;
};

/// A mistake in a value, told as one of the file's and not of the command line.
template <typename Parse>
auto in_entry(const std::string& where, const Parse& parse) {
  try {
    return parse();
  } catch (const Error& error) {
    fail("{}: {}", where, error.what());
  }
}

/// The report's domains in its order; others after them.
size_t report_rank(const std::string& key) {
  static constexpr std::array<std::string_view, 3> order = {"faces", "cats", "celeba"};
  return static_cast<size_t>(std::ranges::find(order, key) - order.begin());
}

fs::path entry_path(Entry& entry, const std::string& key, const fs::path& folder) {
  const std::string text = entry.text(key);
  if (text.empty() || text == model::kBuiltinNetwork) return text;
  const fs::path path = fs::absolute(folder / text).lexically_normal();
  require(fs::exists(path), "{}.{}: {} does not exist", entry.where(), key, path.string());
  return path;
}

ModelEntry model_of(const ordered_json& json, const fs::path& folder, const std::string& where) {
  Entry entry(json, where);
  ModelEntry model{entry_path(entry, "network", folder), entry_path(entry, "gan", folder),
                   entry_path(entry, "config", folder)};
  entry.refuse_others();
  require(!model.network.empty(), "{}.network: missing, expected a lifted network or LiftedGAN checkpoint", where);
  return model;
}

DomainEntry domain_of(const std::string& key, const ordered_json& json, const fs::path& folder,
                      const std::string& where) {
  Entry entry(json, where);
  DomainEntry domain{.key = key,
                     .title = entry.text("title", key),
                     .original = {},
                     .reproduced = {},
                     .ablations = {},
                     .data = entry_path(entry, "data", folder),
                     .stats = entry_path(entry, "stats", folder)};
  if (const auto* found = entry.find("original")) domain.original = model_of(*found, folder, where + ".original");
  if (const auto* found = entry.find("reproduced")) domain.reproduced = model_of(*found, folder, where + ".reproduced");
  if (const auto* found = entry.find("ablations")) {
    require(found->is_object(), "{}.ablations: expected an object of names and models", where);
    for (const auto& [name, model] : found->items()) {
      if (name.starts_with("//")) continue;
      require(name != "original" && name != "reproduced", "{}.ablations: '{}' is the name of a model", where, name);
      domain.ablations.push_back({name, model_of(model, folder, where + ".ablations." + name)});
    }
  }
  entry.refuse_others();
  require(domain.ablations.empty() || !domain.models().empty(),
          "{}: ablations without a model; expected 'reproduced' or 'original' beside them", where);
  return domain;
}

metrics::Protocol protocol_of(Entry& entry) {
  const std::string name = entry.text("protocol", "field");
  require(name == "field" || name == "published", "{}.protocol: expected field or published, got '{}'", entry.where(),
          printable(name, 60));
  return name == "published" ? metrics::Protocol::published : metrics::Protocol::field;
}

void read_judges(const ordered_json& json, const fs::path& folder, const std::string& where, MeterSettings& meter) {
  Entry entry(json, where);
  meter.inception = entry_path(entry, "inception", folder);
  meter.embedding = entry_path(entry, "embedding", folder);
  meter.vgg = entry_path(entry, "vgg", folder);
  meter.probe = entry_path(entry, "probe", folder);
  meter.depth = entry_path(entry, "depth", folder);
  meter.truth = entry_path(entry, "truth", folder);
  entry.refuse_others();
}

void check_network(const ModelEntry& model, const std::string& where) {
  const formats::Checkpoint checkpoint = formats::read_checkpoint(model::network_bytes(model.network));
  const auto kind = model::recognize(checkpoint);
  const bool plain = kind == model::NetworkKind::lifted_network && !checkpoint.metadata.contains("lifting");
  const std::string file = model.network.string();
  const auto refuse = [&](const char* entry, const fs::path& value) {
    fail("{}.{}: {} is not needed: {} is {}", where, entry, value.string(), file, model::what_it_is(kind));
  };
  require(!plain && (kind == model::NetworkKind::lifted_network || model::needs_generator(kind)),
          "{}.network: {} is {}, expected a lifted network or LiftedGAN checkpoint", where, file,
          plain ? "a 2D generator of this project" : model::what_it_is(kind));
  if (!model.gan.empty() && !model::needs_generator(kind)) refuse("gan", model.gan);
  if (!model.config.empty() && kind != model::NetworkKind::liftedgan) refuse("config", model.config);
  require(!model.gan.empty() || !model::needs_generator(kind),
          "{}.gan: missing, expected the generator that {} was lifted from", where, file);
}

ordered_json model_json(const ModelEntry& model) {
  ordered_json json;
  const std::pair<const char*, const fs::path&> files[] = {
      {"network", model.network}, {"gan", model.gan}, {"config", model.config}};
  for (const auto& [name, path] : files) {
    if (!path.empty())
      json[name] = path == model::kBuiltinNetwork ? path.string() : fs::absolute(path).lexically_normal().string();
  }
  return json;
}

}  // namespace

std::vector<NamedModel> DomainEntry::models() const {
  std::vector<NamedModel> found;
  if (original) found.push_back({"original", *original});
  if (reproduced) found.push_back({"reproduced", *reproduced});
  return found;
}

const DomainEntry* Manifest::find(const std::string& key) const {
  const auto found = std::ranges::find(domains, key, &DomainEntry::key);
  return found == domains.end() ? nullptr : &*found;
}

Manifest Manifest::from_json(const ordered_json& json, const fs::path& folder, const std::string& what) {
  Entry entry(json, what);
  Manifest manifest;
  manifest.seeds = entry.text("seeds", manifest.seeds);
  require(in_entry(what, [&] { return parse_seeds(manifest.seeds, "seeds").size(); }) >= 2,
          "{}.seeds: expected at least two", what);
  manifest.truncation = entry.number("trunc", manifest.truncation, bounds::truncation.low, bounds::truncation.high);
  manifest.meter.metrics = entry.text("metrics", "agreement");
  in_entry(what + ".metrics", [&] { return metrics::parse_metrics(manifest.meter.metrics); });
  auto& suite = manifest.meter.suite;
  suite.samples = entry.whole("samples", suite.samples, 1, 1e7);
  suite.repeats = entry.whole("repeats", suite.repeats, 1, 1e4);
  manifest.meter.inversions = entry.whole("inversions", manifest.meter.inversions, 1, 1e6);
  manifest.meter.inversion_steps = entry.whole("inversion_steps", manifest.meter.inversion_steps, 1, 1e6);
  if (const auto* judges = entry.find("judges")) read_judges(*judges, folder, what + ".judges", manifest.meter);
  manifest.meter.suite.truncation_psi = entry.number("metrics_trunc", manifest.truncation, -2, 2);
  manifest.meter.suite.protocol = protocol_of(entry);
  const auto* domains = entry.find("domains");
  require(domains && domains->is_object(), "{}.domains: missing, expected an object such as {{\"faces\": {{…}}}}",
          what);
  for (const auto& [key, domain] : domains->items()) {
    if (!key.starts_with("//")) manifest.domains.push_back(domain_of(key, domain, folder, what + ".domains." + key));
  }
  entry.refuse_others();
  std::ranges::stable_sort(manifest.domains, {}, [](const DomainEntry& domain) { return report_rank(domain.key); });
  return manifest;
}

Manifest Manifest::read(const fs::path& file) {
  return from_json(read_json_file(file), file.has_parent_path() ? file.parent_path() : fs::path("."), file.string());
}

void Manifest::check_networks(const std::string& what) const {
  for (const auto& domain : domains) {
    const std::string where = what + ".domains." + domain.key;
    for (const auto& model : domain.models()) check_network(model.files, where + "." + model.name);
    for (const auto& model : domain.ablations) check_network(model.files, where + ".ablations." + model.name);
  }
}

ordered_json Manifest::to_json() const {
  ordered_json json = {{"seeds", seeds},
                       {"trunc", truncation},
                       {"metrics", meter.metrics},
                       {"samples", meter.suite.samples},
                       {"repeats", meter.suite.repeats},
                       {"inversions", meter.inversions},
                       {"inversion_steps", meter.inversion_steps}};
  const std::pair<const char*, const fs::path&> judges[] = {
      {"inception", meter.inception}, {"embedding", meter.embedding}, {"vgg", meter.vgg},
      {"probe", meter.probe},         {"depth", meter.depth},         {"truth", meter.truth}};
  for (const auto& [name, path] : judges) {
    if (!path.empty()) json["judges"][name] = fs::absolute(path).string();
  }
  json["metrics_trunc"] = meter.suite.truncation_psi;
  json["protocol"] = meter.suite.protocol == metrics::Protocol::published ? "published" : "field";
  json["domains"] = ordered_json::object();
  for (const auto& domain : domains) {
    ordered_json entry = {{"title", domain.title}};
    if (domain.original) entry["original"] = model_json(*domain.original);
    if (domain.reproduced) entry["reproduced"] = model_json(*domain.reproduced);
    for (const auto& ablation : domain.ablations) entry["ablations"][ablation.name] = model_json(ablation.files);
    if (!domain.data.empty()) entry["data"] = fs::absolute(domain.data).string();
    if (!domain.stats.empty()) entry["stats"] = fs::absolute(domain.stats).string();
    json["domains"][domain.key] = entry;
  }
  return json;
}

std::string manifest_example() {
  return R"json({
  "//": "What `liftedgan reproduce --manifest THIS --outdir report` makes a report from. Paths are relative to this file; every entry may be left out.",
  "//config": "A model may name its config.py, too: \"config\": \"config.py\"; else the one beside its checkpoint counts",
  "seeds": "0-15",
  "trunc": 0.7,
  "//metrics": "Of Table 3; needs data (or stats) and judges: liftedgan metrics --help lists them. trunc is the pictures'",
  "metrics": "fid50k_full",
  "metrics_trunc": 1,
  "protocol": "published",
  "judges": {
    "inception": "pt_inception-2015-12-05-6726825d.pth"
  },
  "domains": {
    "faces": {
      "title": "FFHQ",
      "//": "original: the authors' weights; reproduced: your own. Each with the generator it was lifted from",
      "original": {"network": "ffhq-original.pth", "gan": "stylegan2-ffhq.pt"},
      "reproduced": {"network": "ffhq-reproduced.pth", "gan": "stylegan2-ffhq.pt"},
      "ablations": {
        "wo_flip": {"network": "wo_flip.pth", "gan": "stylegan2-ffhq.pt"},
        "wo_perturb": {"network": "wo_perturb.pth", "gan": "stylegan2-ffhq.pt"},
        "wo_idt": {"network": "wo_idt.pth", "gan": "stylegan2-ffhq.pt"},
        "wo_rega": {"network": "wo_rega.pth", "gan": "stylegan2-ffhq.pt"}
      },
      "//data": "Counted in Table 2, and what distances are measured to; stats (inception_NAME.pkl) takes the latter",
      "data": "ffhq256.zip"
    },
    "cats": {
      "title": "AFHQ Cat",
      "reproduced": {"network": "cats.pth", "gan": "stylegan2-cats.pt"},
      "data": "cats256.zip"
    },
    "celeba": {
      "title": "CelebA",
      "reproduced": {"network": "celeba.pth", "gan": "stylegan2-celeba.pt"},
      "data": "celeba256.zip"
    }
  }
}
)json";
}

}  // namespace lifted::app
