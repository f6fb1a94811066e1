#include "lifted/data/inspect.h"

#include <cmath>
#include <set>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::data {
namespace {

using formats::Image;
using formats::ImageArchive;

/// Whole numbers, so that sums do not depend on the order of adding.
struct Sums {
  std::array<uint64_t, 3> sum{}, square{};
};

struct Facts {
  int width = 0, height = 0;
  Sums sums;
  uint64_t encoded_bytes = 0;
  std::string hash, problem;
};

Sums sums_of(const Image& image) {
  Sums sums;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    for (size_t c = 0; c < 3; ++c) {
      const uint64_t value = image.pixels[i + c];
      sums.sum[c] += value;
      sums.square[c] += value * value;
    }
  }
  return sums;
}

Facts facts_of(const ImageArchive& archive, int64_t index, int64_t max_pixels) {
  Facts facts;
  try {
    const Bytes encoded = archive.bytes(index);
    const Image image = formats::read_image(encoded.data(), encoded.size(), archive.full_name(index), max_pixels);
    facts.width = image.width;
    facts.height = image.height;
    facts.encoded_bytes = encoded.size();
    facts.sums = sums_of(image);
    facts.hash =
        fmt::format("{}x{} {}", image.width, image.height, sha256_of(image.pixels.data(), image.pixels.size()));
  } catch (const Error& error) {
    facts.problem = error.what();
  }
  return facts;
}

void set_statistics(Inspection& inspection, const Sums& sums) {
  double pixels = 0;
  for (const auto& [size, count] : inspection.sizes)
    pixels += static_cast<double>(size.first) * size.second * static_cast<double>(count);
  for (size_t c = 0; c < 3 && pixels > 0; ++c) {
    const double mean = static_cast<double>(sums.sum[c]) / pixels;
    inspection.mean[c] = mean;
    inspection.deviation[c] = std::sqrt(std::max(0.0, static_cast<double>(sums.square[c]) / pixels - mean * mean));
  }
}

/// Up to `count` of the readable images' indices, from first to last.
std::vector<int64_t> spaced(const ImageArchive& archive, const Inspection& inspection, int count) {
  std::set<std::string> broken;
  for (const auto& image : inspection.broken) broken.insert(image.name);
  std::vector<int64_t> readable;
  for (int64_t i = 0; i < archive.size(); ++i) {
    if (broken.count(archive.name(i)) == 0) readable.push_back(i);
  }
  if (static_cast<int64_t>(readable.size()) <= count) return readable;
  std::vector<int64_t> chosen;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i)
    chosen.push_back(readable[i * readable.size() / static_cast<size_t>(count)]);
  return chosen;
}

Image thumbnail(const Image& image) {
  const int longest = std::max(image.width, image.height);
  if (longest <= 128) return image;
  return formats::resized(image, std::max(1, image.width * 128 / longest), std::max(1, image.height * 128 / longest));
}

}  // namespace

int64_t Inspection::duplicate_count() const {
  int64_t surplus = 0;
  for (const auto& group : duplicates) surplus += static_cast<int64_t>(group.size()) - 1;
  return surplus;
}

nlohmann::ordered_json Inspection::to_json() const {
  auto size_counts = nlohmann::ordered_json::object();
  for (const auto& [size, number] : sizes) size_counts[fmt::format("{}x{}", size.first, size.second)] = number;
  auto broken_list = nlohmann::ordered_json::array();
  for (const auto& image : broken) broken_list.push_back({{"name", image.name}, {"reason", image.reason}});
  return {{"path", path},          {"kind", kind},
          {"count", count},        {"readable", readable},
          {"sizes", size_counts},  {"mean", mean},
          {"std", deviation},      {"encoded_bytes", encoded_bytes},
          {"labels", has_labels},  {"duplicates", duplicates},
          {"broken", broken_list}, {"ignored", ignored}};
}

Inspection inspect_dataset(const ImageArchive& archive, int workers, int64_t max_pixels) {
  Inspection inspection;
  inspection.path = archive.path().string();
  inspection.kind = archive.kind();
  inspection.count = archive.size();
  inspection.has_labels = archive.has_labels();
  inspection.ignored = archive.ignored();
  Sums sums;
  std::map<std::string, std::vector<std::string>> by_hash;
  Progress progress("inspecting", archive.size(), "images");
  const auto take = [&](int64_t index, const Facts& facts) {
    progress.advance();
    if (!facts.problem.empty()) {
      inspection.broken.push_back({archive.name(index), facts.problem});
      return;
    }
    ++inspection.readable;
    ++inspection.sizes[{facts.width, facts.height}];
    inspection.encoded_bytes += facts.encoded_bytes;
    for (size_t c = 0; c < 3; ++c) sums.sum[c] += facts.sums.sum[c], sums.square[c] += facts.sums.square[c];
    by_hash[facts.hash].push_back(archive.name(index));
  };
  ordered_parallel<Facts>(archive.size(), workers, [&](int64_t index) { return facts_of(archive, index, max_pixels); },
                          take, 64, {formats::max_read_memory(max_pixels), [&](int64_t index) {
                                       return memory_to_read(archive, index, max_pixels);
                                     }});
  for (auto& [hash, names] : by_hash) {
    if (names.size() > 1) inspection.duplicates.push_back(std::move(names));
  }
  std::sort(inspection.duplicates.begin(), inspection.duplicates.end());
  set_statistics(inspection, sums);
  return inspection;
}

Image dataset_sheet(const ImageArchive& archive, const Inspection& inspection, int count, int64_t max_pixels) {
  formats::ContactSheet sheet;
  for (const int64_t index : spaced(archive, inspection, count))
    sheet.images.push_back(thumbnail(archive.image(index, max_pixels)));
  require(!sheet.images.empty(), "{}: no readable image for a contact sheet", inspection.path);
  sheet.title =
      fmt::format("{}: {} of {} images", archive.path().filename().string(), sheet.images.size(), inspection.count);
  return formats::render_contact_sheet(sheet);
}

}  // namespace lifted::data
