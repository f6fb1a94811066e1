// `demo`: built-in heads with known depth, albedo, light and view through the renderer that lifted networks use. Needs
// no file.
#include "lifted/app/commands.h"
#include "lifted/app/run_record.h"
#include "lifted/app/sweep.h"
#include "lifted/app/web_page.h"
#include "lifted/base/file.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/data/heads/canonical.h"
#include "lifted/formats/color_map.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {

struct DemoOptions {
  std::filesystem::path outdir = "out/demo";
  int size = 256, threads = 0;
  int faces = 4;
};

struct Actor {
  std::string name;
  scene::LitScene scene;
};

std::vector<Actor> actors(const DemoOptions& options) {
  std::vector<Actor> result;
  for (int i = 0; i < options.faces; ++i) {
    const data::heads::CanonicalHead head = data::heads::canonical_head(options.size, static_cast<uint64_t>(i));
    result.push_back({fmt::format("head {}", i), {head.depth, head.albedo, head.light, head.view, head.transform_map}});
  }
  return result;
}

/// All actors side by side at each angle of the published sweep, as an animation and a sheet.
void write_group_sweep(const DemoOptions& options, const scene::Renderer& renderer, const std::vector<Actor>& group,
                       SweepAxis axis, const std::string& name) {
  const std::vector<double> angles = published_range(axis).angles(axis);
  std::vector<std::vector<formats::Image>> swept;
  for (const Actor& actor : group) swept.push_back(frames_of(sweep_images(renderer, actor.scene, axis, angles)));
  std::vector<formats::Image> frames;
  for (size_t i = 0; i < angles.size(); ++i) {
    formats::ContactSheet row;
    for (const auto& images : swept) row.images.push_back(images[i]);
    row.columns = static_cast<int>(group.size());
    frames.push_back(formats::render_contact_sheet(row));
  }
  write_sweep(options.outdir, name, frames, {});

  formats::ContactSheet sheet;
  const std::vector<size_t> columns = spread_indices(angles.size(), 7);
  for (const size_t column : columns) sheet.column_labels.push_back(angle_label(angles[column]));
  for (size_t i = 0; i < group.size(); ++i) {
    sheet.row_labels.push_back(group[i].name);
    for (const size_t column : columns) sheet.images.push_back(swept[i][column]);
  }
  formats::write_png(options.outdir / (name + ".png"), formats::render_contact_sheet(sheet));
}

/// Every factor of a face in one row: what the networks of a lifted model predict, here known.
void write_factors(const DemoOptions& options, const scene::Renderer& renderer, const std::vector<Actor>& group) {
  formats::ContactSheet sheet;
  sheet.column_labels = {"render", "albedo A", "depth S", "normals", "shading", "transform map T"};
  for (const Actor& actor : group) {
    const scene::LitRender render = renderer.render_lit(actor.scene);
    const auto grey = [](const torch::Tensor& map) { return formats::image_from_tensor(map[0].clamp(0, 1) * 2 - 1); };
    sheet.row_labels.push_back(actor.name);
    sheet.images.push_back(formats::image_from_tensor(render.mesh.image[0]));
    sheet.images.push_back(formats::image_from_tensor(actor.scene.albedo[0]));
    sheet.images.push_back(formats::depth_image(actor.scene.depth[0]));
    sheet.images.push_back(formats::normal_image(render.normals[0].permute({2, 0, 1})));
    sheet.images.push_back(grey(render.shading));
    sheet.images.push_back(grey(actor.scene.transform_map));
  }
  formats::write_png(options.outdir / "factors.png", formats::render_contact_sheet(sheet));
}

WebPage page() {
  return {
      "LiftedGAN demo",
      "Synthetic heads with known depth, albedo, light and viewpoint, drawn by the differentiable renderer that lifted "
      "networks are trained with. No trained network is involved yet.",
      {{"factors.png", "Factors",
        "Texture, depth, light and viewpoint make the picture: R(A, S, T, V, L). Compare the paper's figure 2."},
       {"yaw.gif", "Turning",
        "Yaw from −45 to 45 degrees at constant light. The transformation map lets the background stay."},
       {"yaw.png", "Turning, still", "The same at seven angles. Compare the paper's figure 4."},
       {"pitch.gif", "Nodding", "Pitch from −15 to 15 degrees."},
       {"pitch.png", "Nodding, still", "The same at seven angles."},
       {"light.gif", "Relighting", "The light moves from −60 to 60 degrees; the view stays."},
       {"light.png", "Relighting, still", "The same at seven angles. Compare the paper's figure 5."}}};
}

void demo(const DemoOptions& options) {
  const torch::NoGradGuard no_grad;
  set_threads(options.threads);
  make_output_folder(options.outdir);
  RunRecord record("demo");
  scene::RendererConfig config;
  config.size = options.size;
  const scene::Renderer renderer(config);
  Progress progress("demo", 4, "figures");
  const std::vector<Actor> group = actors(options);
  write_factors(options, renderer, group);
  progress.advance();
  for (const auto& [axis, name] :
       {std::pair{SweepAxis::yaw, "yaw"}, std::pair{SweepAxis::pitch, "pitch"}, std::pair{SweepAxis::light, "light"}}) {
    write_group_sweep(options, renderer, group, axis, name);
    progress.advance();
  }
  write_web_page(options.outdir / "index.html", page());
  record.write(options.outdir);
  progress.finish();
  log_info("open {}", (options.outdir / "index.html").string());
}

}  // namespace

void add_demo(CLI::App& app) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command =
      app.add_subcommand("demo", "Built-in heads through the renderer: pictures, animations and a page; needs no file");
  command->add_option("--outdir", options->outdir, "Where the results go")->capture_default_str();
  command->add_option("--size", options->size, "Image side")
      ->check(CLI::IsMember({64, 128, 256, 512}))
      ->capture_default_str();
  command->add_option("--faces", options->faces, "How many heads")->check(CLI::Range(1, 8))->capture_default_str();
  command->add_option("--threads", options->threads, "Computing threads; 0 for all cores");
  command->callback([options] { demo(*options); });
}

}  // namespace lifted::app
