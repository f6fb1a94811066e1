#include "lifted/data/heads/head_set.h"

#include <algorithm>
#include <map>
#include <memory>
#include <span>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/base/log.h"
#include "lifted/data/heads/ground_truth.h"
#include "lifted/data/sharing.h"
#include "lifted/formats/image.h"
#include "lifted/formats/safetensors.h"
#include "lifted/formats/zip_writer.h"

namespace lifted::data::heads {
namespace {

namespace fs = std::filesystem;

/// Where images go.
class Destination {
 public:
  virtual ~Destination() = default;
  virtual void add(const std::string& name, const Bytes& png) = 0;
  /// `labels` maps image names to identities; empty for none.
  virtual void finish(const std::map<std::string, uint64_t>& labels) = 0;
};

std::string dataset_json(const std::map<std::string, uint64_t>& labels) {
  nlohmann::json pairs = nlohmann::json::array();
  for (const auto& [name, identity] : labels) pairs.push_back({name, identity});
  return nlohmann::json{{"labels", labels.empty() ? nlohmann::json() : pairs}}.dump();
}

class FolderDestination : public Destination {
 public:
  explicit FolderDestination(fs::path folder) : folder_(std::move(folder)) {
    make_output_folder(folder_);
    earlier_labels();  // unusable ones are found before the work
  }

  // Not flushed one by one: seventy thousand small files would take hours.
  void add(const std::string& name, const Bytes& png) override {
    write_file_atomically(folder_ / name, png.data(), png.size(), Flush::never);
  }
  /// Ranges of a set may be rendered into one folder one after another: labels that are there stay.
  void finish(const std::map<std::string, uint64_t>& labels) override {
    std::map<std::string, uint64_t> all = labels;
    all.merge(earlier_labels());
    write_file_atomically(folder_ / "dataset.json", dataset_json(all));
  }

 private:
  std::map<std::string, uint64_t> earlier_labels() const {
    const fs::path file = folder_ / "dataset.json";
    std::map<std::string, uint64_t> labels;
    if (!fs::exists(file)) return labels;
    const auto json = read_json_file(file);
    require(json.is_object() && json.contains("labels"), "{}: has no labels, expected those of an earlier range",
            file.string());
    for (const auto& pair : json["labels"]) {
      require(pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_number_unsigned(),
              "{}: has the label {}, expected pairs of a name and a person's number", file.string(), shown(pair));
      labels.emplace(pair[0], pair[1]);
    }
    return labels;
  }

  fs::path folder_;
};

class ZipDestination : public Destination {
 public:
  explicit ZipDestination(const fs::path& file) : zip_(file) {}
  void add(const std::string& name, const Bytes& png) override { zip_.add(name, png.data(), png.size()); }
  void finish(const std::map<std::string, uint64_t>& labels) override {
    zip_.add("dataset.json", dataset_json(labels));
    zip_.finish();
  }

 private:
  formats::ZipWriter zip_;
};

bool is_zip(const fs::path& path) {
  return path.extension() == ".zip";
}

/// Beside a zip, inside a folder.
fs::path ground_truth_folder(const fs::path& out) {
  return is_zip(out) ? out.parent_path() / (out.stem().string() + "-ground-truth") : out / "ground_truth";
}

std::unique_ptr<Destination> open_destination(const fs::path& out) {
  if (is_zip(out)) return std::make_unique<ZipDestination>(out);
  return std::make_unique<FolderDestination>(out);
}

struct Rendered {
  Bytes png;
  uint64_t identity = 0;
  std::string record;
};

/// Between processes.
std::string encoded(const Rendered& rendered) {
  return joined_parts({std::string(reinterpret_cast<const char*>(rendered.png.data()), rendered.png.size()),
                       std::to_string(rendered.identity), rendered.record});
}

Rendered decoded(std::string_view text) {
  const auto parts = split_parts(text);
  Rendered rendered;
  rendered.png.resize(parts[0].size());
  std::ranges::copy(std::as_bytes(std::span(parts[0])), rendered.png.begin());
  rendered.identity = std::stoull(parts[1]);
  rendered.record = parts[2];
  return rendered;
}

class SetRenderer {
 public:
  SetRenderer(const FaceModel& model, const HeadSetOptions& options)
      : model_(model), options_(options), folder_(ground_truth_folder(options.out)) {
    if (!options_.ground_truth) return;
    for (int64_t i = options_.start / 1000; i <= (options_.start + options_.count - 1) / 1000; ++i)
      make_output_folder(folder_ / fs::path(image_name(1000 * i)).parent_path());
  }

