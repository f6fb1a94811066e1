// `reproduce`: the report's tables and figures for the models at hand, under their own numbers, on one page that needs
// no other file.
#include <algorithm>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/report_maker.h"
#include "lifted/app/seeds.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/model/builtin.h"
#include "lifted/model/network_kind.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct ReproduceOptions {
  fs::path manifest, example, network, gan, original, original_gan, outdir, ablation_run;
  std::vector<std::string> ablations;
  MeterSettings meter;
  std::string seeds = "0-15", device = "auto";
  int threads = 0;
  bool check = false;
};

/// The newest network snapshot below a variant's folder of an `ablate` run, or nothing.
fs::path newest_snapshot(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("network-snapshot-") && name.ends_with(".safetensors")) found.push_back(entry.path());
  }
  return found.empty() ? fs::path() : *std::ranges::max_element(found);
}

/// --gan belongs to those of the networks that take one.
ModelEntry model_of(const fs::path& network, const fs::path& gan) {
  const auto kind = model::recognize(formats::read_checkpoint(model::network_bytes(network)));
  return {network, model::needs_generator(kind) ? gan : fs::path()};
}

std::vector<NamedModel> variants_of(const fs::path& run, const fs::path& gan) {
  require(fs::is_directory(run), "{}: is no folder, expected the --outdir of an `ablate` run", run.string());
  std::vector<NamedModel> found;
  for (const auto& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || (name != "full" && !name.starts_with("wo_"))) continue;
    const fs::path file = newest_snapshot(entry.path());
    require(!file.empty(), "{}: holds no network-snapshot-NNNNNN.safetensors", entry.path().string());
    found.push_back({name, model_of(file, gan)});
  }
  require(!found.empty(), "{}: holds neither full/ nor wo_…/, expected the --outdir of an `ablate` run", run.string());
  std::ranges::sort(found, {}, &NamedModel::name);
  return found;
}

NamedModel ablation_of(const std::string& text, const fs::path& gan) {
  const size_t sign = text.find('=');
  if (sign == 0 || sign + 1 == text.size())
    usage_error("--ablation {}: expected [NAME=]FILE, for example wo_flip=wo_flip.safetensors", text);
  if (sign == std::string::npos) return {fs::path(text).stem().string(), model_of(text, gan)};
  return {text.substr(0, sign), model_of(text.substr(sign + 1), gan)};
}

/// What the options without --manifest say: one domain, faces. The full model of an `ablate` run is the reproduced one
/// where no other is named.
Manifest manifest_of(const ReproduceOptions& options) {
  Manifest manifest;
  manifest.seeds = options.seeds;
  manifest.truncation = options.meter.suite.truncation_psi;
  manifest.meter = options.meter;
  const std::string title = options.meter.data.empty() ? "faces" : options.meter.data.stem().string();
  DomainEntry faces{
      .key = "faces", .title = title, .original = {}, .reproduced = {}, .ablations = {}, .data = options.meter.data};
  if (!options.ablation_run.empty()) faces.ablations = variants_of(options.ablation_run, options.gan);
  for (const auto& text : options.ablations) faces.ablations.push_back(ablation_of(text, options.gan));
  if (!options.original.empty()) {
    faces.original = model_of(options.original, options.original_gan.empty() ? options.gan : options.original_gan);
  }
  const auto full = std::ranges::find(faces.ablations, "full", &NamedModel::name);
  if (!options.network.empty()) {
    faces.reproduced = model_of(options.network, options.gan);
    if (full != faces.ablations.end()) full->name = "full of " + options.ablation_run.filename().string();
  } else if (full != faces.ablations.end()) {
    faces.reproduced = full->files;
    faces.ablations.erase(full);
  } else {
    faces.reproduced = ModelEntry{model::kBuiltinNetwork, {}};
  }
  std::vector<std::string> names;
  for (const auto& ablation : faces.ablations) {
    if (std::ranges::find(names, ablation.name) != names.end())
      usage_error("--ablation {}: there are two models of that name", ablation.name);
    names.push_back(ablation.name);
  }
  manifest.domains.push_back(std::move(faces));
  return manifest;
}

ordered_json stored_report(const fs::path& folder) {
  const fs::path file = folder / "reproduce.json";
  require(fs::exists(file), "--check {}: holds no reproduce.json; make the report first", folder.string());
  const ordered_json json = read_json_file(file);
  require(json.is_object() && json.contains("manifest"), "{}: is no report of this program", file.string());
  return json;
}

/// Makes a stored report again in a folder of its own, and says what came out otherwise.
void check(const ReproduceOptions& options) {
  const ordered_json before = stored_report(options.outdir);
  const std::string what = (options.outdir / "reproduce.json").string();
  const Manifest manifest = Manifest::from_json(before["manifest"], options.outdir, what);
  manifest.check_networks(what);
  const fs::path again = options.outdir / ".check";
  fs::remove_all(again);
  RunRecord record("reproduce");
  const Report report = make_report(manifest, again, choose_device(options.device), record);
  fs::remove_all(again);
  const auto changes = report_changes(before, report_json(report));
  for (const auto& change : changes) log_info("changed: {}", change);
  require(changes.empty(), "--check {}: {} things changed", options.outdir.string(), changes.size());
  log_info("nothing changed: {} pictures, {} weights", report.pictures.size(), report.weights.size());
}

