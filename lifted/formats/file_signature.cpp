#include "lifted/formats/file_signature.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace lifted::formats {
namespace {

struct Signature {
  size_t offset;
  std::string_view bytes;
  const char* what;
};

using namespace std::string_view_literals;

constexpr auto kSignatures = std::to_array<Signature>({
    {0, "\x89PNG"sv, "a PNG image"},
    {0, "\xff\xd8\xff"sv, "a JPEG image"},
    {0, "GIF8"sv, "a GIF image"},
    {8, "WEBP"sv, "a WebP image"},
    {4, "ftyp"sv, "a video or HEIC image"},
    {0, "\x1f\x8b"sv, "compressed with gzip: unpack it first"},
    {0, "BZh"sv, "compressed with bzip2: unpack it first"},
    {0,
     "\xfd"
     "7zXZ"sv,
     "compressed with xz: unpack it first"},
    {0, "7z\xbc\xaf"sv, "a 7z archive: unpack it first"},
    {257, "ustar"sv,
     "a tar archive: unpack it first (if it is a PyTorch checkpoint from before 2017, save it again with a newer "
     "PyTorch)"},
    {0, "\x89HDF"sv, "an HDF5 file (Keras or TensorFlow weights), which is not supported"},
    {0, "GGUF"sv, "a GGUF model, which is not supported"},
    {0, "version https://git-lfs"sv, "a Git LFS pointer, not the file itself: run `git lfs pull`"},
});

bool starts_with_text(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() &&
         std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                    [](char a, char b) { return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b))); });
}

}  // namespace

std::string misplaced_file(const ByteSource& source) {
  const std::string_view text = source.text();
  if (text.empty()) return "empty: the download or the disk may have failed";
  for (const auto& [offset, bytes, what] : kSignatures) {
    if (text.size() >= offset + bytes.size() && text.substr(offset, bytes.size()) == bytes) return what;
  }
  const size_t first = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  const std::string_view start = text.substr(first, 16);
  if (starts_with_text(start, "<!doctype") || starts_with_text(start, "<html") || starts_with_text(start, "<?xml")) {
    return "an HTML page, not the file itself: the download link led to a page (a login, quota or confirmation notice)";
  }
  return {};
}

bool looks_like_pickle(const ByteSource& source) {
  const std::string_view text = source.text();
  if (text.starts_with('\x80')) return true;
  return text.ends_with('.') && text.find_first_of("(c]}") == 0;
}

}  // namespace lifted::formats