  Rendered render(int64_t offset) const {
    const int64_t index = options_.start + offset;
    const HeadParameters parameters = sample_parameters(options_.recipe, options_.seed, static_cast<uint64_t>(index));
    const HeadSample sample = render_head(model_, parameters, options_.size, options_.render);
    const formats::Image image{options_.size, options_.size, 3, to_bytes(sample.image)};
    Rendered result{formats::encode_png(image), parameters.identity, ""};
    if (options_.ground_truth) result.record = write_ground_truth(sample, index);
    return result;
  }
  const fs::path& folder() const { return folder_; }

 private:
  std::string write_ground_truth(const HeadSample& sample, int64_t index) const {
    StateDict tensors = ground_truth_tensors(sample);
    if (options_.canonical) {
      const HeadSample front =
          render_head(model_, canonical_parameters(sample.parameters), options_.size, options_.render);
      tensors.merge(ground_truth_tensors(front, "canonical_"));
    }
    const std::string name = image_name(index), maps = name.substr(0, name.size() - 3) + "safetensors";
    formats::write_safetensors(folder_ / maps, tensors);
    nlohmann::ordered_json record = {{"file", name}, {"maps", maps}};
    record.update(ground_truth_record(sample));
    return record.dump() + "\n";
  }

  const FaceModel& model_;
  const HeadSetOptions& options_;
  fs::path folder_;
};

void check(const HeadSetOptions& options) {
  options.recipe.validate();
  if (options.count < 1) usage_error("the number of images is {}, but must be at least 1", options.count);
  if (options.start < 0 || options.start > INT64_MAX / 2)
    usage_error("the first image's index is {}, but must not be negative", options.start);
}

}  // namespace

std::string image_name(int64_t index) {
  return fmt::format("{:05}/img{:08}.png", index / 1000, index);
}

void render_head_set(const FaceModel& model, const HeadSetOptions& options) {
  check(options);
  const std::unique_ptr<Destination> destination = options.sharing.consumes() ? open_destination(options.out) : nullptr;
  const SetRenderer renderer(model, options);
  std::map<std::string, uint64_t> labels;
  std::string records;
  Progress progress("heads", options.count, "images");
  const int workers = options.workers > 0 ? options.workers : default_workers();
  shared_parallel<Rendered>(
      options.count, workers, [&](int64_t i) { return renderer.render(i); },
      [&](int64_t i, Rendered result) {
        const std::string name = image_name(options.start + i);
        destination->add(name, result.png);
        if (options.recipe.images_per_identity > 1) labels[name] = result.identity;
        records += result.record;
        progress.advance();
      },
      options.sharing, {encoded, decoded});
  if (!destination) return;
  if (options.ground_truth) {
    // One file per range, so that ranges can be made anywhere and gathered in one folder.
    const std::string name =
        options.start == 0 ? "ground_truth.jsonl" : fmt::format("ground_truth-{:08}.jsonl", options.start);
    write_file_atomically(renderer.folder() / name, records);
  }
  destination->finish(labels);
}

void write_head_labels(const HeadSetOptions& options, const FaceModel* model) {
  check(options);
  std::string lines;
  const auto line = [&](int64_t i) {
    const HeadParameters parameters =
        sample_parameters(options.recipe, options.seed, static_cast<uint64_t>(options.start + i));
    nlohmann::ordered_json record = {{"file", image_name(options.start + i)}};
    record.update(label_record(parameters));
    if (!model) return record.dump() + "\n";
    record["size"] = options.size;
    auto& points = record["landmarks"] = nlohmann::ordered_json::array();
    for (const Vec3 p : head_landmarks(*model, parameters, options.size)) points.push_back({p.x, p.y});
    return record.dump() + "\n";
  };
  const int workers = options.workers > 0 ? options.workers : default_workers();
  ordered_parallel<std::string>(options.count, workers, line,
                                [&](int64_t, std::string text) { lines += std::move(text); });
  write_file_atomically(options.out, lines);
}

}  // namespace lifted::data::heads
