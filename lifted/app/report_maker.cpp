#include "lifted/app/report_maker.h"

#include <algorithm>

#include "lifted/app/comparison.h"
#include "lifted/app/report_commands.h"
#include "lifted/app/seeds.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/log.h"
#include "lifted/base/random.h"
#include "lifted/formats/mesh.h"
#include "lifted/model/head_mesh.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;

constexpr int64_t kFaces = 8, kTurned = 4, kCompared = 4, kMixed = 3, kFactors = 4, kMeshes = 3;
constexpr int kInterpolationSteps = 6;
constexpr const char* kFull = "full";

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

  void load(const DomainEntry& entry) {
    domains_.push_back(load_domain(entry, device_));
    const auto note = [&](const LoadedModel& model) {
      for (const auto& part : model.network.files) record_.add_network(part);
      report_.weights.push_back(
          {entry.key, model.entry.name, model.entry.files.network.filename().string(), model.sha256});
    };
    for (const auto& model : domains_.back().models) note(model);
    for (const auto& model : domains_.back().ablations) note(model);
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
    settings.suite.statistics = domain.entry->stats;
    if (settings.suite.statistics.empty()) {
      settings.data = domain.entry->data;
      if (settings.data.empty()) settings.metrics = without_data(settings.metrics);
    } else if (!domain.entry->data.empty()) {
      count(*domain.entry, data::Dataset(domain.entry->data));
    }
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

  // ---- Figures ----

  Cast cast_of(const LoadedModel& model, int64_t count) const {
    const auto& network = model.network;
    std::vector<torch::Tensor> z;
    std::vector<std::string> names;
    for (const uint32_t seed : commands().seeds(count)) {
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

  /// What is drawn of one thing: the names of its files, and how it was made.
  struct Drawn {
    std::string still, moving, how;
  };

  ReportCommands commands() const { return ReportCommands(report_.manifest, kInterpolationSteps); }
  PictureFolder pictures() const { return {folder_, record_.provenance()}; }

  /// Known by its pixels: what the file says of how it was made may change without them.
  Drawn keep(const std::string& stem, const formats::Image& image, const std::string& how) {
    pictures().write(stem, image);
    report_.pictures[stem + ".png"] = sha256_of(image.pixels.data(), image.pixels.size());
    return {stem + ".png", {}, how};
  }
  Drawn keep_moving(const std::string& stem, const MovingFigure& figure, const std::string& how) {
    write_sweep(pictures(), stem, figure.frames, {.formats = {"gif"}, .fps = 20});
    note(stem + ".gif");
    return {keep(stem, figure.still, how).still, stem + ".gif", how};
  }
  void note(const std::string& file) { report_.pictures[file] = sha256_of_file(folder_ / file); }

  using Rows = std::vector<std::vector<std::string>>;
  static void place(std::vector<Figure>& figures, const std::string& title, const std::string& caption, Rows rows,
                    const std::string& how) {
    figures.push_back({.file = "", .title = title, .caption = caption, .details = how, .svg = {}, .rows = rows});
    log_info("{}", title);
  }
  static void place_empty(std::vector<Figure>& figures, const std::string& title, const std::string& entry) {
    figures.push_back({"", title, fmt::format("Not at hand: the manifest's entry {} brings it.", entry)});
  }

  Drawn draw_faces(const LoadedDomain& domain, const std::string& stem) {
    const auto models = pointers(domain.models);
    std::vector<Showing> showings;
    std::vector<std::string> names;
    for (const auto* model : models) {
      const Cast cast = cast_of(*model, kFaces);
      names = cast.names;
      showings.push_back(show(model->entry.name, cast, {}, style_of(*model)));
    }
    return keep(stem, grid_of(showings, names), commands().compare(models, "none", kFaces));
  }

  Drawn draw_sweep(const LoadedDomain& domain, SweepAxis axis, const std::string& stem) {
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
    return keep_moving(stem, moving_figure(showings, names, movement), commands().compare(models, axis_name, people));
  }

  static std::string which_is_which(const LoadedDomain& domain) {
    return domain.models.size() > 1 ? " Original above reproduced, the same codes." : "";
  }

  void place_faces(const LoadedDomain& domain, const std::string& title) {
    const Drawn faces = draw_faces(domain, "figure2");
    place(report_.figures, title, "At the predicted view and light." + which_is_which(domain), {{faces.still}},
          faces.how);
  }

  void place_poses(const LoadedDomain& domain, const std::string& stem, const std::string& title) {
    const Drawn yaw = draw_sweep(domain, SweepAxis::yaw, stem + "_yaw");
    const Drawn pitch = draw_sweep(domain, SweepAxis::pitch, stem + "_pitch");
    place(
        report_.figures, title,
        "Left: yaw from −45 to 45 degrees. Right: pitch from −15 to 15. The light stays. Below: both at seven angles." +
            which_is_which(domain),
        {{yaw.moving, pitch.moving}, {yaw.still}, {pitch.still}}, yaw.how + "\n" + pitch.how);
  }

  void place_light(const LoadedDomain& domain, const std::string& stem, const std::string& title) {
    const Drawn light = draw_sweep(domain, SweepAxis::light, stem);
    place(report_.figures, title,
          "The light moves from −60 to 60 degrees; the view stays. Below: at seven angles." + which_is_which(domain),
          {{light.moving}, {light.still}}, light.how);
  }

  /// All that the report shows of a domain as one figure.
  void place_whole(const LoadedDomain& domain, const std::string& stem, const std::string& title) {
    const Drawn faces = draw_faces(domain, stem + "_faces");
    const Drawn yaw = draw_sweep(domain, SweepAxis::yaw, stem + "_yaw");
    const Drawn pitch = draw_sweep(domain, SweepAxis::pitch, stem + "_pitch");
    const Drawn light = draw_sweep(domain, SweepAxis::light, stem + "_light");
    place(report_.figures, title,
          "Faces; yaw (left) and pitch (right); light; below: yaw, pitch and light at seven angles each." +
              which_is_which(domain),
          {{faces.still}, {yaw.moving, pitch.moving}, {light.moving}, {yaw.still}, {pitch.still}, {light.still}},
          faces.how + "\n" + yaw.how + "\n" + pitch.how + "\n" + light.how);
  }

  void place_ablations(const LoadedDomain& domain) {
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
    const std::string how = commands().compare(models, "yaw", kCompared);
    MovingFigure figure = moving_figure(showings, names, movement);
    figure.still = grid_of(showings, names);
    const Drawn drawn = keep_moving("figure5", figure, how);
    place(report_.figures, "Figure 5: ablations",
          "The same codes through every model: at the predicted view and light, and turned.",
          {{drawn.still}, {drawn.moving}}, how);
  }

  void place_interpolation(const LoadedDomain& domain) {
    const auto models = pointers(domain.models);
    const Movement movement = published_movement(SweepAxis::yaw);
    std::vector<Showing> showings;
    for (const auto* model : models) {
      const Cast ends = cast_of(*model, 2);
      const Cast between(*ends.lifted, step_labels(kInterpolationSteps),
                         codes_between(ends.styles.narrow(0, 0, 1), ends.styles.narrow(0, 1, 1), kInterpolationSteps));
      showings.push_back(show(label_of(models, *model), between, movement, style_of(*model)));
    }
    const Drawn drawn = keep_moving("figure6", moving_figure(showings, step_labels(kInterpolationSteps), movement),
                                    commands().compare(models, "interpolate", 2));
    place(report_.figures, "Figure 6: interpolation under rotation",
          "Straight through w from one person to another, every step turned. Below: at seven angles." +
              which_is_which(domain),
          {{drawn.moving}, {drawn.still}}, drawn.how);
  }

  void draw() {
    auto& figures = report_.figures;
    const LoadedDomain *faces = domain("faces"), *cats = domain("cats"), *celeba = domain("celeba");
    if (faces) {
      place_faces(*faces, "Figure 2: faces");
      place_poses(*faces, "figure3", "Figure 3: poses");
      place_light(*faces, "figure4", "Figure 4: lighting");
    } else {
      for (const char* title : {"Figure 2: faces", "Figure 3: poses", "Figure 4: lighting"})
        place_empty(figures, title, "domains.faces.reproduced (and .original)");
    }
    faces && !faces->ablations.empty() ? place_ablations(*faces)
                                       : place_empty(figures, "Figure 5: ablations", "domains.faces.ablations");
    faces ? place_interpolation(*faces)
          : place_empty(figures, "Figure 6: interpolation under rotation", "domains.faces.reproduced");
    if (cats) {
      place_poses(*cats, "figure7", "Figure 7: cats, poses");
      place_light(*cats, "figure8", "Figure 8: cats, lighting");
    } else {
      place_empty(figures, "Figure 7: cats, poses", "domains.cats.reproduced");
      place_empty(figures, "Figure 8: cats, lighting", "domains.cats.reproduced");
    }
    if (celeba) {
      place_whole(*celeba, "figure9", "Figure 9: CelebA");
    } else {
      place_empty(figures, "Figure 9: CelebA", "domains.celeba.reproduced");
    }
    for (const auto& domain : domains_)
      if (!domain.models.empty()) draw_beyond(domain);
  }

  void draw_beyond(const LoadedDomain& domain) {
    const LoadedModel& model = domain.models.back();
    const FigureStyle style = style_of(model);
    const std::string key = domain.entry->key, title = domain.entry->title + ": ";
    const Cast people = cast_of(model, std::max(kFactors, 2 * kMixed));
    const Drawn factors =
        keep(key + "_factors", factors_figure(people.narrow(0, std::min(kFactors, people.size())), style),
             "liftedgan generate --maps albedo,depth,normal,shading,transform" + commands().sampled(model, kFactors));
    place(report_.beyond, title + "what a picture is made of",
          "From each code the 2D teacher's image, and the rendering from albedo, depth, normals, shading and "
          "transformation map.",
          {{factors.still}}, factors.how);
    const int64_t shapes = std::min<int64_t>(kMixed, people.size() / 2);
    const Drawn mixed = keep(key + "_mix", mix_figure(people.narrow(0, shapes), people.narrow(shapes, shapes), style),
                             "liftedgan mix" + model_options(model) +
                                 fmt::format(" --trunc {:g} --outdir out, rows and columns from {}",
                                             report_.manifest.truncation, commands().first_seeds(2 * shapes)));
    place(report_.beyond, title + "style mixing", "The shape of each row's person in the looks of each column's.",
          {{mixed.still}}, mixed.how);
    place_shape(model, people.narrow(0, std::min(kTurned, people.size())), key, title);
    place_view_and_light(model, people, key, title);
    place_meshes(model, people.narrow(0, std::min(kMeshes, people.size())), key, title);
  }

  void place_shape(const LoadedModel& model, const Cast& people, const std::string& key, const std::string& title) {
    const Drawn shape =
        keep_moving(key + "_shape", sweep_figure(without_texture(people), SweepAxis::yaw, style_of(model)),
                    "liftedgan generate --maps depth,normal,shading" + commands().sampled(model, people.size()) +
                        "  # the same shapes, not turned");
    place(report_.beyond, title + "shape", "The same people without texture, turned from −45 to 45 degrees.",
          {{shape.moving}, {shape.still}}, shape.how);
  }

  void place_view_and_light(const LoadedModel& model, const Cast& people, const std::string& key,
                            const std::string& title) {
    const Drawn both =
        keep(key + "_view_light", view_light_figure(people, {-30, -15, 0, 15, 30}, {-45, 0, 45}, style_of(model)),
             "liftedgan rotate --axis yaw" + commands().sampled(model, 1) + "\nliftedgan relight" +
                 commands().sampled(model, 1) + "  # its column and its row");
    place(report_.beyond, title + "view and light", "One person under every pair of them: neither moves the other.",
          {{both.still}}, both.how);
  }

  void place_meshes(const LoadedModel& model, const Cast& people, const std::string& key, const std::string& title) {
    std::vector<std::string> files;
    for (int64_t i = 0; i < people.size(); ++i) {
      const std::string stem = key + "_" + people.names[static_cast<size_t>(i)];
      try {
        formats::write_mesh(folder_, stem, "glb", model::head_mesh(*people.lifted, people.estimates.narrow(i, 1)));
      } catch (const Error& error) {  // nothing of a head that has not been learnt
        log_warning("{}: no mesh: {}", stem, error.what());
        continue;
      }
      files.push_back(stem + ".glb");
      note(files.back());
    }
    if (files.empty()) return;
    place(report_.beyond, title + "meshes", "Textured heads for Blender and others, canonical, in metres.", {files},
          "liftedgan mesh --format glb" + commands().sampled(model, people.size()));
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
