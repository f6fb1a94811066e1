// What every sampling command shares: options, latents, loaded networks, and where results go.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lifted/app/pictures.h"
#include "lifted/app/run_record.h"
#include "lifted/base/tensor.h"
#include "lifted/model/import.h"
#include "lifted/train/world.h"

namespace lifted::app {

/// Of --config, wherever a LiftedGAN checkpoint is loaded.
inline constexpr const char* kConfigHelp =
    "Of a LiftedGAN checkpoint: the config.py that it was trained with, read and never run (default: the one beside "
    "it)";

/// The options of StyleGAN's sampling tools, under their names.
struct SamplingOptions {
  std::vector<std::filesystem::path> networks, gans, configs;
  std::string seeds = "0-15";
  std::filesystem::path latents, outdir, tensors;
  double truncation_psi = 0.7;
  int batch = 8;
  std::string device = "auto", precision = "fp32";
  int threads = 0, supersampling = 1;
  train::World world = train::World::alone();  // processes that share the batches
};

/// How many --network a command takes.
enum class Networks { one, several };
void add_supersampling_option(CLI::App& command, SamplingOptions& options);
void add_sampling_options(CLI::App& command, SamplingOptions& options, Networks networks = Networks::one);

/// Every --network with its --gan and --config (one for all, or one each; empty: none), on its device. UsageError where
/// the lists do not fit.
std::vector<model::LoadedNetwork> load_networks(const SamplingOptions& options, torch::Device device);
/// What tells networks apart: file stems, numbered where two share one.
std::vector<std::string> network_labels(const std::vector<std::filesystem::path>& networks);

/// Style codes to sample from, each with the name of its output files ("seed0007", "latent0003").
struct Codes {
  std::vector<std::string> names;
  std::vector<uint32_t> ids;         // the seed, or the row of --latents
  torch::Tensor z;                   // N×z_dim, or undefined when codes were given in w
  torch::Tensor w;                   // mapped and not truncated: N×w_dim, or N×layers×w_dim with one code per layer
  torch::Tensor styles;              // the same, truncated
  std::vector<torch::Tensor> noise;  // the noise maps given with them, by layer N×1×H×W; empty: the network's own
  int64_t size() const { return static_cast<int64_t>(names.size()); }
  /// Codes [first, last).
  Codes slice(int64_t first, int64_t last) const;
  /// The codes at these places.
  Codes select(const std::vector<uint32_t>& places) const;
};

/// One command's run: networks on their device, output folder, record.
class SamplingRun {
 public:
  /// Loads the networks and checks the options. UsageError for contradicting options, before a network is read.
  SamplingRun(std::string command, const SamplingOptions& options);

  const model::LoadedNetwork& network(size_t index = 0) const { return networks_[index]; }
  size_t network_count() const { return networks_.size(); }
  const SamplingOptions& options() const { return options_; }
  torch::Device device() const { return device_; }
  RunRecord& record() { return record_; }

  /// The codes named by --seeds or --latents for one network. One latent per seed, drawn as
  /// numpy.random.RandomState(seed).randn(1, z_dim) does, so that a seed means the same at any batch size.
  Codes codes(size_t network_index = 0) const;
  Codes codes_of_seeds(const std::vector<uint32_t>& seeds, size_t network_index = 0) const;
  /// The codes of a file (model/codes.h), named after their place in it.
  Codes codes_of_file(const std::filesystem::path& file, size_t network_index = 0) const;
  /// The codes of these seeds or, given a file, at these places of it (none: all). UsageError naming `option` for a
  /// place that is not there.
  Codes codes_of_numbers(const std::vector<uint32_t>& numbers, const std::filesystem::path& file,
                         const std::string& option) const;

  /// Creates the output folder. The record of an earlier run there is kept under another name.
  void make_folder();
  std::filesystem::path output(const std::string& file_name) const { return options_.outdir / file_name; }
  /// The same folder for pictures, which say what made them.
  const PictureFolder& pictures() const { return pictures_; }
  /// Adds a batch of raw values to --tensors (fp32, concatenated over batches). Does nothing without that option.
  void keep_tensor(const std::string& name, const torch::Tensor& batch);
  bool keeps_tensors() const { return !options_.tensors.empty(); }
  /// Writes --tensors and run.json and says where the results are: rank 0, of several processes.
  void finish();
  /// Whether the batch that begins with code `first` is this process's.
  bool has_batch(int64_t first) const {
    return first / options_.batch % options_.world.size() == options_.world.rank();
  }
  /// Which codes this process keeps tensors of, once known: the first of every batch, and how many there are in all.
  void expect_codes(int64_t count) { code_count_ = count; }

 private:
  void map_and_truncate(Codes& codes, size_t network_index) const;

  SamplingOptions options_;
  RunRecord record_;
  torch::Device device_;
  PictureFolder pictures_;
  std::vector<model::LoadedNetwork> networks_;
  torch::Tensor joined(const std::vector<torch::Tensor>& batches) const;

  std::map<std::string, std::vector<torch::Tensor>> tensors_;
  int64_t code_count_ = 0;
};

/// Calls `body(first, last)` for consecutive ranges of at most `batch` indices below `count`.
template <typename Body>
void for_batches(int64_t count, int64_t batch, Body body) {
  for (int64_t first = 0; first < count; first += batch) body(first, std::min(first + batch, count));
}

}  // namespace lifted::app
