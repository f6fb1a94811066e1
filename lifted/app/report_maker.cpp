#include "lifted/app/report_maker.h"

#include <algorithm>

#include "lifted/app/comparison.h"
#include "lifted/app/seeds.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/log.h"
#include "lifted/base/random.h"
#include "lifted/model/builtin.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;

constexpr int64_t kFaces = 8, kTurned = 4, kCompared = 4, kMixed = 3, kFactors = 4;
constexpr int kInterpolationSteps = 6;
constexpr const char* kFull = "full";

struct LoadedModel {
  NamedModel entry;
  model::LoadedNetwork network;
  std::string sha256;
};

struct LoadedDomain {
  const DomainEntry* entry = nullptr;
  std::vector<LoadedModel> models, ablations;
};

std::string sha256_of_network(const fs::path& path) {
  const formats::ByteSource source = model::network_bytes(path);
  return sha256_of(source.bytes().data(), source.bytes().size());
}

/// As a shell takes it.
std::string quoted(const std::string& text) {
  const bool plain = std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || strchr("-_./,=", c); });
  if (plain && !text.empty()) return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

class ReportMaker {
 public:
  ReportMaker(const Manifest& manifest, fs::path folder, torch::Device device, RunRecord& record)
      : folder_(std::move(folder)), device_(device), record_(record) {
    report_.manifest = manifest;
    for (const auto& entry : report_.manifest.domains) load(entry);
  }

  Report make() {
    for (const auto& domain : domains_) measure(domain);
    draw();
    return std::move(report_);
  }

 private:
  // ---- Models ----

  LoadedModel loaded(const DomainEntry& domain, const NamedModel& entry) {
    const auto given = [](const fs::path& file) { return file.empty() ? std::nullopt : std::optional(file); };
    const auto& [file, gan, config] = entry.files;
    LoadedModel model{entry, model::load_network(file, given(gan), given(config)), sha256_of_network(file)};
    model.network.require_lifted();
    model.network.lifted->to(device_);
    model.network.generator->to(device_);
    model.network.statistics.mean = model.network.statistics.mean.to(device_);
    for (const auto& part : model.network.files) record_.add_network(part);
    report_.weights.push_back({domain.key, entry.name, entry.files.network.filename().string(), model.sha256});
    return model;
  }

  void load(const DomainEntry& entry) {
    LoadedDomain domain{.entry = &entry, .models = {}, .ablations = {}};
    for (const auto& model : entry.models()) domain.models.push_back(loaded(entry, model));
    for (const auto& model : entry.ablations) domain.ablations.push_back(loaded(entry, model));
    std::ranges::stable_sort(domain.ablations, {}, [](const LoadedModel& it) { return published_rank(it.entry.name); });
    if (!domain.models.empty()) {
      for (const auto& other : domain.models) check_alike(domain.models[0], other);
      for (const auto& other : domain.ablations) check_alike(domain.models[0], other);
    }
    domains_.push_back(std::move(domain));
  }

  static void check_alike(const LoadedModel& first, const LoadedModel& other) {
    const auto &a = first.network.generator->config(), &b = other.network.generator->config();
    require(a.size == b.size && a.z_dim == b.z_dim,
            "{}: makes images of {}x{} from {} numbers, but {} of {}x{} from {}: they cannot share a figure",
            other.entry.files.network.string(), b.size, b.size, b.z_dim, first.entry.files.network.string(), a.size,
            a.size, a.z_dim);
  }

  const LoadedDomain* domain(const std::string& key) const {
    const auto found = std::ranges::find_if(domains_, [&](const LoadedDomain& it) { return it.entry->key == key; });
    return found == domains_.end() || found->models.empty() ? nullptr : &*found;
  }

  // ---- Measuring ----

  void measure(const LoadedDomain& domain) {
    if (domain.models.empty()) {
      if (!domain.entry->data.empty()) count(*domain.entry, data::Dataset(domain.entry->data));
      return;
    }
    MeterSettings settings = report_.manifest.meter;
    settings.suite.truncation_psi = report_.manifest.truncation;
    settings.data = domain.entry->data;
    if (settings.data.empty()) settings.metrics = without_data(settings.metrics);
    if (settings.metrics.empty()) return;
    const int size = domain.models[0].network.generator->config().size;
    const Meter meter(settings, size, device_);
    if (meter.images()) count(*domain.entry, *meter.images());
    for (const auto& model : domain.models) add(domain, model, kFull, model.entry.name, settings, meter);
    for (const auto& model : domain.ablations) add(domain, model, model.entry.name, "reproduced", settings, meter);
    measure_teacher(domain, settings, size);
  }

