// A folder per run, as users of StyleGAN2-ADA know it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/formats/image.h"
#include "lifted/train/tensorboard.h"

namespace lifted::train {

/// Count, mean and standard deviation of each named number since the last clear().
class Statistics {
 public:
  void add(const std::string& name, double value);
  /// Every element is a number. They stay where they are, a GPU for one, until somebody asks: then all are read at
  /// once.
  void add(const std::string& name, const torch::Tensor& values);
  void clear();
  /// The mean, or `otherwise` if nothing of that name was added.
  double mean(const std::string& name, double otherwise = 0) const;
  /// {"name": {"num": …, "mean": …, "std": …}, …}, the line format of stats.jsonl.
  nlohmann::ordered_json to_json() const;

 private:
  struct Entry {
    int64_t count = 0;
    double sum = 0, square_sum = 0;
    void add(double value);
  };
  void read() const;

  mutable std::map<std::string, Entry> entries_;
  mutable std::vector<std::pair<std::string, torch::Tensor>> unread_;
};

class RunDirectory {
 public:
  /// Creates `outdir`/NNNNN-`description`, N one more than the highest there, and writes training_options.json.
  static RunDirectory create(const std::filesystem::path& outdir, const std::string& description,
                             const nlohmann::ordered_json& options);
  /// Continues an existing run at `images`: what its stats.jsonl says of later ones is dropped. Error if it is not a
  /// run folder.
  static RunDirectory reopen(const std::filesystem::path& folder, int64_t images);
  /// The options a run was started with. Error naming the file if there are none.
  static nlohmann::ordered_json options_of(const std::filesystem::path& folder);
  static void write_options(const std::filesystem::path& folder, const nlohmann::ordered_json& options);

  const std::filesystem::path& path() const { return path_; }
  /// One line to stderr and to log.txt.
  void say(const std::string& line);
  /// Only to log.txt.
  void note(const std::string& line);
  /// A line of stats.jsonl, and every mean as a TensorBoard scalar.
  void write_statistics(const Statistics& statistics, int64_t images);
  /// In TensorBoard.
  void write_histogram(const std::string& tag, std::span<const double> values, const HistogramRange& range,
                       int64_t images);
  /// A PNG file in the folder, and the same picture in TensorBoard under `tag`.
  void write_image(const std::string& file_name, const std::string& tag, const formats::Image& image, int64_t images);
  /// The same as an animated GIF, that TensorBoard plays.
  void write_animation(const std::string& file_name, const std::string& tag, const std::vector<formats::Image>& frames,
                       double fps, int64_t images);

 private:
  RunDirectory(std::filesystem::path path, int64_t images);
  void append(const char* file_name, const std::string& text);

  std::filesystem::path path_;
  std::unique_ptr<TensorBoardWriter> events_;
};

}  // namespace lifted::train
