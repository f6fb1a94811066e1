#include "lifted/app/web_page.h"

#include "lifted/base/file.h"

namespace lifted::app {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
figure { margin: 2.5rem 0; }
figure img, figure video { max-width: 100%; height: auto; border-radius: 6px; display: block; }
figcaption { margin-top: .6rem; }
figcaption b { display: block; font-size: 1.1em; }
)";

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

std::string shown(const Figure& figure) {
  const std::string extension = std::filesystem::path(figure.file).extension().string();
  const std::string file = escaped(figure.file), title = escaped(figure.title);
  if (extension == ".png" || extension == ".gif" || extension == ".webp" || extension == ".jpg") {
    return fmt::format("<img src=\"{}\" alt=\"{}\">", file, title);
  }
  if (extension == ".mp4") return fmt::format("<video src=\"{}\" autoplay loop muted playsinline></video>", file);
  return fmt::format("<a href=\"{0}\">{0}</a>", file);
}

}  // namespace

void write_web_page(const std::filesystem::path& path, const WebPage& page) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>{0}</title><style>{1}</style></head>\n"
      "<body><h1>{0}</h1><p>{2}</p>\n",
      escaped(page.title), style, escaped(page.introduction));
  for (const Figure& figure : page.figures) {
    html += fmt::format("<figure>{}<figcaption><b>{}</b>{}</figcaption></figure>\n", shown(figure),
                        escaped(figure.title), escaped(figure.caption));
  }
  write_file_atomically(path, html + "</body></html>\n");
}

}  // namespace lifted::app
