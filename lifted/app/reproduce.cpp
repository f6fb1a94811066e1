// `reproduce`: the report's Table 3 and figures 2 to 9 for the models at hand, on one page that needs no other file.
#include <algorithm>
#include <map>

#include "lifted/app/commands.h"
#include "lifted/app/figures.h"
#include "lifted/app/meter.h"
#include "lifted/app/report.h"
#include "lifted/app/run_record.h"
#include "lifted/app/seeds.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/log.h"
#include "lifted/base/random.h"
#include "lifted/base/runtime.h"
#include "lifted/model/builtin.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kFull = "full";
constexpr int kFactorRows = 4, kSweepPeople = 4, kMixPeople = 3, kComparePeople = 4, kInterpolationSteps = 6;

struct ReproduceOptions {
  fs::path network = model::kBuiltinNetwork, gan, outdir, ablation_run;
  std::vector<std::string> ablations;
  MeterSettings meter;
  std::string seeds = "0-15", device = "auto";
  int threads = 0;
};

struct Named {
  std::string name;
  fs::path file;
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

std::vector<Named> variants_of(const fs::path& run) {
  require(fs::is_directory(run), "{}: is no folder, expected the --outdir of an `ablate` run", run.string());
  std::vector<Named> found;
  for (const auto& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || (name != kFull && !name.starts_with("wo_"))) continue;
    const fs::path file = newest_snapshot(entry.path());
    require(!file.empty(), "{}: holds no network-snapshot-NNNNNN.safetensors", entry.path().string());
    found.push_back({name, file});
  }
  require(!found.empty(), "{}: holds neither full/ nor wo_…/, expected the --outdir of an `ablate` run", run.string());
  std::ranges::sort(found, {}, &Named::name);
  return found;
}

/// The model first, then the ablations in the table's order; unknown ones at the end.
std::vector<Named> models_of(const ReproduceOptions& options) {
  std::vector<Named> ablations;
  if (!options.ablation_run.empty()) ablations = variants_of(options.ablation_run);
  for (const std::string& text : options.ablations) {
    const size_t sign = text.find('=');
    if (sign == 0 || sign + 1 == text.size())
      usage_error("--ablation {}: expected [NAME=]FILE, for example wo_flip=wo_flip.safetensors", text);
    if (sign == std::string::npos) {
      ablations.push_back({fs::path(text).stem().string(), text});
    } else {
      ablations.push_back({text.substr(0, sign), text.substr(sign + 1)});
    }
  }
  std::ranges::stable_sort(ablations, {}, [](const Named& model) { return published_rank(model.name); });
  const bool has_full = std::ranges::any_of(ablations, [](const Named& model) { return model.name == kFull; });
  std::vector<Named> models = {{has_full ? "model" : kFull, options.network}};
  for (const auto& model : ablations) {
    if (std::ranges::any_of(models, [&](const Named& other) { return other.name == model.name; }))
      usage_error("--ablation {}: there are two models of that name", model.name);
    models.push_back(model);
  }
  return models;
}

class Reproduction {
 public:
  explicit Reproduction(const ReproduceOptions& options)
      : options_(options), record_("reproduce"), device_(parse_device(options.device)), models_(models_of(options)) {
    for (const auto& model : models_) load(model);
    const auto& first = networks_[0].generator->config();
    for (size_t i = 1; i < models_.size(); ++i) {
      const auto& other = networks_[i].generator->config();
      require(other.size == first.size && other.z_dim == first.z_dim,
              "{}: makes images of {}x{} from {} numbers, but {} of {}x{} from {}: they cannot be compared",
              models_[i].file.string(), other.size, other.size, other.z_dim, models_[0].file.string(), first.size,
              first.size, first.z_dim);
    }
  }

  void run() {
    Report report{.data = options_.meter.data.filename().string(),
                  .size = networks_[0].generator->config().size,
                  .truncation = options_.meter.suite.truncation_psi};
    measure(report);
    Progress progress("figures", 8, "figures");
    draw(report, progress);
    write_file_atomically(options_.outdir / "reproduce.json", report_json(report).dump(2) + "\n");
    write_web_page(options_.outdir / "index.html", report_page(report));
    record_.write(options_.outdir);
    log_info("open {}", (options_.outdir / "index.html").string());
  }

 private:
  void load(const Named& model) {
    auto network = model::load_network(model.file, needs_gan(model) ? std::optional(options_.gan) : std::nullopt);
    network.require_lifted();
    network.lifted->to(device_);
    network.generator->to(device_);
    network.statistics.mean = network.statistics.mean.to(device_);
    for (const auto& file : network.files) record_.add_network(file);
    networks_.push_back(std::move(network));
  }

  bool needs_gan(const Named& model) const { return !options_.gan.empty() && model.file.extension() != ".safetensors"; }

  void measure(Report& report) const {
    const Meter meter(options_.meter, report.size, device_);
    if (meter.images()) report.real_images = meter.images()->size();
    report.generated_images = meter.generated_images();
    report.samples = options_.meter.suite.samples;
    for (size_t i = 0; i < models_.size(); ++i) {
      log_info("measuring {}", models_[i].name);
      report.rows.push_back({models_[i].name, models_[i].file, meter.measure(networks_[i])});
    }
    const std::string plain = image_metrics(options_.meter.metrics);
    if (plain.empty()) return;
    MeterSettings settings = options_.meter;
    settings.metrics = plain;
    model::LoadedNetwork teacher = networks_[0];
    teacher.lifted = nullptr;
    report.rows.push_back({"2D teacher", models_[0].file, Meter(settings, report.size, device_).measure(teacher)});
  }