/// What --manifest, --check or --init says alone, or with the given options, must not be said again: UsageError.
void refuse_beside(const CLI::App& command, const std::string& option, const std::vector<std::string>& allowed) {
  for (const CLI::Option* other : command.get_options()) {
    const std::string name = other->get_name();
    if (other->count() == 0 || name == option || std::ranges::find(allowed, name) != allowed.end()) continue;
    usage_error("{} and {}: expected one of them", option, name);
  }
}

void refuse_contradictions(const ReproduceOptions& options, const CLI::App& command) {
  if (!options.example.empty()) refuse_beside(command, "--init", {});
  if (options.check) refuse_beside(command, "--check", {"--outdir", "--device", "--threads"});
  if (!options.manifest.empty())
    refuse_beside(command, "--manifest", {"--outdir", "--device", "--threads", "--batch", "--cache"});
  if (!options.original_gan.empty() && options.original.empty())
    usage_error("--original-gan {}: expected --original, the model that it belongs to", options.original_gan.string());
}

Manifest read_manifest(const ReproduceOptions& options) {
  Manifest manifest = Manifest::read(options.manifest);
  manifest.check_networks(options.manifest.string());
  manifest.meter.suite.batch = options.meter.suite.batch;
  manifest.meter.suite.cache = options.meter.suite.cache;
  return manifest;
}

void reproduce(const ReproduceOptions& options, const CLI::App& command) {
  const torch::NoGradGuard no_grad;
  refuse_contradictions(options, command);
  if (!options.example.empty()) {
    require(!fs::exists(options.example), "--init {}: exists already", options.example.string());
    write_file_atomically(options.example, manifest_example());
    log_info("wrote {}; change it, then: liftedgan reproduce --manifest {} --outdir report", options.example.string(),
             options.example.string());
    return;
  }
  if (options.outdir.empty()) usage_error("--outdir: expected a folder");
  metrics::parse_metrics(options.meter.metrics);  // mistakes are better found before networks are read
  if (parse_seeds(options.seeds).size() < 2) usage_error("--seeds {}: expected at least two", options.seeds);
  set_threads(options.threads);
  if (options.check) return check(options);
  const Manifest manifest = options.manifest.empty() ? manifest_of(options) : read_manifest(options);
  const torch::Device device = choose_device(options.device);
  RunRecord record("reproduce");
  const Report report = make_report(manifest, options.outdir, device, record);
  write_file_atomically(options.outdir / "reproduce.json", report_json(report).dump(2) + "\n");
  write_web_page(options.outdir / "index.html", report_page(report));
  record.write(options.outdir);
  log_info("open {}", (options.outdir / "index.html").string());
}

}  // namespace

void add_reproduce(CLI::App& app) {
  auto options = std::make_shared<ReproduceOptions>();
  auto* command =
      app.add_subcommand("reproduce", "The report's tables and figures, under their own numbers, on one page");
  command->add_option("--outdir,--out-dir,--out", options->outdir,
                      "Where index.html, reproduce.json and the figures go");
  command->add_option("--manifest", options->manifest,
                      "JSON that names models, ablations, data and judges of every domain (--init writes an example)");
  command->add_option("--init", options->example, "Write an example of --manifest there, and do nothing else");
  command->add_flag("--check", options->check, "Make the report of --outdir again and name what changed; exit 1 then");
  command->add_option("--network,--ckpt,--pkl", options->network,
                      "The reproduced model (default: full/ of an ablate run, else the one built in)");
  command->add_option("--original", options->original, "The original model, shown above the reproduced one");
  command->add_option("--original-gan", options->original_gan, "Its generator (default: --gan)");
  command->add_option("--gan", options->gan, "The generator of LiftedGAN checkpoints (.pth)");
  command->add_option("--ablation-run,--ablations", options->ablation_run,
                      "The --outdir of an `ablate` run: full/ and wo_…/");
  command->add_option("--ablation", options->ablations, "[NAME=]FILE, a model beside it; may be given again")
      ->take_all();
  options->meter.metrics = "agreement";
  add_meter_options(*command, options->meter);
  command->add_option("--embedding", options->meter.embedding, "Face network, from train-embedding or the authors'");
  command->add_option("--vgg", options->meter.vgg, "VGG-16: torchvision's, or NVIDIA's vgg16.pt");
  options->meter.suite.truncation_psi = 0.7;
  command
      ->add_option("--trunc,--truncation-psi,--truncation,--trunc-psi,--psi", options->meter.suite.truncation_psi,
                   "Truncation psi of samples and figures")
      ->transform(number(bounds::truncation))
      ->capture_default_str();
  command->add_option("--seeds", options->seeds, "Seeds of the figures")->capture_default_str();
  command->add_option("--batch", options->meter.suite.batch, "Images at a time")
      ->transform(number(bounds::batch))
      ->capture_default_str();
  add_device_option(*command, options->device);
  command->add_option("--threads", options->threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([options, command] { reproduce(*options, *command); });
}

}  // namespace lifted::app
