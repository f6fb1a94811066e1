#include "lifted/app/report_models.h"

#include <algorithm>

#include "lifted/app/report.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/model/builtin.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;

std::string sha256_of_network(const fs::path& path) {
  const formats::ByteSource source = model::network_bytes(path);
  return sha256_of(source.bytes().data(), source.bytes().size());
}

LoadedModel load_model(const NamedModel& entry, torch::Device device) {
  const auto given = [](const fs::path& file) { return file.empty() ? std::nullopt : std::optional(file); };
  const auto& [file, gan, config] = entry.files;
  LoadedModel model{entry, model::load_network(file, given(gan), given(config)), sha256_of_network(file)};
  auto& network = model.network;
  network.require_lifted();
  network.lifted->to(device);
  network.generator->to(device);
  network.statistics.mean = network.statistics.mean.to(device);
  return model;
}

void check_alike(const LoadedModel& first, const LoadedModel& other) {
  const auto &a = first.network.generator->config(), &b = other.network.generator->config();
  require(a.size == b.size && a.z_dim == b.z_dim,
          "{}: makes images of {}x{} from {} numbers, but {} of {}x{} from {}: they cannot share a figure",
          other.entry.files.network.string(), b.size, b.size, b.z_dim, first.entry.files.network.string(), a.size,
          a.size, a.z_dim);
}

}  // namespace

LoadedDomain load_domain(const DomainEntry& entry, torch::Device device) {
  LoadedDomain domain{.entry = &entry, .models = {}, .ablations = {}};
  for (const auto& model : entry.models()) domain.models.push_back(load_model(model, device));
  for (const auto& model : entry.ablations) domain.ablations.push_back(load_model(model, device));
  std::ranges::stable_sort(domain.ablations, {}, [](const LoadedModel& it) { return published_rank(it.entry.name); });
  if (!domain.models.empty()) {
    for (const auto& other : domain.models) check_alike(domain.models[0], other);
    for (const auto& other : domain.ablations) check_alike(domain.models[0], other);
  }
  return domain;
}

}  // namespace lifted::app
