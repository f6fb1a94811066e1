#include "lifted/app/sampling.h"

#include <set>

#include "lifted/app/device_options.h"
#include "lifted/app/seeds.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/log.h"
#include "lifted/base/random.h"
#include "lifted/base/runtime.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/builtin.h"
#include "lifted/model/codes.h"
#include "lifted/model/network_kind.h"

namespace lifted::app {
namespace {

using Path = std::filesystem::path;

/// Of --gan or --config, that of one network: its own, the only one, or none. With one network a needless one is an
/// error of the reader's; among several it belongs to those that `take` one.
std::optional<Path> file_for(const SamplingOptions& options, const std::vector<Path>& files, size_t network_index,
                             bool (*take)(model::NetworkKind)) {
  if (files.empty()) return std::nullopt;
  const Path& file = files.size() == 1 ? files[0] : files[network_index];
  if (file.empty()) return std::nullopt;
  if (options.networks.size() == 1) return file;
  const auto kind = model::recognize(formats::read_checkpoint(model::network_bytes(options.networks[network_index])));
  return take(kind) ? std::optional(file) : std::nullopt;
}

/// Whether a folder can be there, without making it.
void check_output_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  require(!std::filesystem::exists(folder, ignored) || std::filesystem::is_directory(folder, ignored),
          "{}: cannot create the folder: a file of that name is in the way", folder.string());
}

bool has_config(model::NetworkKind kind) {
  return kind == model::NetworkKind::liftedgan;
}

void check_count(const SamplingOptions& options, const char* option, const std::vector<Path>& files) {
  if (files.size() > 1 && files.size() != options.networks.size())
    usage_error("{} {} for {} --network; give one for all, or one each", files.size(), option, options.networks.size());
}

void check(const SamplingOptions& options) {
  if (options.batch < 1) usage_error("--batch {}: expected at least 1", options.batch);
  check_count(options, "--gan", options.gans);
  check_count(options, "--config", options.configs);
}

std::vector<torch::Tensor> slices_of(const std::vector<torch::Tensor>& tensors, int64_t first, int64_t last) {
  std::vector<torch::Tensor> slices;
  for (const torch::Tensor& tensor : tensors) slices.push_back(tensor.slice(0, first, last));
  return slices;
}

}  // namespace

std::vector<model::LoadedNetwork> load_networks(const SamplingOptions& options, torch::Device device) {
  check(options);
  std::vector<model::LoadedNetwork> networks;
  for (size_t i = 0; i < options.networks.size(); ++i) {
    networks.push_back(model::load_network(options.networks[i],
                                           file_for(options, options.gans, i, model::needs_generator),
                                           file_for(options, options.configs, i, has_config)));
    model::LoadedNetwork& network = networks.back();
    if (network.lifted) {
      network.lifted->to(device);
      network.lifted->set_supersampling(options.supersampling);
    }
    network.generator->to(device);
    network.generator->use_half(half_type(parse_precision(options.precision)));
    network.statistics.mean = network.statistics.mean.to(device);
    log_info("{}: {}² {} on {}; truncation towards the mean of {}", options.networks[i].filename().string(),
             network.generator->config().size, network.lifted ? "lifted generator" : "2D generator", device.str(),
             network.statistics.source);
  }
  return networks;
}

std::vector<std::string> network_labels(const std::vector<std::filesystem::path>& networks) {
  std::vector<std::string> labels;
  std::multiset<std::string> seen;
  for (const auto& path : networks) {
    const std::string stem = path.stem().string();
    seen.insert(stem);
    labels.push_back(seen.count(stem) > 1 ? fmt::format("{} ({})", stem, seen.count(stem)) : stem);
  }
  return labels;
}

Codes Codes::slice(int64_t first, int64_t last) const {
  const auto rows = [&](const torch::Tensor& all) { return all.defined() ? all.slice(0, first, last) : all; };
  return {{names.begin() + first, names.begin() + last},
          {ids.begin() + first, ids.begin() + last},
          rows(z),
          rows(w),
          rows(styles),
          slices_of(noise, first, last)};
}

Codes Codes::select(const std::vector<uint32_t>& places) const {
  const torch::Tensor index = torch::tensor(std::vector<int64_t>(places.begin(), places.end()));
  const auto rows = [&](const torch::Tensor& all) {
    return all.defined() ? all.index_select(0, index.to(all.device())) : all;
  };
  Codes chosen;
  for (const uint32_t place : places) {
    chosen.names.push_back(names.at(place));
    chosen.ids.push_back(ids.at(place));
  }
  chosen.z = rows(z);
  chosen.w = rows(w);
  chosen.styles = rows(styles);
  for (const torch::Tensor& maps : noise) chosen.noise.push_back(rows(maps));
  return chosen;
}