  Cast cast_of(size_t index) const {
    const auto& network = networks_[index];
    const auto seeds = parse_seeds(options_.seeds);
    std::vector<torch::Tensor> z;
    std::vector<std::string> names;
    for (const uint32_t seed : seeds) {
      z.push_back(torch::tensor(numpy_randn(seed, network.generator->config().z_dim)));
      names.push_back(seed_name(seed));
    }
    const auto w = network.generator->map(torch::stack(z).to(device_));
    return {*network.lifted, names,
            model::truncate(w, network.statistics, {.psi = options_.meter.suite.truncation_psi, .cutoff = {}},
                            network.generator->layers())};
  }

  void draw(Report& report, Progress& progress) const {
    const FigureStyle style{std::max(1, 128 / report.size)};
    const Cast all = cast_of(0);
    const auto first = [&](int64_t count) { return all.narrow(0, std::min(count, all.size())); };
    const auto keep = [&](const std::string& name, const formats::Image& still, const std::string& title,
                          const std::string& caption) {
      formats::write_png(options_.outdir / (name + ".png"), still);
      report.figures.push_back({name + ".png", title, caption});
      progress.advance();
    };
    const auto keep_moving = [&](const std::string& name, const MovingFigure& figure, const std::string& title,
                                 const std::string& caption, const std::string& still = "The same at seven angles.") {
      write_sweep(options_.outdir, name, figure.frames, {.formats = {"gif"}, .fps = 20});
      report.figures.push_back({name + ".gif", title, caption});
      keep(name, figure.still, title + ", still", still);
    };
    keep("figure2", factors_figure(first(kFactorRows), style), "Figure 2: what a picture is made of",
         "From each code the 2D teacher's image, and the rendering from albedo, depth, normals, shading and "
         "transformation map.");
    keep("figure3", faces_figure(all, 8, style), "Figure 3: samples", "At the predicted view and light.");
    keep_moving("figure4", sweep_figure(first(kSweepPeople), SweepAxis::yaw, style), "Figure 4: yaw",
                "From −45 to 45 degrees at constant light.");
    keep_moving("figure5", sweep_figure(first(kSweepPeople), SweepAxis::pitch, style), "Figure 5: pitch",
                "From −15 to 15 degrees.");
    keep_moving("figure6", sweep_figure(first(kSweepPeople), SweepAxis::light, style), "Figure 6: relighting",
                "The light moves from −60 to 60 degrees; the view stays.");
    keep_moving("figure7", interpolation_figure(first(2), kInterpolationSteps, style),
                "Figure 7: interpolation under rotation", "Straight through w from one person to another.",
                "One row per step.");
    std::vector<std::string> labels;
    std::vector<Cast> casts;
    for (size_t i = 0; i < models_.size(); ++i) {
      labels.push_back(models_[i].name);
      casts.push_back(cast_of(i).narrow(0, std::min<int64_t>(kComparePeople, all.size())));
    }
    MovingFigure compared = comparison_figure(labels, casts);  // many pictures: at their own size while they move
    compared.still = comparison_figure(labels, casts, style).still;
    keep_moving("figure8", compared, "Figure 8: ablations", "The same codes through every model.",
                "At the predicted view and light.");
    const int64_t shapes = std::min<int64_t>(kMixPeople, all.size() / 2);
    keep("figure9", mix_figure(all.narrow(0, shapes), all.narrow(shapes, std::min(shapes, all.size() - shapes)), style),
         "Figure 9: style mixing", "The shape of each row's person in the looks of each column's.");
  }

  ReproduceOptions options_;
  RunRecord record_;
  torch::Device device_;
  std::vector<Named> models_;
  std::vector<model::LoadedNetwork> networks_;
};

void reproduce(const ReproduceOptions& options) {
  const torch::NoGradGuard no_grad;
  if (options.outdir.empty()) usage_error("--outdir: expected a folder");
  metrics::parse_metrics(options.meter.metrics);  // mistakes are better found before networks are read
  if (parse_seeds(options.seeds).size() < 2) usage_error("--seeds {}: expected at least two", options.seeds);
  set_threads(options.threads);
  make_output_folder(options.outdir);
  Reproduction(options).run();
}

}  // namespace

void add_reproduce(CLI::App& app) {
  auto options = std::make_shared<ReproduceOptions>();
  auto* command = app.add_subcommand("reproduce", "The report's table and figures for models at hand, on one page");
  command
      ->add_option("--outdir,--out-dir,--out", options->outdir, "Where index.html, reproduce.json and the figures go")
      ->required();
  command->add_option("--network,--ckpt,--pkl", options->network, "Lifted network; or builtin")->capture_default_str();
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
  command->add_option("--device", options->device, "cpu, cuda, cuda:N or auto")->capture_default_str();
  command->add_option("--threads", options->threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([options] { reproduce(*options); });
}

}  // namespace lifted::app
