// `demo`: what a lifted model can do, as a page of figures; needs no file.
#include "lifted/app/commands.h"
#include "lifted/app/figures.h"
#include "lifted/app/sampling.h"
#include "lifted/app/validators.h"
#include "lifted/app/web_page.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/mesh.h"
#include "lifted/model/builtin.h"
#include "lifted/model/head_mesh.h"

namespace lifted::app {
namespace {

constexpr int64_t kPeople = 16, kTurnedPeople = 4, kMixedPeople = 3;
constexpr int kSteps = 6;

struct DemoOptions {
  SamplingOptions sampling;
  std::filesystem::path other;
  std::string other_label = "ablation";
};

/// Figures as they are made: files in the folder, entries on the page.
class Page {
 public:
  Page(PictureFolder folder, std::string introduction, int64_t figures)
      : folder_(std::move(folder)),
        page_{"LiftedGAN demo", std::move(introduction), {}},
        progress_("demo", figures, "figures") {}

  void still(const std::string& name, const formats::Image& image, const std::string& title,
             const std::string& caption) {
    folder_.write(name, image);
    page_.content.push_back(Figure{name + ".png", title, caption});
    progress_.advance();
  }
  void moving(const std::string& name, const MovingFigure& figure, const std::string& title,
              const std::string& caption) {
    write_sweep(folder_, name, figure.frames, {});
    folder_.write(name, figure.still);
    page_.content.push_back(Figure{name + ".gif", title, caption});
    page_.content.push_back(Figure{name + ".png", title + ", still", "The same at chosen moments."});
    progress_.advance();
  }
  void mesh(const std::string& name, const formats::Mesh& mesh, const std::string& title, const std::string& caption) {
    formats::write_mesh(folder_.path, name, "glb", mesh);
    page_.content.push_back(Figure{name + ".glb", title, caption});
    progress_.advance();
  }
  void write() {
    write_web_page(folder_.path / "index.html", page_);
    progress_.finish();
  }

 private:
  PictureFolder folder_;
  WebPage page_;
  Progress progress_;
};

/// Pictures about this wide, by a whole factor.
FigureStyle tiles(const model::LiftedGan& lifted, int width) {
  return {std::max(1, width / lifted.size())};
}

void add_controls(Page& page, const Cast& people) {
  const Cast turned = people.narrow(0, kTurnedPeople);
  const FigureStyle style = tiles(*people.lifted, 192);
  page.moving(
      "yaw", sweep_figure(turned, SweepAxis::yaw, style), "Turning",
      "Yaw from −45 to 45 degrees, light kept: one shape and one texture per person, drawn at 31 views. Compare "
      "“Rotation” in the paper's figure 1 (c).");
  page.moving("pitch", sweep_figure(turned, SweepAxis::pitch, style), "Nodding", "Pitch from −15 to 15 degrees.");
  page.moving("light", sweep_figure(turned, SweepAxis::light, style), "Relighting",
              "The light moves from −60 to 60 degrees, the view is kept. Compare “Relighting” in the paper's figure 1 "
              "(d).");
}

void add_figures(Page& page, const Cast& people) {
  const FigureStyle large = tiles(*people.lifted, 192), small = tiles(*people.lifted, 128);
  page.still("faces", faces_figure(people, 4, large), "Sixteen faces",
             "Seeds 0 to 15, not chosen, truncation 0.7, at the view and light that the model predicts for each. "
             "Compare the samples in the paper's figure 1 (a).");
  page.still("factors", factors_figure(people.narrow(0, kTurnedPeople), small), "What a face is made of",
             "The 2D generator's image, our rendering of it, and its parts: albedo, depth (near is bright), normals, "
             "shading (white is twice the albedo), and the map of what moves with the head (white). Compare the "
             "paper's figures 1 (b) and 2.");
  add_controls(page, people);
  page.moving("interpolation", interpolation_figure(people.narrow(0, 2), kSteps, small), "From one person to another",
              "Six codes on the straight line between two people, each turned. Compare the paper's interpolation of "
              "faces under rotation.");
  page.still("mix", mix_figure(people.narrow(0, kMixedPeople), people.narrow(kTurnedPeople, kMixedPeople), large),
             "Shape and looks",
             "The shape of the person at the left with the texture and light of the one above: the reproduction's "
             "style transfer.");
}

void add_mesh(Page& page, const Cast& people) {
  const model::LiftedGan& lifted = *people.lifted;
  page.mesh("head", model::head_mesh(lifted, people.estimates.narrow(0, 1)), "A head to take away",
            "The first person as a textured mesh: open it in Blender or any glTF viewer.");
}

void add_comparison(Page& page, const Cast& people, const Cast& others, const std::string& label) {
  page.moving(
      "ablation",
      comparison_figure({"full model", label}, {people.narrow(0, kTurnedPeople), others}, tiles(*people.lifted, 128)),
      "What a loss term does",
      "The same four latents through the full model and through one trained without a term of the loss (" + label +
          "). Compare the paper's ablation study.");
}

std::string introduction(const model::LoadedNetwork& network, const SamplingOptions& sampling) {
  const bool builtin = sampling.networks.front() == model::kBuiltinNetwork;
  return fmt::format(
      "People that do not exist, from {} at {} pixels, lifted from a 2D StyleGAN2 that saw only pictures: no 3D "
      "supervision. Turning and relit heads are drawn large, other pictures enlarged.",
      builtin ? "the model this program carries (synthetic heads; models/README.md tells how it was trained)"
              : sampling.networks.front().filename().string(),
      network.generator->config().size);
}

void demo(DemoOptions options) {
  const torch::NoGradGuard no_grad;
  if (!options.other.empty()) {
    if (options.sampling.networks.empty()) options.sampling.networks = {model::kBuiltinNetwork};
    options.sampling.networks.push_back(options.other);
    // An ablation may come without the generator that both were lifted from.
    if (options.sampling.gans.empty()) options.sampling.gans = {options.sampling.networks.front()};
  }
  SamplingRun run("demo", options.sampling);
  const bool compares = run.network_count() > 1;
  const Codes codes = run.codes();
  if (codes.size() < kPeople) usage_error("--seeds: the demo shows {} people, got {}", kPeople, codes.size());
  run.make_folder();
  const Cast people(run.network().require_lifted(), {codes.names.begin(), codes.names.begin() + kPeople},
                    codes.styles.narrow(0, 0, kPeople));
  run.record().set("samples", people.names);

  Page page(run.pictures(), introduction(run.network(), run.options()), compares ? 9 : 8);
  add_figures(page, people);
  add_mesh(page, people);
  if (compares) {
    const Codes same = run.codes(1).slice(0, kTurnedPeople);
    add_comparison(page, people, Cast(run.network(1).require_lifted(), same.names, same.styles), options.other_label);
  }
  page.write();
  run.finish();
  log_info("open {}", run.output("index.html").string());
}

}  // namespace

void add_demo(CLI::App& app) {
  auto options = std::make_shared<DemoOptions>();
  options->sampling.outdir = "out/demo";
  CLI::App* command =
      app.add_subcommand("demo", "A page of faces turned, relit, blended and taken apart; needs no file");
  add_sampling_options(*command, options->sampling);
  command->get_option("--outdir")->required(false)->capture_default_str();
  command->add_option("--ablation", options->other, "Another lifted network to show beside the first")
      ->check(existing_file());
  command->add_option("--label", options->other_label, "What to call it")->capture_default_str();
  command->callback([options] { demo(*options); });
}

}  // namespace lifted::app
