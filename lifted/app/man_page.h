// The manual: liftedgan(1).
#pragma once

#include <string>
#include <vector>

#include "lifted/app/command_table.h"

namespace lifted::app {

/// roff for man(7)'s macros.
std::string man_page(const std::vector<CommandEntry>& commands);

}  // namespace lifted::app
