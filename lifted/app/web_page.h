// A plain page of figures with a sentence each.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lifted::app {

struct Figure {
  std::string file;  // beside the page; images are shown, other files are linked
  std::string title;
  std::string caption;  // plain text
};

struct WebPage {
  std::string title, introduction;
  std::vector<Figure> figures;
};

/// Writes the page; no script, no external request, dark and light mode.
void write_web_page(const std::filesystem::path& path, const WebPage& page);

}  // namespace lifted::app