  void add(const LoadedDomain& domain, const LoadedModel& model, const std::string& setting, const std::string& role,
           const MeterSettings& settings, const Meter& meter) {
    log_info("measuring {} {}", domain.entry->key, model.entry.name);
    report_.measurements.push_back({domain.entry->key, setting, role, meter.measure(model.network),
                                    metrics_command(model, settings) + " (weights " + model.sha256 + ")"});
  }

  /// The 2D generator alone, in what can be asked of it.
  void measure_teacher(const LoadedDomain& domain, MeterSettings settings, int size) {
    settings.metrics = image_metrics(settings.metrics);
    if (settings.metrics.empty()) return;
    model::LoadedNetwork teacher = domain.models.back().network;
    teacher.lifted = nullptr;
    report_.measurements.push_back({domain.entry->key, kFull, "2D teacher",
                                    Meter(settings, size, device_).measure(teacher),
                                    metrics_command(domain.models.back(), settings) + " --teacher"});
  }

  void count(const DomainEntry& entry, const data::Dataset& images) {
    report_.data[entry.key] = {entry.data.filename().string(), images.fingerprint(), images.size(), images.width(),
                               images.height()};
  }

  static std::string without_data(const std::string& list) {
    std::string kept;
    for (const auto& metric : metrics::parse_metrics(list))
      if (!metrics::needs_data({metric})) kept += (kept.empty() ? "" : ",") + metric.text;
    return kept;
  }

  // ---- Commands that make one thing alone ----

  static std::string model_options(const LoadedModel& model) { return model_options(std::vector{&model}); }
  static std::string model_options(const std::vector<const LoadedModel*>& models) {
    std::string text;
    for (const auto* model : models) text += " --network " + quoted(model->entry.files.network.string());
    return text + shared_option("--gan", models, &ModelEntry::gan) +
           shared_option("--config", models, &ModelEntry::config);
  }

  /// A file of each model as an option: once if all have the same, else one each ('' for none).
  static std::string shared_option(const char* option, const std::vector<const LoadedModel*>& models,
                                   fs::path ModelEntry::*file) {
    std::vector<std::string> files;
    for (const auto* model : models) files.push_back((model->entry.files.*file).string());
    if (std::ranges::all_of(files, [&](const auto& it) { return it == files[0]; }))
      files.resize(files[0].empty() ? 0 : 1);
    std::string text;
    for (const auto& it : files) text += fmt::format(" {} {}", option, quoted(it));
    return text;
  }

  static std::string metrics_command(const LoadedModel& model, const MeterSettings& settings) {
    std::string text = "liftedgan metrics" + model_options(model) + " --metrics " + settings.metrics;
    const std::pair<const char*, const fs::path&> files[] = {
        {"--data", settings.data},  {"--inception", settings.inception}, {"--embedding", settings.embedding},
        {"--vgg", settings.vgg},    {"--probe", settings.probe},         {"--depth", settings.depth},
        {"--truth", settings.truth}};
    for (const auto& [option, file] : files)
      if (!file.empty()) text += fmt::format(" {} {}", option, quoted(file.string()));
    if (settings.suite.repeats > 1) text += fmt::format(" --repeats {}", settings.suite.repeats);
    return text + fmt::format(" --trunc {:g} --samples {}", settings.suite.truncation_psi, settings.suite.samples);
  }

  /// `compare` on these models (`interpolate`, `rotate` or `generate` would do for one), with the first `count` seeds.
  std::string compare_command(const std::vector<const LoadedModel*>& models, const std::string& axis,
                              int64_t count) const {
    std::string text = models.size() > 1       ? "liftedgan compare --axis " + axis
                       : axis == "none"        ? std::string("liftedgan generate")
                       : axis == "light"       ? std::string("liftedgan relight")
                       : axis == "interpolate" ? fmt::format("liftedgan interpolate --steps {}", kInterpolationSteps)
                                               : "liftedgan rotate --axis " + axis;
    text += model_options(models);
    text += fmt::format(" --seeds {} --trunc {:g} --outdir out", first_seeds(count), report_.manifest.truncation);
    for (const auto* model : models) text += fmt::format("\n{} weights: SHA-256 {}", model->entry.name, model->sha256);
    return text;
  }

  std::string first_seeds(int64_t count) const {
    std::string text;
    for (const uint32_t seed : seeds(count)) text += (text.empty() ? "" : ",") + std::to_string(seed);
    return text;
  }

  std::vector<uint32_t> seeds(int64_t count) const {
    auto all = parse_seeds(report_.manifest.seeds);
    all.resize(std::min(all.size(), static_cast<size_t>(count)));
    return all;
  }

  // ---- Figures ----

