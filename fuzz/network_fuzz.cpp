// Networks from the bytes of a file, as far as `--network` goes: layouts, metadata, configurations, weights.
#include "fuzz/read_or_refuse.h"
#include "lifted/base/log.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/model/import.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  lifted::set_log_level(lifted::LogLevel::quiet);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto checkpoint = lifted::formats::read_checkpoint(lifted::fuzz::source_of(data, size));
    lifted::model::describe_network(checkpoint, "fuzz input");
    lifted::model::load_network(checkpoint, "fuzz input");
  } catch (const lifted::Error&) {
  }
  return 0;
}
