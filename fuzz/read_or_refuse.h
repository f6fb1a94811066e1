// What every fuzz target of a checkpoint reader does with one input: read it and look at all of it, or refuse it with
// an Error. Anything else (a crash, a sanitizer's report, another exception, a leak) is a finding.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lifted/base/error.h"
#include "lifted/formats/byte_source.h"
#include "lifted/formats/describe.h"

namespace lifted::fuzz {

inline formats::ByteSource source_of(const uint8_t* data, size_t size) {
  const auto* start = reinterpret_cast<const std::byte*>(data);
  return formats::ByteSource::adopt(Bytes(start, start + size), "fuzz input");
}

template <typename Read>
int read_or_refuse(Read&& read) {
  try {
    formats::describe(read());
  } catch (const Error&) {
  }
  return 0;
}

}  // namespace lifted::fuzz
