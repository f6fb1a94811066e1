// `dataset make`, `dataset inspect` and, elsewhere, `dataset align`.
#include <memory>

#include "lifted/app/commands.h"
#include "lifted/app/portrait_options.h"
#include "lifted/app/validators.h"
#include "lifted/app/world_run.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/printable.h"
#include "lifted/base/runtime.h"
#include "lifted/data/convert.h"
#include "lifted/data/inspect.h"

namespace lifted::app {
namespace {

struct MakeArguments {
  data::ConvertOptions options;
  int size = 0, threads = 0;
  std::string transform = "none", filter = "lanczos";
  bool overwrite = false;
};

void check_sizes(MakeArguments& arguments) {
  data::ConvertOptions& options = arguments.options;
  if (arguments.size > 0 && (options.width > 0 || options.height > 0))
    usage_error("--size excludes --width and --height");
  if (arguments.size > 0) options.width = options.height = arguments.size;
  if ((options.width > 0) != (options.height > 0)) usage_error("--width and --height go together (or use --size)");
  if (options.destination.extension() != ".zip")
    usage_error("--out {}: expected the name of a .zip file", options.destination.string());
  if (std::filesystem::exists(options.destination) && !arguments.overwrite) {
    usage_error("--out {}: exists already (--overwrite replaces it)", options.destination.string());
  }
  options.center_crop = arguments.transform == "center-crop";
  options.filter = arguments.filter == "box" ? formats::ResizeFilter::box : formats::ResizeFilter::lanczos;
}

bool is_power_of_two(int value) {
  return value > 0 && (value & (value - 1)) == 0;
}

void make(MakeArguments arguments) {
  check_sizes(arguments);
  arguments.options.workers = usable_threads(arguments.threads);
  const auto report = data::convert_dataset(arguments.options);
  if (!arguments.options.sharing.consumes()) return;
  data::warn_about(report.skipped, "skipped:");
  if (!report.ignored.empty()) log_warning("{}: {}", arguments.options.source.string(), report.ignored);
  if (report.width != report.height || !is_power_of_two(report.width)) {
    log_warning("the images have {}x{} pixels; StyleGAN needs squares whose side is a power of two", report.width,
                report.height);
  }
  fmt::print("{}: {} images of {}x{}, {} skipped, {:.1f} MB\n", arguments.options.destination.string(), report.written,
             report.width, report.height, report.skipped.size(),
             static_cast<double>(std::filesystem::file_size(arguments.options.destination)) / 1e6);
}

struct InspectArguments {
  std::filesystem::path data, sheet, json;
  int size = 0, sheet_images = 60, threads = 0;
  int64_t max_pixels = formats::kMaxReadPixels;
  bool skip_broken = false;
};

std::string sizes_text(const data::Inspection& inspection) {
  std::string text;
  int64_t shown = 0;
  for (const auto& [size, count] : inspection.sizes) {
    if (++shown > 8) return fmt::format("{} and {} more", text, inspection.sizes.size() - 8);
    text += fmt::format("{}{}x{} ({})", text.empty() ? "" : ", ", size.first, size.second, count);
  }
  return text;
}

void print_names(const char* title, const std::vector<std::string>& names) {
  for (size_t i = 0; i < std::min<size_t>(names.size(), 10); ++i)
    fmt::print("  {} {}\n", title, printable(names[i], 400));
  if (names.size() > 10) fmt::print("  {} and {} more (--out FILE lists all)\n", title, names.size() - 10);
}

void print(const data::Inspection& inspection) {
  fmt::print("{}: {}, {} images, {} readable, {:.1f} MB\n", printable(inspection.path), inspection.kind,
             inspection.count, inspection.readable, static_cast<double>(inspection.encoded_bytes) / 1e6);
  fmt::print("sizes       {}\n", sizes_text(inspection));
  fmt::print("mean RGB    {:.2f} {:.2f} {:.2f} of 255\n", inspection.mean[0], inspection.mean[1], inspection.mean[2]);
  fmt::print("std RGB     {:.2f} {:.2f} {:.2f}\n", inspection.deviation[0], inspection.deviation[1],
             inspection.deviation[2]);
  fmt::print("labels      {}\n", inspection.has_labels ? "yes" : "none");
  fmt::print("duplicates  {}\n", inspection.duplicate_count());
  std::vector<std::string> groups;
  for (const auto& group : inspection.duplicates) groups.push_back(fmt::format("{}", fmt::join(group, " = ")));
  print_names("same:", groups);
  fmt::print("broken      {}\n", inspection.broken.size());
  std::vector<std::string> reasons;
  for (const auto& image : inspection.broken) reasons.push_back(image.reason);
  print_names("broken:", reasons);
  fmt::print("not images  {}\n", inspection.ignored.size());
  print_names("ignored:", inspection.ignored);
}

void inspect_images(const InspectArguments& arguments) {
  formats::check_image_name(arguments.sheet);
  const auto archive = formats::open_image_archive(arguments.data, arguments.size);
  const data::Inspection inspection =
      data::inspect_dataset(*archive, usable_threads(arguments.threads), arguments.max_pixels);
  // Whoever asks for one of the files there wants nothing else there.
  if (!is_standard_output(arguments.json) && !is_standard_output(arguments.sheet)) print(inspection);
  if (!arguments.json.empty()) {
    using Json = nlohmann::ordered_json;  // file names need not be UTF-8
    write_file_atomically(arguments.json,
                          inspection.to_json().dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  if (!arguments.sheet.empty() && inspection.readable > 0) {
    formats::write_image(arguments.sheet,
                         data::dataset_sheet(*archive, inspection, arguments.sheet_images, arguments.max_pixels));
  }
  require(inspection.readable > 0, "{}: no image can be read", inspection.path);
  require(inspection.broken.empty() || arguments.skip_broken,
          "{}: {} of {} images cannot be read (--skip-broken accepts that)", inspection.path, inspection.broken.size(),
          inspection.count);
}

void add_max_pixels(CLI::App& command, int64_t& max_pixels) {
  command
      .add_option("--max-pixels", max_pixels,
                  "Largest image to read, width x height; memory is limited to 5 bytes for each")
      ->transform(number(bounds::whole(1, 1 << 27)))
      ->capture_default_str();
}

void add_make_command(CLI::App& dataset) {
  auto arguments = std::make_shared<MakeArguments>();
  data::ConvertOptions& options = arguments->options;
  CLI::App* command = dataset.add_subcommand("make", "Convert images to a StyleGAN2-ADA zip");
  command->add_option("--data,--source", options.source, "Image folder, zip, or lmdb")->required();
  command->add_option("--out,--dest", options.destination, "The .zip to write")->required();
  command->add_option("--size", arguments->size, "Side of the results in pixels")
      ->transform(number(bounds::image_side));
  command->add_option("--width", options.width, "Width of the results")->transform(number(bounds::image_side));
  command->add_option("--height", options.height, "Height of the results")->transform(number(bounds::image_side));
  command->add_option("--transform", arguments->transform, "What to do with images of another shape")
      ->transform(choice({"none", "center-crop"}))
      ->capture_default_str();
  command->add_option("--resize-filter", arguments->filter, "How images are resized")
      ->transform(choice({"lanczos", "box"}))
      ->capture_default_str();
  command->add_option("--max-images", options.max_images, "Take only the first N images of the source")
      ->transform(number(bounds::whole(1, 1e12)));
  command->add_flag("--skip-broken", options.skip_broken, "List and leave out images that cannot be used");
  add_max_pixels(*command, options.max_pixels);
  command->add_flag("--overwrite", arguments->overwrite, "Replace an existing --out");
  command->add_option("--threads,--workers", arguments->threads, "Threads; 0: one per core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([arguments] {
    in_world(arguments->threads, [&](const train::World& world) {
      arguments->options.sharing = sharing_of(world);
      make(*arguments);
    });
  });
}

void add_inspect_command(CLI::App& dataset) {
  auto arguments = std::make_shared<InspectArguments>();
  CLI::App* command = dataset.add_subcommand("inspect", "Count, sizes, statistics, duplicates and broken files");
  command->add_option("--data", arguments->data, "Image folder, zip, or lmdb")->required();
  command->add_option("--size", arguments->size, "Which of an lmdb's sizes")->transform(number(bounds::image_side));
  command->add_option("--sheet", arguments->sheet, "Write a contact sheet to this PNG or JPEG file");
  command->add_option("--sheet-images", arguments->sheet_images, "Images on the sheet")
      ->transform(number(bounds::whole(1, 10000)))
      ->capture_default_str();
  command->add_option("--out,--json", arguments->json, "Write everything found to this file as JSON");
  add_max_pixels(*command, arguments->max_pixels);
  command->add_flag("--skip-broken", arguments->skip_broken, "Broken images are listed but are no failure");
  command->add_option("--threads,--workers", arguments->threads, "Threads; 0: one per core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([arguments] { inspect_images(*arguments); });
}

}  // namespace

void add_dataset(CLI::App& app) {
  CLI::App* dataset = app.add_subcommand("dataset", "Make, align and inspect image data sets");
  dataset->require_subcommand(1);
  add_make_command(*dataset);
  add_inspect_command(*dataset);
  add_align_command(*dataset);
}

}  // namespace lifted::app
