#include "lifted/app/project_targets.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive.h"
#include "lifted/formats/image_ops.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using formats::Image;

/// A picture that has not been read yet.
struct TargetFile {
  std::string name;  // of results
  fs::path path;     // by which a landmark file may know it
  std::function<Image()> read;
};

/// Results are named after their targets.
void check_names(const std::vector<fs::path>& files) {
  std::set<std::string> names = {"sheet"};
  for (const auto& file : files) {
    if (fs::is_directory(file) || names.insert(file.stem().string()).second) continue;
    usage_error("--target {}: its result would be named {}.png, as {}; give it another name", file.string(),
                file.stem().string(), file.stem() == "sheet" ? "the sheet of all is" : "another's is");
  }
}

std::vector<TargetFile> find_targets(const std::vector<fs::path>& files) {
  std::vector<TargetFile> targets;
  for (const auto& file : files) {
    if (!fs::is_directory(file)) {
      targets.push_back({file.stem().string(), file, [file] { return formats::read_image(file); }});
      continue;
    }
    const auto archive = formats::open_image_archive(file);
    for (int64_t i = 0; i < archive->size(); ++i) {
      std::string name = fs::path(archive->name(i)).replace_extension().string();
      std::ranges::replace(name, '/', '_');
      targets.push_back({name, archive->name(i), [archive, i] { return archive->image(i); }});
    }
  }
  return targets;
}

}  // namespace

torch::Tensor Targets::tensors() const {
  std::vector<torch::Tensor> all;
  for (const auto& image : images) all.push_back(formats::tensor_from_image(image));
  return torch::stack(all);
}

Targets read_targets(const TargetOptions& options, int size) {
  check_names(options.files);
  const auto portraits = portrait_options(options.portraits, size);
  const auto maker = options.align ? std::optional(make_portrait_maker(options.portraits)) : std::nullopt;
  Targets targets;
  std::set<std::string> names;
  const auto add = [&](std::string name, Image image) {
    while (!names.insert(name).second) name += "_";
    targets.names.push_back(std::move(name));
    targets.images.push_back(std::move(image));
  };
  for (const auto& file : find_targets(options.files)) {
    try {
      const Image picture = formats::as_rgb(file.read());
      if (!maker) {
        add(file.name, formats::resized(formats::center_square(picture), size, size));
        continue;
      }
      const auto faces = maker->portraits(picture, file.path, portraits);
      for (size_t i = 0; i < faces.size(); ++i)
        add(i == 0 ? file.name : fmt::format("{}_{}", file.name, i + 1), faces[i].image);
    } catch (const UsageError&) {
      throw;
    } catch (const Error& error) {
      targets.failed.push_back({file.name, error.what()});
    }
  }
  require(!targets.names.empty(), "{}{}", targets.failed.size() > 1 ? "no picture can be used; the first: " : "",
          targets.failed.empty() ? "--target: there are no pictures" : targets.failed[0].reason);
  return targets;
}

}  // namespace lifted::app
