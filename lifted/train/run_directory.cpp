#include "lifted/train/run_directory.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/base/log.h"
#include "lifted/formats/animation.h"

namespace lifted::train {
namespace fs = std::filesystem;
namespace {

constexpr const char* kOptions = "training_options.json";
constexpr uint64_t kMaxOptions = 1 << 20;
constexpr const char* kStatistics = "stats.jsonl";
constexpr const char* kImages = "Progress/images";

/// The number a run folder's name begins with, or -1.
int run_number(const std::string& name) {
  const size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  return digits > 0 && digits < 9 ? std::stoi(name.substr(0, digits)) : -1;
}

int next_run_number(const fs::path& outdir) {
  int next = 0;
  for (const auto& item : fs::directory_iterator(outdir)) {
    if (item.is_directory()) next = std::max(next, run_number(item.path().filename().string()) + 1);
  }
  return next;
}

/// How many images a line of stats.jsonl is about; nothing if it is not whole.
std::optional<double> images_of_line(const std::string& line, const std::string& what) {
  try {
    const nlohmann::json json = parse_json(line, what);
    return json_field<double>(json_field<nlohmann::json>(json, kImages, what), "mean", what);
  } catch (const Error&) {
    return {};
  }
}

/// Keeps the complete lines of stats.jsonl about no more than `images` images.
void drop_later_statistics(const fs::path& path, int64_t images) {
  if (!fs::exists(path)) return;
  std::istringstream lines(read_text_file(path));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const auto seen = images_of_line(line, path.string());
    if (seen && *seen <= static_cast<double>(images)) kept += line + "\n";
  }
  write_file_atomically(path, kept);
}

}  // namespace

// ---- Statistics ----

void Statistics::Entry::add(double value) {
  ++count;
  sum += value;
  square_sum += value * value;
}

void Statistics::add(const std::string& name, double value) {
  entries_[name].add(value);
}

void Statistics::add(const std::string& name, const torch::Tensor& values) {
  unread_.emplace_back(name, values.detach().flatten().to(torch::kFloat64));
}

void Statistics::clear() {
  entries_.clear();
  unread_.clear();
}

void Statistics::read() const {
  if (unread_.empty()) return;
  std::map<std::string, std::vector<torch::Tensor>> all;  // by device
  for (const auto& [name, values] : unread_) all[values.device().str()].push_back(values);
  std::map<std::string, torch::Tensor> numbers;
  std::map<std::string, const double*> next;
  for (const auto& [device, values] : all) {
    numbers[device] = torch::cat(values).to(torch::kCPU);
    next[device] = numbers[device].data_ptr<double>();
  }
  for (const auto& [name, values] : unread_) {
    const double*& number = next[values.device().str()];
    for (int64_t i = 0; i < values.numel(); ++i) entries_[name].add(*number++);
  }
  unread_.clear();
}

double Statistics::mean(const std::string& name, double otherwise) const {
  read();
  const auto found = entries_.find(name);
  return found == entries_.end() ? otherwise : found->second.sum / static_cast<double>(found->second.count);
}

nlohmann::ordered_json Statistics::to_json() const {
  read();
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, entry] : entries_) {
    const auto count = static_cast<double>(entry.count);
    const double mean = entry.sum / count;
    const double variance = std::max(0.0, entry.square_sum / count - mean * mean);
    json[name] = {{"num", entry.count}, {"mean", mean}, {"std", std::sqrt(variance)}};
  }
  return json;
}

// ---- RunDirectory ----

RunDirectory::RunDirectory(fs::path path, int64_t images)
    : path_(std::move(path)), events_(std::make_unique<TensorBoardWriter>(path_, images)) {}

RunDirectory RunDirectory::create(const fs::path& outdir, const std::string& description,
                                  const nlohmann::ordered_json& options) {
  make_output_folder(outdir);
  fs::path path;
  std::error_code status;
  int number = next_run_number(outdir);
  // Another run may take the number in between.
  do {
    path = outdir / fmt::format("{:05d}-{}", number++, description);
  } while (!fs::create_directory(path, status) && !status);
  require(!status, "{}: cannot create the run folder: {}", path.string(), status.message());
  write_options(path, options);
  return RunDirectory(path, 0);
}

RunDirectory RunDirectory::reopen(const fs::path& folder, int64_t images) {
  options_of(folder);
  drop_later_statistics(folder / kStatistics, images);
  return RunDirectory(folder, images);
}

RunDirectory RunDirectory::watch(const fs::path& folder) {
  return RunDirectory(folder);
}

nlohmann::ordered_json RunDirectory::options_of(const fs::path& folder) {
  const fs::path path = folder / kOptions;
  require(fs::exists(path), "{}: not a run folder: it has no {}", folder.string(), kOptions);
  const nlohmann::json options = read_json_file(path, {.text_bytes = kMaxOptions});
  require(options.is_object(), "{}: is {}, expected a JSON object", path.string(), shown(options));
  return options;
}

void RunDirectory::write_options(const fs::path& folder, const nlohmann::ordered_json& options) {
  write_file_atomically(folder / kOptions, options.dump(2) + "\n");
}

void RunDirectory::say(const std::string& line) {
  if (events_) log_info("{}", line);
  note(line);
}

void RunDirectory::note(const std::string& line) {
  append("log.txt", line + "\n");
}

void RunDirectory::write_statistics(const Statistics& statistics, int64_t images) {
  if (!events_) return;
  auto json = statistics.to_json();
  json[kImages] = {{"num", 1}, {"mean", images}, {"std", 0.0}};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  json["timestamp"] = std::chrono::duration<double>(now).count();
  append(kStatistics, json.dump() + "\n");
  for (const auto& [name, entry] : json.items()) {
    if (entry.is_object()) events_->add_scalar(name, entry["mean"].get<double>(), images);
  }
  events_->flush();
}

void RunDirectory::write_histogram(const std::string& tag, std::span<const double> values, const HistogramRange& range,
                                   int64_t images) {
  if (!events_) return;
  events_->add_histogram(tag, values, range, images);
}

void RunDirectory::write_image(const std::string& file_name, const std::string& tag, const formats::Image& image,
                               int64_t images) {
  if (!events_) return;
  const Bytes png = formats::encode_png(image);
  write_file_atomically(path_ / file_name, png.data(), png.size());
  events_->add_image(tag, png, image.width, image.height, images);
  events_->flush();
}

void RunDirectory::write_animation(const std::string& file_name, const std::string& tag,
                                   const std::vector<formats::Image>& frames, double fps, int64_t images) {
  if (!events_) return;
  const fs::path file = path_ / file_name;
  formats::write_animation(file, frames, fps);
  events_->add_image(tag, read_file(file), frames[0].width, frames[0].height, images);
  events_->flush();
}

void RunDirectory::append(const char* file_name, const std::string& text) {
  if (!events_) return;
  std::ofstream file(path_ / file_name, std::ios::app | std::ios::binary);
  file << text << std::flush;
  // A full disk must not end a run of days; the snapshot code complains about it where it matters.
  if (!file.good()) log_warning("{}: cannot write", (path_ / file_name).string());
}

}  // namespace lifted::train
