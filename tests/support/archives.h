// Small image folders, zips and lmdbs for tests.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lifted/formats/image.h"

namespace lifted::test {

/// Writes img00.png … of one size; every image differs.
void write_image_folder(const std::filesystem::path& folder, int count, int width, int height);
/// A StyleGAN2-ADA zip of such images.
void write_image_zip(const std::filesystem::path& path, int count, int size);
/// An lmdb with these pairs; `path` becomes a folder, or a file if it ends in ".lmdb".
void write_lmdb(const std::filesystem::path& path, const std::map<std::string, Bytes>& pairs);
/// The pairs of a rosinality lmdb: one JPEG per index and size, and "length".
std::map<std::string, Bytes> rosinality_pairs(int count, const std::vector<int>& sizes);
Bytes bytes_of(const std::string& text);

}  // namespace lifted::test
