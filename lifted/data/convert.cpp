#include "lifted/data/convert.h"

#include <algorithm>
#include <optional>
#include <span>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/image_archive.h"
#include "lifted/formats/zip_writer.h"

namespace lifted::data {
namespace {

using formats::Image;
using formats::ImageArchive;

struct Converted {
  Bytes png;
  int width = 0, height = 0;
  std::string problem;
};

/// The largest centred rectangle of the shape width : height.
Image center_crop(Image image, int64_t width, int64_t height) {
  const bool too_wide = image.width * height > image.height * width;
  const int crop_width = too_wide ? static_cast<int>(std::max<int64_t>(1, image.height * width / height)) : image.width;
  const int crop_height =
      too_wide ? image.height : static_cast<int>(std::max<int64_t>(1, image.width * height / width));
  const int x = (image.width - crop_width) / 2, y = (image.height - crop_height) / 2;
  return formats::cropped(std::move(image), x, y, crop_width, crop_height);
}

Image transformed(Image image, const ConvertOptions& options, const std::string& name) {
  const int width = options.width, height = options.height;
  if (options.center_crop) image = center_crop(std::move(image), width > 0 ? width : 1, height > 0 ? height : 1);
  if (width <= 0) return image;
  const bool same_shape = int64_t{image.width} * height == int64_t{image.height} * width;
  require(options.center_crop || same_shape,
          "{}: {}x{} pixels have another shape than {}x{} (`--transform center-crop` cuts them)", name, image.width,
          image.height, width, height);
  if (image.width == width && image.height == height) return image;
  return formats::resized(image, width, height, options.filter);
}

Converted convert(const ImageArchive& archive, int64_t index, const ConvertOptions& options) {
  Converted result;
  try {
    const bool unlabelled = archive.has_labels() && archive.label(index).is_null();
    require(!unlabelled, "{}: has no label, but others have one", archive.full_name(index));
    const Image image = transformed(archive.image(index, options.max_pixels), options, archive.full_name(index));
    result.width = image.width;
    result.height = image.height;
    result.png = formats::encode_png(image);
  } catch (const Error& error) {
    result.problem = error.what();
  }
  return result;
}

/// Of reading an image, or of what is made of it: resized between and after the passes, and as a PNG.
uint64_t memory_to_convert(const ImageArchive& archive, int64_t index, const ConvertOptions& options) {
  const uint64_t reading = memory_to_read(archive, index, options.max_pixels);
  return reading + 3 * 3 * static_cast<uint64_t>(options.width) * static_cast<uint64_t>(options.height);
}

/// Between processes.
std::string encoded(const Converted& converted) {
  return joined_parts({std::string(reinterpret_cast<const char*>(converted.png.data()), converted.png.size()),
                       std::to_string(converted.width), std::to_string(converted.height), converted.problem});
}

Converted decoded(std::string_view text) {
  const auto parts = split_parts(text);
  Converted converted;
  converted.png.resize(parts[0].size());
  std::ranges::copy(std::as_bytes(std::span(parts[0])), converted.png.begin());
  converted.width = std::stoi(parts[1]), converted.height = std::stoi(parts[2]);
  converted.problem = parts[3];
  return converted;
}

/// Takes the results in order: the first one sets the size that all others must have.
class Collector {
 public:
  Collector(const ImageArchive& archive, const ConvertOptions& options, int64_t count)
      : archive_(archive), options_(options), writer_(options.destination), progress_("writing", count, "images") {}

  void take(int64_t index, Converted converted) {
    progress_.advance();
    if (converted.problem.empty()) converted.problem = size_problem(index, converted);
    if (!converted.problem.empty()) {
      require(options_.skip_broken, "{} (`--skip-broken` leaves such images out)", converted.problem);
      report_.skipped.push_back({archive_.name(index), converted.problem});
      return;
    }
    writer_.add(converted.png, archive_.label(index));
    ++report_.written;
  }

  ConvertReport finish() {
    require(report_.written > 0, "{}: none of the {} images can be used; the first: {}", archive_.path().string(),
            report_.skipped.size(), report_.skipped.empty() ? "" : report_.skipped[0].reason);
    writer_.finish();
    progress_.finish();
    return std::move(report_);
  }

 private:
  std::string size_problem(int64_t index, const Converted& converted) {
    if (report_.written == 0) report_.width = converted.width, report_.height = converted.height;
    if (converted.width == report_.width && converted.height == report_.height) return {};
    return fmt::format("{}: {}x{} pixels, the first image has {}x{} (`--size` brings all to one size)",
                       archive_.full_name(index), converted.width, converted.height, report_.width, report_.height);
  }

  const ImageArchive& archive_;
  const ConvertOptions& options_;
  formats::DatasetZipWriter writer_;
  Progress progress_;
  ConvertReport report_;
};

}  // namespace

ConvertReport convert_dataset(const ConvertOptions& options) {
  require((options.width > 0) == (options.height > 0), "data set: a width needs a height and the other way round");
  const auto archive = formats::open_image_archive(options.source, std::max(options.width, options.height));
  const int64_t count = options.max_images > 0 ? std::min(options.max_images, archive->size()) : archive->size();
  if (!options.skip_broken) archive->require_labels_for_all(count);
  std::optional<Collector> collector;
  if (options.sharing.consumes()) collector.emplace(*archive, options, count);
  shared_parallel<Converted>(
      count, options.workers, [&](int64_t index) { return convert(*archive, index, options); },
      [&](int64_t index, Converted converted) { collector->take(index, std::move(converted)); }, options.sharing,
      {encoded, decoded}, {formats::max_read_memory(options.max_pixels), [&](int64_t index) {
                             return memory_to_convert(*archive, index, options);
                           }});
  if (!collector) return {};
  ConvertReport report = collector->finish();
  report.ignored = archive->ignored_text();
  return report;
}

uint64_t memory_to_read(const ImageArchive& archive, int64_t index, int64_t max_pixels) {
  try {
    return archive.header(index, max_pixels).memory;
  } catch (const Error&) {
    return 0;  // whoever reads it will say why not
  }
}

void warn_about(const std::vector<BrokenImage>& images, const std::string& what) {
  const size_t shown = std::min<size_t>(images.size(), 100);
  for (size_t i = 0; i < shown; ++i) log_warning("{} {}", what, images[i].reason);
  if (images.size() > shown) log_warning("{} {} more", what, images.size() - shown);
}

}  // namespace lifted::data
