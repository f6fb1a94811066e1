#include <memory>

#include "lifted/app/commands.h"
#include "lifted/app/validators.h"
#include "lifted/app/world_run.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/data/heads/cat_model.h"
#include "lifted/data/heads/head_set.h"
#include "lifted/data/heads/preview.h"

namespace lifted::app {
namespace {

using namespace data::heads;

constexpr Bounds kSpread = bounds::between(0, 1000), kImages = bounds::whole(1, 1e12),
                 kImages0 = bounds::whole(0, 1e12);

void add_model_option(CLI::App& command, std::string& path) {
  command.add_option("--face-model", path,
                     "ICT-FaceKit folder or a file made by `heads pack` (default: the built-in head)");
}

void add_family_option(CLI::App& command, HeadRecipe& recipe) {
  command.add_option("--family", recipe.family, "Whose heads")
      ->transform(choice_of<Family>({{"people", Family::people}, {"cats", Family::cats}}))
      ->default_str("people");
}

void check_face_model(const HeadRecipe& recipe, const std::string& face_model) {
  if (recipe.family == Family::cats && !face_model.empty())
    usage_error("--face-model is a model of people's faces, which --family cats cannot use");
}

FaceModel open_model(const HeadRecipe& recipe, const std::string& face_model) {
  check_face_model(recipe, face_model);
  return recipe.family == Family::cats ? analytic_cat_model() : open_face_model(face_model);
}

void add_recipe_options(CLI::App& command, HeadRecipe& recipe) {
  add_family_option(command, recipe);
  command.add_option("--images-per-identity", recipe.images_per_identity, "Images of each person, one after another")
      ->transform(number(bounds::whole(1, 1e9)))
      ->capture_default_str();
  command.add_option("--shape-std", recipe.shape_std, "Spread of face shapes")
      ->transform(number(kSpread))
      ->capture_default_str();
  command.add_option("--yaw-std", recipe.yaw_std, "Spread of yaw in degrees")
      ->transform(number(kSpread))
      ->capture_default_str();
  command.add_option("--yaw-max", recipe.yaw_max, "Largest yaw in degrees")
      ->transform(number(bounds::between(0, 90)))
      ->capture_default_str();
  command.add_option("--pitch-std", recipe.pitch_std, "Spread of pitch in degrees")
      ->transform(number(kSpread))
      ->capture_default_str();
  command.add_option("--pitch-max", recipe.pitch_max, "Largest pitch in degrees")
      ->transform(number(bounds::between(0, 60)))
      ->capture_default_str();
  command.add_option("--roll-std", recipe.roll_std, "Spread of roll in degrees")
      ->transform(number(kSpread))
      ->capture_default_str();
  command.add_option("--light-x-std", recipe.light_x_std, "Spread of the light sideways (tangent)")
      ->transform(number(kSpread))
      ->capture_default_str();
  command.add_option("--light-y-mean", recipe.light_y_mean, "Mean height of the light (tangent, negative: above)")
      ->transform(number(bounds::between(-10, 10)))
      ->capture_default_str();
  command.add_option("--light-y-std", recipe.light_y_std, "Spread of the light's height")
      ->transform(number(kSpread))
      ->capture_default_str();
  command.add_option("--ambient-min", recipe.ambient_min, "Smallest ambient share of the light")
      ->transform(number(bounds::share))
      ->capture_default_str();
  command.add_option("--ambient-max", recipe.ambient_max, "Largest ambient share of the light")
      ->transform(number(bounds::share))
      ->capture_default_str();
  command.add_flag("!--no-expressions", recipe.expressions, "Neutral faces only");
}

void add_render(CLI::App& heads) {
  CLI::App* command = heads.add_subcommand("render", "Render a set into a folder or zip, with ground truth on request");
  const auto options = std::make_shared<HeadSetOptions>();
  const auto model = std::make_shared<std::string>();
  command->add_option("--count", options->count, "How many images")->required()->transform(number(kImages));
  command->add_option("--size", options->size, "Side of the images in pixels")
      ->transform(number(bounds::head_side))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Seed of the set")->transform(seed())->capture_default_str();
  command->add_option("--start", options->start, "Index of the first image: any range of a set can be made anywhere")
      ->transform(number(kImages0))
      ->capture_default_str();
  command->add_option("--out,--outdir,--out-dir", options->out, "Folder, or file ending in .zip")->required();
  command->add_option("--supersampling", options->render.supersampling, "Sub-pixels per pixel side; 0: by size")
      ->transform(number(bounds::whole(0, 16)))
      ->capture_default_str();
  command->add_option("--threads,--workers", options->workers, "Threads; 0: one per core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->add_flag("--ground-truth", options->ground_truth,
                    "Also write depth, normal, albedo, shading, mask, label and a JSON line per image");
  command->add_flag("--canonical", options->canonical, "Ground truth also of the head seen from the front");
  add_model_option(*command, *model);
  add_recipe_options(*command, options->recipe);
  command->callback([options, model] {
    options->recipe.validate();
    if (options->canonical && !options->ground_truth)
      usage_error("--canonical adds to --ground-truth, which was not given");
    in_world(options->workers, [&](const train::World& world) {
      options->workers = usable_threads(options->workers);
      options->sharing = sharing_of(world);
      render_head_set(open_model(options->recipe, *model), *options);
    });
  });
}

void add_labels(CLI::App& heads) {
  CLI::App* command =
      heads.add_subcommand("labels", "Write view, light and identity of a set's images without rendering");
  const auto options = std::make_shared<HeadSetOptions>();
  command->add_option("--count", options->count, "How many images")->required()->transform(number(kImages));
  command->add_option("--seed", options->seed, "Seed of the set")->transform(seed())->capture_default_str();
  command->add_option("--start", options->start, "Index of the first image")
      ->transform(number(kImages0))
      ->capture_default_str();
  command->add_option("--out", options->out, "File to write, one JSON line per image")->required();
  const auto landmarks = std::make_shared<bool>(false);
  const auto model = std::make_shared<std::string>();
  command->add_flag("--landmarks", *landmarks, "Also the 68 landmarks, in pixels of images of --size");
  command->add_option("--size", options->size, "Side of the images that --landmarks are said for")
      ->transform(number(bounds::head_side))
      ->capture_default_str();
  add_model_option(*command, *model);
  add_recipe_options(*command, options->recipe);
  command->callback([=] {
    check_face_model(options->recipe, *model);
    if (!*landmarks) return write_head_labels(*options);
    if (options->recipe.family == Family::cats)
      usage_error("--landmarks are the 68 of people's faces, which --family cats does not have");
    const FaceModel face = open_face_model(*model);
    write_head_labels(*options, &face);
  });
}

void add_pack(CLI::App& heads) {
  CLI::App* command = heads.add_subcommand("pack", "Pack a face model into one compact safetensors file");
  const auto model = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  add_model_option(*command, *model);
  command->add_option("--out", *out, "File to write")->required();
  command->callback([model, out] {
    pack_face_model(open_face_model(*model), *out);
    if (std::filesystem::is_regular_file(*out) && !is_standard_output(*out))
      fmt::print("{}  {:.1f} MB\n", *out, static_cast<double>(std::filesystem::file_size(*out)) / 1e6);
  });
}

void add_preview(CLI::App& heads) {
  CLI::App* command = heads.add_subcommand("preview", "Make a contact sheet of heads to look at");
  const auto options = std::make_shared<PreviewOptions>();
  const auto model = std::make_shared<std::string>(), out = std::make_shared<std::string>(),
             kind = std::make_shared<std::string>("heads");
  command->add_option("--out", *out, "PNG or JPEG file to write")->required();
  command->add_option("--sheet", *kind, "What it shows")
      ->transform(choice({"heads", "yaw-light", "ground-truth", "identities"}))
      ->capture_default_str();
  command->add_option("--size", options->size, "Side of one image in pixels")
      ->transform(number(bounds::head_side))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Seed of the set")->transform(seed())->capture_default_str();
  command->add_option("--start", options->start, "Index of the first image (identities: person)")
      ->transform(number(kImages0))
      ->capture_default_str();
  add_model_option(*command, *model);
  add_recipe_options(*command, options->recipe);
  command->callback([=] {
    formats::check_image_name(*out);
    formats::write_image(*out, preview(*kind, open_model(options->recipe, *model), *options));
  });
}

}  // namespace

void add_heads(CLI::App& app) {
  CLI::App* heads = app.add_subcommand("heads", "Synthetic heads with exact ground truth");
  heads->require_subcommand(1);
  add_render(*heads);
  add_labels(*heads);
  add_pack(*heads);
  add_preview(*heads);
}

}  // namespace lifted::app
