#include "lifted/app/viewer_page.h"

namespace lifted::embedded {

extern const unsigned char *const viewer_html, *const viewer_js, *const viewer_css, *const viewer_icon;
extern const unsigned long viewer_html_size, viewer_js_size, viewer_css_size, viewer_icon_size;

}  // namespace lifted::embedded

namespace lifted::app {
namespace {

std::string_view text(const unsigned char* bytes, unsigned long size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::vector<viewer::PageFile> viewer_page() {
  using namespace embedded;
  return {{"/", "text/html; charset=utf-8", text(viewer_html, viewer_html_size)},
          {"/viewer.js", "text/javascript; charset=utf-8", text(viewer_js, viewer_js_size)},
          {"/viewer.css", "text/css; charset=utf-8", text(viewer_css, viewer_css_size)},
          {"/icon.svg", "image/svg+xml", text(viewer_icon, viewer_icon_size)}};
}

}  // namespace lifted::app
