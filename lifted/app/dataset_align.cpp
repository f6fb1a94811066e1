// `dataset align`: the faces of photographs as square pictures.
#include <memory>
#include <optional>
#include <set>

#include "lifted/app/portrait_options.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/data/convert.h"
#include "lifted/formats/zip_writer.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;

struct AlignArguments {
  fs::path source, destination, found;
  PortraitSettings portraits;
  int size = 256, threads = 0;
  bool overwrite = false;
};

/// What became of a photograph.
struct AlignedPhotograph {
  std::vector<Bytes> pngs;
  std::string points, problem;
};

/// A line of CSV, as --landmarks takes it.
std::string line_of(const std::string& name, const photo::Landmarks& points) {
  std::string line = name;
  for (const auto& point : points) line += fmt::format(",{:.2f},{:.2f}", point.x - 0.5, point.y - 0.5);
  return points.empty() ? "" : line + "\n";
}

AlignedPhotograph align_one(const formats::ImageArchive& archive, int64_t index, const photo::PortraitMaker& maker,
                            const photo::PortraitOptions& options) {
  AlignedPhotograph result;
  try {
    for (const auto& portrait : maker.portraits(archive.image(index), archive.name(index), options)) {
      result.pngs.push_back(formats::encode_png(portrait.image));
      result.points += line_of(archive.name(index), portrait.points);
    }
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    result.problem = error.what();
  }
  return result;
}

/// A zip in StyleGAN2-ADA's layout, or a folder in which pictures keep their names.
class PortraitWriter {
 public:
  explicit PortraitWriter(const fs::path& path) : path_(path) {
    if (path.extension() == ".zip") zip_.emplace(path);
  }
  void add(const std::string& source, size_t face, const Bytes& png) {
    ++count_;
    if (zip_) {
      zip_->add(png);
      return;
    }
    fs::path name = fs::path(source).replace_extension();
    if (face > 0) name += fmt::format("_{}", face + 1);
    while (!names_.insert(name.string()).second) name += "_";
    name += ".png";
    write_file_atomically(path_ / name, png.data(), png.size());
  }
  void finish() {
    if (zip_ && count_ > 0) zip_->finish();
  }
  int64_t count() const { return count_; }

 private:
  fs::path path_;
  std::optional<formats::DatasetZipWriter> zip_;
  std::set<std::string> names_;
  int64_t count_ = 0;
};

void align(const AlignArguments& arguments) {
  const auto options = portrait_options(arguments.portraits, arguments.size);
  if (fs::exists(arguments.destination) && !arguments.overwrite)
    usage_error("--dest {}: exists already (--overwrite writes there)", arguments.destination.string());
  const auto archive = formats::open_image_archive(arguments.source);
  const auto maker = make_portrait_maker(arguments.portraits);
  PortraitWriter writer(arguments.destination);
  std::vector<data::BrokenImage> failed;
  std::string points;
  Progress progress("aligning", archive->size(), "photographs");
  data::ordered_parallel<AlignedPhotograph>(
      archive->size(), usable_threads(arguments.threads),
      [&](int64_t index) { return align_one(*archive, index, maker, options); },
      [&](int64_t index, AlignedPhotograph result) {
        progress.advance();
        points += result.points;
        if (!result.problem.empty()) failed.push_back({archive->name(index), result.problem});
        for (size_t face = 0; face < result.pngs.size(); ++face)
          writer.add(archive->name(index), face, result.pngs[face]);
      },
      16, {formats::max_read_memory(formats::kMaxReadPixels), [&](int64_t index) {
             return data::memory_to_read(*archive, index, formats::kMaxReadPixels);
           }});
  progress.finish();
  data::warn_about(failed, "left out:");
  require(writer.count() > 0, "{}: none of the {} photographs gave a face; the first: {}", arguments.source.string(),
          archive->size(), failed.empty() ? "" : failed[0].reason);
  writer.finish();
  if (!arguments.found.empty()) write_file_atomically(arguments.found, points);
  fmt::print("{}: {} faces of {} photographs, {} left out\n", arguments.destination.string(), writer.count(),
             archive->size(), failed.size());
}

}  // namespace

void add_align_command(CLI::App& dataset) {
  auto arguments = std::make_shared<AlignArguments>();
  CLI::App* command = dataset.add_subcommand("align", "Cut the faces of photographs into aligned squares");
  command->add_option("--source,--data", arguments->source, "Photographs: a folder, zip or lmdb")->required();
  command->add_option("--dest,--out", arguments->destination, "The folder or .zip to write")->required();
  command->add_option("--size", arguments->size, "Side of the results in pixels")
      ->transform(number(bounds::whole(8, 2048)))
      ->capture_default_str();
  add_portrait_options(*command, arguments->portraits);
  command->add_option("--found", arguments->found,
                      "Write the points of every face to this .csv, to be mended and given back as --landmarks");
  command->add_flag("--overwrite", arguments->overwrite, "Write into an existing folder, or replace a zip");
  command->add_option("--threads,--workers", arguments->threads, "Threads; 0: one per core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([arguments] { align(*arguments); });
}

}  // namespace lifted::app