SamplingRun::SamplingRun(std::string command, const SamplingOptions& options)
    : options_(options),
      record_(std::move(command)),
      device_(choose_device(options.device, parse_precision(options.precision))) {
  if (options_.networks.empty()) options_.networks = {model::kBuiltinNetwork};
  check(options_);
  if (options_.latents.empty()) parse_seeds(options_.seeds);  // Mistakes are better found before networks are read.
  check_output_folder(options.outdir);
  set_threads(options.threads);
  log_verbose("{} computing threads, BLAS kernels {}", torch::get_num_threads(), blas_kernels());
  networks_ = load_networks(options_, device_);
  for (const model::LoadedNetwork& network : networks_) {
    for (const auto& file : network.files) record_.add_network(file);
    if (network.config) record_.set("config", network.config->file.string());
  }
  pictures_ = {options_.outdir, record_.provenance()};
  record_.set("trunc", options.truncation_psi);
  record_.set("device", device_.str());
  record_.set("precision", options.precision);
  if (options.supersampling > 1) record_.set("supersampling", options.supersampling);
}

Codes SamplingRun::codes(size_t network_index) const {
  if (!options_.latents.empty()) return codes_of_file(options_.latents, network_index);
  return codes_of_seeds(parse_seeds(options_.seeds), network_index);
}

Codes SamplingRun::codes_of_seeds(const std::vector<uint32_t>& seeds, size_t network_index) const {
  const int z_dim = networks_[network_index].generator->config().z_dim;
  Codes codes;
  codes.z = torch::empty({static_cast<int64_t>(seeds.size()), z_dim});
  for (size_t i = 0; i < seeds.size(); ++i) {
    codes.z[static_cast<int64_t>(i)].copy_(torch::tensor(numpy_randn(seeds[i], z_dim)));
    codes.names.push_back(seed_name(seeds[i]));
  }
  codes.ids = seeds;
  map_and_truncate(codes, network_index);
  return codes;
}

Codes SamplingRun::codes_of_file(const std::filesystem::path& file, size_t network_index) const {
  model::StyleCodes found = model::load_codes(file, networks_[network_index].generator->config());
  if (found.w.defined() && options_.truncation_psi != 1) {
    log_info("{}: its codes are drawn towards the mean by --trunc {}; --trunc 1 leaves them as they are", file.string(),
             options_.truncation_psi);
  }
  if (!found.noise.empty() && networks_[network_index].lifted) {
    log_info("{}: its noise maps belong to 2D pictures and are not used in 3D", file.string());
  }
  Codes codes;
  codes.z = found.z;
  codes.w = found.w;
  for (const torch::Tensor& maps : found.noise) codes.noise.push_back(maps.to(device_));
  for (int64_t i = 0; i < found.size(); ++i) {
    codes.names.push_back(fmt::format("latent{:04}", i));
    codes.ids.push_back(static_cast<uint32_t>(i));
  }
  map_and_truncate(codes, network_index);
  return codes;
}

Codes SamplingRun::codes_of_numbers(const std::vector<uint32_t>& numbers, const std::filesystem::path& file,
                                    const std::string& option) const {
  if (file.empty()) return codes_of_seeds(numbers);
  const Codes all = codes_of_file(file);
  if (numbers.empty()) return all;
  for (const uint32_t number : numbers) {
    if (number >= all.size())
      usage_error("{}: there is no code {}; {} holds codes 0-{}", option, number, file.string(), all.size() - 1);
  }
  return all.select(numbers);
}

void SamplingRun::map_and_truncate(Codes& codes, size_t network_index) const {
  const model::LoadedNetwork& network = networks_[network_index];
  if (codes.z.defined()) {
    codes.z = codes.z.to(device_);
    codes.w = network.generator->map(codes.z);
  }
  codes.w = codes.w.to(device_);
  codes.styles = model::truncate(codes.w, network.statistics, {.psi = options_.truncation_psi, .cutoff = {}},
                                 network.generator->layers());
}

void SamplingRun::make_folder() {
  options_.world.together(
      [&] {
        if (!options_.world.writes()) return;
        make_output_folder(options_.outdir);
        keep_earlier_record(options_.outdir);
      },
      "make the output folder");
}

void SamplingRun::keep_tensor(const std::string& name, const torch::Tensor& batch) {
  if (keeps_tensors() && batch.defined()) tensors_[name].push_back(batch.detach().to(torch::kCPU, torch::kFloat32));
}

/// All processes' batches in their order.
torch::Tensor SamplingRun::joined(const std::vector<torch::Tensor>& batches) const {
  const train::World& world = options_.world;
  if (world.size() == 1) return torch::cat(batches);
  auto sizes = batches[0].sizes().vec();
  sizes[0] = code_count_;
  torch::Tensor all = torch::zeros(sizes);
  int64_t first = world.rank() * options_.batch;
  for (const auto& batch : batches) {
    all.slice(0, first, first + batch.size(0)).copy_(batch);
    first += world.size() * options_.batch;
  }
  world.sum(all, "gather tensors");
  return all;
}

void SamplingRun::finish() {
  StateDict tensors;
  for (const auto& [name, batches] : tensors_) tensors[name] = joined(batches);
  options_.world.barrier("finish");
  if (!options_.world.writes()) return;
  if (keeps_tensors()) {
    formats::write_safetensors(options_.tensors, tensors, {{"command", "liftedgan sampling tensors"}});
    record_.set("tensors", options_.tensors.string());
  }
  record_.write(options_.outdir);
  log_info("results in {}", options_.outdir.string());
}

}  // namespace lifted::app
