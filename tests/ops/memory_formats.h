// Names that tests of operators share.
#pragma once

#include <c10/core/MemoryFormat.h>

namespace lifted::test {

inline constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

}  // namespace lifted::test