  Cast cast_of(const LoadedModel& model, int64_t count) const {
    const auto& network = model.network;
    std::vector<torch::Tensor> z;
    std::vector<std::string> names;
    for (const uint32_t seed : seeds(count)) {
      z.push_back(torch::tensor(numpy_randn(seed, network.generator->config().z_dim)));
      names.push_back(seed_name(seed));
    }
    const auto w = network.generator->map(torch::stack(z).to(device_));
    return {*network.lifted, names,
            model::truncate(w, network.statistics, {.psi = report_.manifest.truncation, .cutoff = {}},
                            network.generator->layers())};
  }

  static FigureStyle style_of(const LoadedModel& model) {
    return {std::clamp(128 / model.network.generator->config().size, 1, 4)};
  }

  static std::vector<const LoadedModel*> pointers(const std::vector<LoadedModel>& models) {
    std::vector<const LoadedModel*> all;
    for (const auto& model : models) all.push_back(&model);
    return all;
  }

  static std::string label_of(const std::vector<const LoadedModel*>& models, const LoadedModel& model) {
    return models.size() > 1 ? model.entry.name : "";
  }

  void keep(std::vector<Figure>& figures, const std::string& file, const formats::Image& image,
            const std::string& title, const std::string& caption, const std::string& how) {
    formats::write_png(folder_ / file, image);
    keep_file(figures, file, title, caption, how);
  }
  void keep_moving(std::vector<Figure>& figures, const std::string& stem, const MovingFigure& figure,
                   const std::string& title, const std::string& caption, const std::string& how) {
    write_sweep(folder_, stem, figure.frames, {.formats = {"gif"}, .fps = 20});
    keep_file(figures, stem + ".gif", title, caption, how);
    keep(figures, stem + ".png", figure.still, title + ", still", "The same at seven angles.", how);
  }
  void keep_file(std::vector<Figure>& figures, const std::string& file, const std::string& title,
                 const std::string& caption, const std::string& how) {
    report_.pictures[file] = sha256_of_file(folder_ / file);
    figures.push_back({file, title, caption, how});
    log_info("{}", title);
  }
  static void keep_empty(std::vector<Figure>& figures, const std::string& title, const std::string& entry) {
    figures.push_back({"", title, fmt::format("Not at hand: the manifest's entry {} brings it.", entry)});
  }

  void draw_faces(const LoadedDomain& domain, const std::string& stem, const std::string& title) {
    const auto models = pointers(domain.models);
    std::vector<Showing> showings;
    std::vector<std::string> names;
    for (const auto* model : models) {
      const Cast cast = cast_of(*model, kFaces);
      names = cast.names;
      showings.push_back(show(model->entry.name, cast, {}, style_of(*model)));
    }
    keep(report_.figures, stem + ".png", grid_of(showings, names), title,
         models.size() > 1 ? "Original above reproduced, the same codes, at the predicted view and light."
                           : "At the predicted view and light.",
         compare_command(models, "none", kFaces));
  }

  void draw_sweep(const LoadedDomain& domain, SweepAxis axis, const std::string& stem, const std::string& title,
                  const std::string& caption) {
    const auto models = pointers(domain.models);
    const Movement movement = published_movement(axis);
    const int64_t people = models.size() > 1 ? kTurned / 2 : kTurned;
    std::vector<Showing> showings;
    std::vector<std::string> names;
    for (const auto* model : models) {
      const Cast cast = cast_of(*model, people);
      names = cast.names;
      showings.push_back(show(label_of(models, *model), cast, movement, style_of(*model)));
    }
    const char* axis_name = axis == SweepAxis::yaw ? "yaw" : axis == SweepAxis::pitch ? "pitch" : "light";
    keep_moving(report_.figures, stem, moving_figure(showings, names, movement), title, caption,
                compare_command(models, axis_name, people));
  }

  void draw_poses(const LoadedDomain& domain, const std::string& stem, const std::string& title) {
    draw_sweep(domain, SweepAxis::yaw, stem + "_yaw", title + ": yaw", "From −45 to 45 degrees at constant light.");
    draw_sweep(domain, SweepAxis::pitch, stem + "_pitch", title + ": pitch", "From −15 to 15 degrees.");
  }

  void draw_light(const LoadedDomain& domain, const std::string& stem, const std::string& title) {
    draw_sweep(domain, SweepAxis::light, stem, title, "The light moves from −60 to 60 degrees; the view stays.");
  }

  void draw_ablations(const LoadedDomain& domain) {
    std::vector<const LoadedModel*> models = {&domain.models.back()};
    for (const auto& ablation : domain.ablations) models.push_back(&ablation);
    const Movement movement = published_movement(SweepAxis::yaw);
    std::vector<Showing> showings;
    std::vector<std::string> names;
    for (const auto* model : models) {
      const Cast cast = cast_of(*model, kCompared);
      names = cast.names;
      showings.push_back(show(model == models[0] ? kFull : model->entry.name, cast, movement, style_of(*model)));
    }
    const std::string how = compare_command(models, "yaw", kCompared);
    write_sweep(folder_, "figure5", moving_figure(showings, names, movement).frames, {.formats = {"gif"}, .fps = 20});
    keep_file(report_.figures, "figure5.gif", "Figure 5: ablations", "The same codes through every model, turned.",
              how);
    keep(report_.figures, "figure5.png", grid_of(showings, names), "Figure 5: ablations, still",
         "At the predicted view and light.", how);
  }

