#include "lifted/data/identities.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "lifted/base/json.h"
#include "lifted/data/sample_order.h"

namespace lifted::data {
namespace {

using formats::ImageArchive;

class Subset : public ImageArchive {
 public:
  Subset(std::shared_ptr<const ImageArchive> whole, std::vector<int64_t> indices)
      : ImageArchive(whole->path()), whole_(std::move(whole)), indices_(std::move(indices)) {}

  std::string kind() const override { return whole_->kind(); }
  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  std::string name(int64_t index) const override { return whole_->name(indices_[static_cast<size_t>(index)]); }
  Bytes bytes(int64_t index) const override { return whole_->bytes(indices_[static_cast<size_t>(index)]); }
  Start start(int64_t index, uint64_t count) const override {
    return whole_->start(indices_[static_cast<size_t>(index)], count);
  }

 private:
  std::shared_ptr<const ImageArchive> whole_;
  std::vector<int64_t> indices_;
};

/// Numbers names by first appearance.
class Numbering {
 public:
  int64_t operator()(const std::string& name) {
    return numbers_.emplace(name, static_cast<int64_t>(numbers_.size())).first->second;
  }
  int64_t count() const { return static_cast<int64_t>(numbers_.size()); }

 private:
  std::map<std::string, int64_t> numbers_;
};

std::string label_of(const ImageArchive& archive, int64_t index) {
  const nlohmann::json label = archive.label(index);
  require(!label.is_null(), "{}: dataset.json gives it no label, but labels others", archive.full_name(index));
  require(label.is_number_integer(), "{}: its label {} is no class index, which identities need",
          archive.full_name(index), shown(label));
  return label.dump();
}

std::string folder_of(const ImageArchive& archive, int64_t index) {
  const std::string name = archive.name(index);
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The digits at the end of a file's name, before its extension and without leading zeros: "img00000042.png" → "42".
std::string number_of(const std::string& name) {
  const std::string stem = std::filesystem::path(name).stem().string();
  const size_t start = stem.find_last_not_of("0123456789") + 1;  // npos + 1 is 0
  return stem.substr(std::min(stem.find_first_not_of('0', start), stem.size()));
}

/// "people/00012/img00012345.png", as StyleGAN2-ADA's tools name images: five digits, "img" and eight digits.
bool is_stylegan_name(const std::string& name) {
  const std::filesystem::path path(name);
  const std::string folder = path.parent_path().filename().string(), file = path.filename().string();
  return folder.size() == 5 && is_digits(folder) && file.starts_with("img") && file.size() >= 11 &&
         is_digits(std::string_view(file).substr(3, 8));
}

/// Whether folders only part a long row of images, and say nothing about people: numbers are their names, and the
/// images' numbers rise from the first folder to the last (in FFHQ by 1000 a folder).
bool are_numbered_through(const ImageArchive& archive) {
  std::string last;
  for (int64_t i = 0; i < archive.size(); ++i) {
    const std::string name = archive.name(i), number = number_of(name);
    if (is_stylegan_name(name)) return true;
    if (!is_digits(std::filesystem::path(name).parent_path().filename().string())) return false;
    const bool rises = number.size() != last.size() ? number.size() > last.size() : number > last;
    if (i > 0 && !rises) return false;
    last = number;
  }
  return true;
}

}  // namespace

IdentityLabels read_identities(const ImageArchive& archive, int64_t images_per_identity) {
  IdentityLabels labels;
  Numbering number;
  const auto label_all = [&](std::string source, const auto& name_of) {
    labels.source = std::move(source);
    for (int64_t i = 0; i < archive.size(); ++i) labels.of_image.push_back(number(name_of(i)));
  };
  if (images_per_identity > 0) {
    label_all(fmt::format("{} images per identity", images_per_identity),
              [&](int64_t i) { return std::to_string(i / images_per_identity); });
  } else if (archive.has_labels()) {
    label_all("dataset.json", [&](int64_t i) { return label_of(archive, i); });
  } else {
    const char* expected = "expected a folder per person, a dataset.json with labels or --images-per-identity";
    require(!are_numbered_through(archive), "{}: nothing says who is in which image (its folders number images): {}",
            archive.path().string(), expected);
    label_all("folders", [&](int64_t i) {
      std::string folder = folder_of(archive, i);
      require(!folder.empty(), "{}: nothing says who is in it: {}", archive.full_name(i), expected);
      return folder;
    });
  }
  labels.identities = number.count();
  require(labels.identities >= 2, "{}: all {} images show one identity (by {}), expected several",
          archive.path().string(), archive.size(), labels.source);
  return labels;
}

IdentitySplit split_identities(const IdentityLabels& labels, double share, uint64_t seed) {
  require(share > 0 && share < 1, "the share of identities held out is {}, expected above 0 and below 1", share);
  const int64_t count = std::max<int64_t>(2, std::llround(share * static_cast<double>(labels.identities)));
  require(count + 2 <= labels.identities, "{} identities (by {}), expected at least {}: {} to measure and 2 to train",
          labels.identities, labels.source, count + 2, count);
  SampleOrder order(labels.identities, seed, true, false);
  std::set<int64_t> held_out;
  for (int64_t i = 0; i < count; ++i) held_out.insert(order.at(static_cast<uint64_t>(i)).index);

  IdentitySplit split;
  Numbering training, measuring;
  for (int64_t image = 0; image < static_cast<int64_t>(labels.of_image.size()); ++image) {
    const int64_t identity = labels.of_image[static_cast<size_t>(image)];
    const bool out = held_out.contains(identity);
    auto& part = out ? split.held_out : split.training;
    part.images.push_back(image);
    part.identity.push_back((out ? measuring : training)(std::to_string(identity)));
  }
  split.training.identities = training.count();
  split.held_out.identities = measuring.count();
  return split;
}

std::shared_ptr<const ImageArchive> subset_of(std::shared_ptr<const ImageArchive> archive,
                                              std::vector<int64_t> indices) {
  return std::make_shared<Subset>(std::move(archive), std::move(indices));
}

}  // namespace lifted::data
