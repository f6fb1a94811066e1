// `mix`: rows by columns. A lifted network gives the row's shape the column's looks, or does the reproduction's style
// transfer (--method); a plain generator takes the layers named by --styles from the column (StyleGAN's style mixing).
#include <set>

#include "lifted/app/commands.h"
#include "lifted/app/pictures.h"
#include "lifted/app/sampling.h"
#include "lifted/app/seeds.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {

constexpr const char* kLooks = "looks";
/// The reproduction's style transfer, in its second and its first version.
constexpr const char* kDepthStyle = "depth-style";
constexpr const char* kDepthStyleNeutral = "depth-style-neutral";

struct MixOptions {
  SamplingOptions sampling;
  std::string rows = "0-2", columns = "10-12", styles = "0-6", method = kLooks;
};

/// N×layers×w_dim.
torch::Tensor per_layer(const torch::Tensor& styles, int64_t layers) {
  return styles.dim() == 3 ? styles : styles.unsqueeze(1).expand({-1, layers, -1});
}

/// What a grid of mixed pictures is made of: the faces alone, and every row mixed with every column.
struct Mixer {
  std::function<formats::Image(int64_t)> row_face, column_face;
  std::function<torch::Tensor(int64_t row, int64_t column)> mixed;  // 3×S×S
  formats::Rounding rounding;
};

using Mix = std::function<model::Estimate(int64_t row, int64_t column)>;

Mix lifted_mix(const model::LiftedGan& lifted, const std::string& method, const std::shared_ptr<model::Estimate>& rows,
               const std::shared_ptr<model::Estimate>& columns, const torch::Tensor& column_styles) {
  if (method == kLooks) {
    return [&lifted, rows, columns](int64_t row, int64_t column) {
      return lifted.mix(rows->narrow(row, 1), columns->narrow(column, 1));
    };
  }
  const torch::Tensor features = method == kDepthStyleNeutral ? columns->features : lifted.features(column_styles);
  return [&lifted, rows, features](int64_t row, int64_t column) {
    return lifted.transfer_style(rows->narrow(row, 1), features.narrow(0, column, 1));
  };
}

Mixer lifted_mixer(const model::LiftedGan& lifted, const Codes& rows, const Codes& columns, const std::string& method) {
  const auto shapes = std::make_shared<model::Estimate>(lifted.estimate(rows.styles));
  const auto looks = std::make_shared<model::Estimate>(lifted.estimate(columns.styles));
  const auto face = [&lifted](const std::shared_ptr<model::Estimate>& all) {
    return
        [&lifted, all](int64_t i) { return formats::image_from_tensor(lifted.render(all->narrow(i, 1)).recon_im[0]); };
  };
  const Mix mix = lifted_mix(lifted, method, shapes, looks, columns.styles);
  return {face(shapes), face(looks),
          [&lifted, mix](int64_t row, int64_t column) { return lifted.render(mix(row, column)).recon_im[0]; },
          formats::Rounding::truncate};
}

Mixer plain_mixer(const nets::Stylegan2Generator& generator, const Codes& rows, const Codes& columns,
                  const std::vector<uint32_t>& layers) {
  for (const uint32_t layer : layers) {
    if (static_cast<int>(layer) >= generator->layers()) {
      usage_error("--styles: layer {} does not exist; this generator has layers 0-{}", layer, generator->layers() - 1);
    }
  }
  const torch::Tensor base = per_layer(rows.styles, generator->layers());
  const torch::Tensor source = per_layer(columns.styles, generator->layers());
  const auto image = [generator](const torch::Tensor& styles) { return generator->synthesize(styles).image[0]; };
  const auto face = [image](const torch::Tensor& styles) {
    return [image, styles](int64_t i) {
      return formats::image_from_tensor(image(styles.slice(0, i, i + 1)), formats::Rounding::nvidia);
    };
  };
  return {face(rows.styles), face(columns.styles),
          [=](int64_t row, int64_t column) {
            torch::Tensor styles = base.slice(0, row, row + 1).clone();
            for (const auto layer : layers) styles[0][layer] = source[column][layer];
            return image(styles);
          },
          formats::Rounding::nvidia};
}

void write_grid(SamplingRun& run, const Mixer& mixer, const Codes& rows, const Codes& columns) {
  formats::ContactSheet sheet;
  sheet.row_labels.push_back("");
  sheet.column_labels.push_back("");
  sheet.images.emplace_back();
  for (int64_t column = 0; column < columns.size(); ++column) {
    sheet.images.push_back(mixer.column_face(column));
    sheet.column_labels.push_back(columns.names[static_cast<size_t>(column)]);
  }
  Progress progress("mix", rows.size() * columns.size(), "images");
  for (int64_t row = 0; row < rows.size(); ++row) {
    sheet.row_labels.push_back(rows.names[static_cast<size_t>(row)]);
    sheet.images.push_back(mixer.row_face(row));
    for (int64_t column = 0; column < columns.size(); ++column) {
      const torch::Tensor image = mixer.mixed(row, column);
      run.keep_tensor("mix_recon_im", image.unsqueeze(0));
      sheet.images.push_back(formats::image_from_tensor(image, mixer.rounding));
      const std::string name = sheet.row_labels.back() + "-" + columns.names[static_cast<size_t>(column)];
      run.pictures().write(name, sheet.images.back(), name);
      progress.advance();
    }
  }
  run.pictures().write("grid", formats::render_contact_sheet(sheet));
}

