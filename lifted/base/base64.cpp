#include "lifted/base/base64.h"

#include <openssl/evp.h>

#include "lifted/base/error.h"

namespace lifted {

std::string base64_of(const Bytes& bytes) {
  require(bytes.size() < (size_t{1} << 30), "{} bytes are too many for a data URI", bytes.size());
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP ends it with a zero
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

}  // namespace lifted
