// Internal: the readers behind open_image_archive().
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lifted/formats/image_archive.h"

namespace lifted::formats::detail {

std::shared_ptr<const ImageArchive> open_folder(const std::filesystem::path& path);
std::shared_ptr<const ImageArchive> open_zip(const std::filesystem::path& path);
std::shared_ptr<const ImageArchive> open_lmdb(const std::filesystem::path& path, int preferred_size);

/// What a file of this name, with its folders, is to a data set.
enum class FileRole { image, description, other, hidden };
/// Images by extension (.png, .jpg, .jpeg, .jpe, .jfif, .webp in any case); hidden is what begins with a dot or lies in
/// such a folder or in macOS's __MACOSX.
FileRole role_of(std::string_view name);

/// A name as it is compared: with slashes, and without "./" before it.
std::string tidy_name(std::string_view name);
/// "a/b/" of "a/b/c.png", "" of "c.png".
std::string folder_of(std::string_view name);

/// An encoded image larger than this is refused before it is allocated.
inline constexpr uint64_t kMaxEncodedBytes = uint64_t{1} << 28;
/// A dataset.json: a quarter of a million cameras of 25 numbers.
inline constexpr uint64_t kMaxDescriptionBytes = uint64_t{1} << 27;

}  // namespace lifted::formats::detail