/// What --rows or --cols names: seeds, codes of a file, or some of the codes of --latents.
struct Faces {
  std::string option;
  std::vector<uint32_t> numbers;  // seeds, or places in `file`; empty: all of the file
  std::filesystem::path file;     // empty: seeds
};

bool names_a_file(const std::string& text) {
  static const std::set<std::string> endings = {".safetensors", ".npz", ".npy", ".pt", ".pth"};
  std::error_code ignored;
  return endings.count(std::filesystem::path(text).extension().string()) ||
         std::filesystem::is_regular_file(text, ignored);
}

Faces faces_of(const std::string& option, const std::string& text, const MixOptions& options) {
  const auto& latents = options.sampling.latents;
  if (names_a_file(text)) {
    if (!latents.empty())
      usage_error("{} {}: a file beside --latents {}; give one of them", option, text, latents.string());
    return {option, {}, text};
  }
  return {option, text.empty() ? std::vector<uint32_t>() : parse_seeds(text, option.c_str()), latents};
}

Codes codes_of(const SamplingRun& run, const Faces& faces) {
  return run.codes_of_numbers(faces.numbers, faces.file, faces.option);
}

void mix(const MixOptions& options) {
  const torch::NoGradGuard no_grad;
  const Faces row_faces = faces_of("--rows", options.rows, options),
              column_faces = faces_of("--cols", options.columns, options);
  const std::vector<uint32_t> layers = parse_seeds(options.styles, "--styles");
  SamplingRun run("mix", options.sampling);
  const model::LoadedNetwork& network = run.network();
  const Codes rows = codes_of(run, row_faces), columns = codes_of(run, column_faces);
  if (rows.size() * columns.size() > 10000) usage_error("--rows by --cols: more than 10000 pictures");
  if (!network.lifted && !(rows.noise.empty() && columns.noise.empty()))
    log_info("the noise maps beside the codes are not used: mixed pictures have the network's own");
  run.make_folder();
  run.record().set("rows", rows.names);
  run.record().set("columns", columns.names);
  if (!network.lifted && options.method != kLooks)
    usage_error("--method {}: is about a lifted network, but this one is 2D", options.method);
  const std::string lifted_mode = options.method == kLooks
                                      ? "shape of the row, looks of the column"
                                      : "the row with a depth from the column's feature map (style transfer)";
  run.record().set("mode", network.lifted ? lifted_mode : "layers " + options.styles + " of the column");
  if (network.lifted) run.record().set("method", options.method);
  write_grid(run,
             network.lifted ? lifted_mixer(*network.lifted, rows, columns, options.method)
                            : plain_mixer(network.generator, rows, columns, layers),
             rows, columns);
  run.finish();
}

}  // namespace

void add_mix(CLI::App& app) {
  auto options = std::make_shared<MixOptions>();
  CLI::App* command = app.add_subcommand("mix", "The shape of some faces with the looks of others, as a grid");
  add_sampling_options(*command, options->sampling);
  command->remove_option(command->get_option("--seeds"));
  command->get_option("--latents")
      ->description(
          "Mix codes from a file instead of seeds; --rows and --cols are then places in it, from 0 (default all)");
  const CLI::Option* rows = command->add_option(
      "--rows", options->rows, "Seeds, or a file of codes, whose shape (or base layers) each row has (default 0-2)");
  const CLI::Option* columns = command->add_option(
      "--cols,--columns", options->columns,
      "Seeds, or a file of codes, whose looks (or --styles layers) each column has (default 10-12)");
  command->add_option("--styles", options->styles, "Of plain 2D generators: layers taken from the column")
      ->capture_default_str();
  command
      ->add_option(
          "--method", options->method,
          "Of lifted networks. looks: the row's shape in the column's picture and light; depth-style: the "
          "reproduction's style transfer, the row's picture, light and view on the depth that its neutral code "
          "has with the column's feature map; depth-style-neutral: its first version, with the feature map of "
          "the column's neutral code")
      ->transform(choice({kLooks, kDepthStyle, kDepthStyleNeutral}))
      ->capture_default_str();
  command->callback([options, rows, columns] {
    if (!options->sampling.latents.empty()) {
      if (rows->count() == 0) options->rows.clear();
      if (columns->count() == 0) options->columns.clear();
    }
    mix(*options);
  });
}

}  // namespace lifted::app
