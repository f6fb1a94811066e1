#include "lifted/viewer/photos.h"

#include <openssl/rand.h>

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/formats/image_ops.h"
#include "lifted/viewer/http_error.h"

namespace lifted::viewer {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 26;  // 64 megapixels
constexpr int kLongestSide = 1536;
constexpr size_t kPhotos = 8, kCodes = 64;

std::string secret_name() {
  unsigned char bytes[16];
  require(RAND_bytes(bytes, sizeof bytes) == 1, "no random numbers to name a photograph with");
  std::string name;
  for (const unsigned char byte : bytes) name += fmt::format("{:02x}", byte);
  return name;
}

template <typename Entry>
const Entry& named(const std::list<Entry>& entries, const std::string& name, const char* what) {
  const auto found = std::ranges::find(entries, name, &Entry::name);
  if (found == entries.end()) refuse(404, "{}: is not, or no longer, known; upload the photograph again", what);
  return *found;
}

}  // namespace

Photos::Photo Photos::decoded(const std::string& bytes) {
  Photo photo;
  try {
    photo.image = formats::as_rgb(formats::read_image(bytes.data(), bytes.size(), "the picture", kMostPixels));
  } catch (const Error& error) {
    refuse(422, "{}", error.what());
  }
  const int longest = std::max(photo.image.width, photo.image.height);
  if (longest <= kLongestSide) return photo;
  photo.scale = static_cast<double>(longest) / kLongestSide;
  const auto side = [&](int pixels) { return std::max(1, static_cast<int>(pixels / photo.scale + 0.5)); };
  photo.image = formats::resized(photo.image, side(photo.image.width), side(photo.image.height));
  return photo;
}

const Photos::Photo& Photos::add(Photo photo) {
  photo.name = secret_name();
  photos_.push_front(std::move(photo));
  if (photos_.size() > kPhotos) photos_.pop_back();
  return photos_.front();
}

const Photos::Photo& Photos::photo(const std::string& name) const {
  return named(photos_, name, "photo");
}

const PhotoCode& Photos::add_code(PhotoCode code) {
  code.name = secret_name();
  codes_.push_front(std::move(code));
  if (codes_.size() > kCodes) codes_.pop_back();
  return codes_.front();
}

const PhotoCode& Photos::code(const std::string& name) const {
  return named(codes_, name, "code");
}

}  // namespace lifted::viewer
