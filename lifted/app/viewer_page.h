// The viewer's page (web/), built into the program.
#pragma once

#include <vector>

#include "lifted/viewer/server.h"

namespace lifted::app {

std::vector<viewer::PageFile> viewer_page();

}  // namespace lifted::app
