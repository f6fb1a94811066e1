// Which of several processes speaks.
#pragma once

#include <string>

namespace lifted {

/// What stands before every warning from here on: "rank 2: ".
void set_log_prefix(std::string prefix);

}  // namespace lifted
