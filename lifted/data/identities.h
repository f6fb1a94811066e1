// Who is in which image of an archive, and sets of people kept apart for measuring.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lifted/formats/image_archive.h"

namespace lifted::data {

struct IdentityLabels {
  std::vector<int64_t> of_image;  ///< per image of the archive: 0 … identities − 1
  int64_t identities = 0;
  std::string source;  ///< where the labels come from, for messages: "dataset.json"
};

/// The identities of all images: the class index in dataset.json; else the folder each image lies in; with
/// `images_per_identity` > 0 instead image index / that number. Error naming the archive if some image has no label, if
/// labels are no whole numbers, if there is nothing to tell people apart by (no labels, and images outside of folders
/// or folders that only number the images through, as StyleGAN2-ADA's tools and FFHQ do), or if all images show one
/// identity.
IdentityLabels read_identities(const formats::ImageArchive& archive, int64_t images_per_identity = 0);

/// Images of people to train on and of others to measure with: indices into the archive, rising, with their identity.
/// Training identities are renumbered from 0.
struct IdentitySplit {
  struct Part {
    std::vector<int64_t> images, identity;  ///< of equal length
    int64_t identities = 0;
  };
  Part training, held_out;
};

/// Holds out a share of the identities (at least two), drawn by `seed`. Error if fewer than two would remain to train
/// on. `share` is above 0 and below 1.
IdentitySplit split_identities(const IdentityLabels& labels, double share, uint64_t seed);

/// Some images of an archive as one of their own, in the order of `indices`; it has no labels.
std::shared_ptr<const formats::ImageArchive> subset_of(std::shared_ptr<const formats::ImageArchive> archive,
                                                       std::vector<int64_t> indices);

}  // namespace lifted::data