  void draw_interpolation(const LoadedDomain& domain) {
    const auto models = pointers(domain.models);
    const Movement movement = published_movement(SweepAxis::yaw);
    std::vector<Showing> showings;
    for (const auto* model : models) {
      const Cast ends = cast_of(*model, 2);
      const Cast between(*ends.lifted, step_labels(kInterpolationSteps),
                         codes_between(ends.styles.narrow(0, 0, 1), ends.styles.narrow(0, 1, 1), kInterpolationSteps));
      showings.push_back(show(label_of(models, *model), between, movement, style_of(*model)));
    }
    keep_moving(report_.figures, "figure6", moving_figure(showings, step_labels(kInterpolationSteps), movement),
                "Figure 6: interpolation under rotation", "Straight through w from one person to another.",
                compare_command(models, "interpolate", 2));
  }

  void draw() {
    auto& figures = report_.figures;
    const LoadedDomain *faces = domain("faces"), *cats = domain("cats"), *celeba = domain("celeba");
    if (faces) {
      draw_faces(*faces, "figure2", "Figure 2: faces");
      draw_poses(*faces, "figure3", "Figure 3: poses");
      draw_light(*faces, "figure4", "Figure 4: lighting");
    } else {
      for (const char* title : {"Figure 2: faces", "Figure 3: poses", "Figure 4: lighting"})
        keep_empty(figures, title, "domains.faces.reproduced (and .original)");
    }
    faces && !faces->ablations.empty() ? draw_ablations(*faces)
                                       : keep_empty(figures, "Figure 5: ablations", "domains.faces.ablations");
    faces ? draw_interpolation(*faces)
          : keep_empty(figures, "Figure 6: interpolation under rotation", "domains.faces.reproduced");
    if (cats) {
      draw_poses(*cats, "figure7", "Figure 7: cats, poses");
      draw_light(*cats, "figure8", "Figure 8: cats, lighting");
    } else {
      keep_empty(figures, "Figure 7: cats, yaw and pitch", "domains.cats.reproduced");
      keep_empty(figures, "Figure 8: cats, lighting", "domains.cats.reproduced");
    }
    if (celeba) {
      draw_faces(*celeba, "figure9_faces", "Figure 9: CelebA, faces");
      draw_poses(*celeba, "figure9", "Figure 9: CelebA, poses");
      draw_light(*celeba, "figure9_light", "Figure 9: CelebA, lighting");
    } else {
      keep_empty(figures, "Figure 9: CelebA", "domains.celeba.reproduced");
    }
    for (const auto& domain : domains_)
      if (!domain.models.empty()) draw_beyond(domain);
  }

  void draw_beyond(const LoadedDomain& domain) {
    const LoadedModel& model = domain.models.back();
    const FigureStyle style = style_of(model);
    const std::string key = domain.entry->key, title = domain.entry->title + ": ";
    const Cast people = cast_of(model, std::max(kFactors, 2 * kMixed));
    keep(report_.beyond, key + "_factors.png",
         factors_figure(people.narrow(0, std::min(kFactors, people.size())), style),
         title + "what a picture is made of",
         "From each code the 2D teacher's image, and the rendering from albedo, depth, normals, shading and "
         "transformation map.",
         "liftedgan generate --maps albedo,depth,normal,shading,transform" + model_options(model) +
             fmt::format(" --seeds {} --trunc {:g} --outdir out", first_seeds(kFactors), report_.manifest.truncation));
    const int64_t shapes = std::min<int64_t>(kMixed, people.size() / 2);
    const std::string mixed = first_seeds(2 * shapes);
    keep(report_.beyond, key + "_mix.png", mix_figure(people.narrow(0, shapes), people.narrow(shapes, shapes), style),
         title + "style mixing", "The shape of each row's person in the looks of each column's.",
         "liftedgan mix" + model_options(model) +
             fmt::format(" --trunc {:g} --outdir out, rows and columns from {}", report_.manifest.truncation, mixed));
  }

  fs::path folder_;
  torch::Device device_;
  RunRecord& record_;
  Report report_;
  std::vector<LoadedDomain> domains_;
};

}  // namespace

Report make_report(const Manifest& manifest, const fs::path& folder, torch::Device device, RunRecord& record) {
  ReportMaker maker(manifest, folder, device, record);  // bad models are found before there is a folder
  make_output_folder(folder);
  return maker.make();
}

}  // namespace lifted::app
