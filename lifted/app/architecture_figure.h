// Figure 1 of the report, drawn.
#pragma once

#include "lifted/app/web_page.h"

namespace lifted::app {

/// The networks and how a code becomes a picture, as an SVG in the page's own colours.
Figure architecture_figure();

}  // namespace lifted::app
