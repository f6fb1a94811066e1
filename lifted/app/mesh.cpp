// `mesh`: the surface of every seed as a file that Blender, game engines and 3D printers' tools open.
#include "lifted/formats/mesh.h"
#include <cmath>

#include "lifted/app/commands.h"
#include "lifted/app/pictures.h"
#include "lifted/app/sampling.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/model/head_mesh.h"

namespace lifted::app {
namespace {

constexpr Bounds kTurns = bounds::between(-90, 90);  // degrees

struct MeshOptions {
  SamplingOptions sampling;
  std::vector<std::string> formats = {"glb"};
  std::string pose = "canonical", trim = "head";
  std::optional<double> yaw, pitch, roll;
  bool vertex_colors = false;
  double decimate = 1, trim_depth = 0;
  int64_t resolution = 0;
};

void check(const MeshOptions& options) {
  const bool turned = options.yaw || options.pitch || options.roll;
  if (turned && options.pose != "canonical") {
    usage_error("--pose predicted has an angle of its own; leave out --yaw, --pitch and --roll");
  }
}

/// The raw view (1×6) that a mesh of this estimate shows; `rotate` turns a head by the same angles in the same way.
torch::Tensor posed_view(const MeshOptions& options, const model::Estimate& estimate) {
  if (options.pose == "predicted") return estimate.view;
  torch::Tensor view = scene::yaw_view(options.yaw.value_or(0)) + scene::pitch_view(options.pitch.value_or(0));
  view[2] = options.roll.value_or(0) / 60;
  return view.unsqueeze(0).to(estimate.view.options());
}

formats::Mesh mesh_of(const model::LiftedGan& lifted, const model::Estimate& estimate, const MeshOptions& options,
                      const std::string& name) {
  try {
    return model::head_mesh(lifted, estimate,
                            {.view = posed_view(options, estimate),
                             .trim = options.trim == "head",
                             .trim_depth = options.trim_depth,
                             .resolution = options.resolution,
                             .decimate = options.decimate});
  } catch (const Error& error) {
    fail("{}: {}{}", name, error.what(), options.trim == "head" ? " (--trim none keeps everything)" : "");
  }
}

/// What the model itself draws at the mesh's pose.
formats::Image picture_of(const model::LiftedGan& lifted, const model::Estimate& estimate, const MeshOptions& options) {
  model::RenderOptions posed;
  posed.view = posed_view(options, estimate);
  return formats::image_from_tensor(lifted.render(estimate, posed).recon_im[0]);
}

void keep_estimate(SamplingRun& run, const model::Estimate& estimate) {
  run.keep_tensor("canon_depth", estimate.canon_depth);
  run.keep_tensor("canon_albedo", estimate.canon_albedo);
  run.keep_tensor("trans_map", estimate.trans_map);
  run.keep_tensor("view", estimate.view);
}

/// Writes one sample's files; returns what run.json says about them.
nlohmann::ordered_json write_sample(const SamplingRun& run, const MeshOptions& options, const std::string& name,
                                    const model::Estimate& estimate) {
  formats::Mesh mesh = mesh_of(run.network().require_lifted(), estimate, options, name);
  if (options.vertex_colors) mesh.texture = {};
  for (const std::string& format : options.formats) {
    formats::write_mesh(options.sampling.outdir, name, format, mesh);
  }
  return {{"name", name}, {"vertices", mesh.positions.size()}, {"triangles", mesh.triangles.size()}};
}

void write_meshes(const MeshOptions& options) {
  const torch::NoGradGuard no_grad;
  check(options);
  SamplingRun run("mesh", options.sampling);
  const model::LiftedGan& lifted = run.network().require_lifted();
  run.make_folder();
  const Codes codes = run.codes();
  run.record().set("metres_per_unit", model::mesh_scale(lifted));
  nlohmann::ordered_json meshes = nlohmann::ordered_json::array();
  std::vector<formats::Image> shown;
  {
    Progress progress("mesh", codes.size(), "meshes");
    for_batches(codes.size(), options.sampling.batch, [&](int64_t first, int64_t last) {
      const model::Estimate estimates = lifted.estimate(codes.styles.slice(0, first, last));
      keep_estimate(run, estimates);
      for (int64_t i = first; i < last; ++i) {
        const model::Estimate estimate = estimates.narrow(i - first, 1);
        meshes.push_back(write_sample(run, options, codes.names[static_cast<size_t>(i)], estimate));
        if (shown.size() < max_sheet_images) shown.push_back(picture_of(lifted, estimate, options));
        progress.advance(1);
      }
    });
  }
  run.record().set("meshes", meshes);
  write_sample_sheet(run.pictures(), "sheet", shown, codes.names, "");
  run.finish();
}

}  // namespace

void add_mesh(CLI::App& app) {
  auto options = std::make_shared<MeshOptions>();
  CLI::App* command = app.add_subcommand("mesh", "Textured meshes for other programs (metres, +Y up, facing +Z)");
  add_sampling_options(*command, options->sampling);
  command->add_option("--format", options->formats, "Files to write")
      ->delimiter(',')
      ->transform(choice(formats::mesh_formats()))
      ->default_str("glb");
  command->add_option("--pose", options->pose, "predicted: as the sample's picture shows it")
      ->transform(choice({"canonical", "predicted"}))
      ->capture_default_str();
  command->add_option("--yaw", options->yaw, "Turn the head by so many degrees, as rotate does")
      ->transform(number(kTurns));
  command->add_option("--pitch", options->pitch, "Nod by so many degrees")->transform(number(kTurns));
  command->add_option("--roll", options->roll, "Tilt by so many degrees, clockwise in the picture")
      ->transform(number(kTurns));
  command->add_option("--trim", options->trim, "head: without what does not move with the head; none: everything")
      ->transform(choice({"none", "head"}))
      ->capture_default_str();
  command
      ->add_option("--trim-depth", options->trim_depth,
                   "Deepest canonical depth that --trim head keeps (default: the network's border depth less 0.01)")
      ->transform(number(bounds::between(0.01, 100)));
  command->add_flag("--vertex-colors", options->vertex_colors, "Colours per vertex instead of a texture (PLY always)");
  command->add_option("--decimate", options->decimate, "Keep this share of the triangles")
      ->transform(number(bounds::above(0, 1)))
      ->capture_default_str();
  command->add_option("--resolution", options->resolution, "Vertices per side before trimming; 0: the network's own")
      ->transform(number(bounds::whole(0, 4096)))
      ->capture_default_str();
  command->callback([options] { write_meshes(*options); });
}

}  // namespace lifted::app
