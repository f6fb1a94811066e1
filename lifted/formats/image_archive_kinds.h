// Internal: the readers behind open_image_archive().
#pragma once

#include <memory>

#include "lifted/formats/image_archive.h"

namespace lifted::formats::detail {

std::shared_ptr<const ImageArchive> open_folder(const std::filesystem::path& path);
std::shared_ptr<const ImageArchive> open_zip(const std::filesystem::path& path);
std::shared_ptr<const ImageArchive> open_lmdb(const std::filesystem::path& path, int preferred_size);

/// By extension: .png, .jpg, .jpeg, .webp in any case.
bool has_image_name(const std::string& name);

/// An encoded image larger than this is refused before it is allocated.
inline constexpr uint64_t kMaxEncodedBytes = uint64_t{1} << 28;

}  // namespace lifted::formats::detail
