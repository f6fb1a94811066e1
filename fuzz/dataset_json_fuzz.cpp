// Any text is a dataset.json whose labels can be asked for, or an Error.
#include <cstddef>
#include <cstdint>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive.h"

namespace {

/// An archive of nothing but labels.
class Labels : public lifted::formats::ImageArchive {
 public:
  explicit Labels(const lifted::Bytes& dataset_json) : ImageArchive("fuzz") { set_labels({{"", dataset_json}}); }
  std::string kind() const override { return "fuzz"; }
  int64_t size() const override { return 1; }
  std::string name(int64_t) const override { return "00000/img00000000.png"; }
  lifted::Bytes bytes(int64_t) const override { return {}; }
  Start start(int64_t, uint64_t) const override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto* start = reinterpret_cast<const std::byte*>(data);
  try {
    Labels(lifted::Bytes(start, start + size)).label(0);
  } catch (const lifted::Error&) {
  }
  return 0;
}
