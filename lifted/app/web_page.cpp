#include "lifted/app/web_page.h"

#include "lifted/base/base64.h"
#include "lifted/base/error.h"
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
.table { overflow-x: auto; margin: .6rem 0 2.5rem; }
.row { display: flex; gap: 1rem; align-items: flex-start; margin-bottom: .6rem; }
.row img { min-width: 0; flex: 0 1 auto; }
figure svg { max-width: 100%; height: auto; display: block; }
.empty { border: 2px dashed #8888; border-radius: 6px; padding: 1.5rem; color: #777; }
details { margin-top: .3rem; font-size: .85em; }
details pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; }
h3 { margin: 3rem 0 0; font-size: 1.3em; border-bottom: 1px solid #8886; }
h2 { font-size: 1.1em; margin: 2.5rem 0 0; }
h2 + p { margin: .3rem 0; }
table { border-collapse: collapse; font-size: .9em; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8886; text-align: right; font-variant-numeric: tabular-nums; }
th { vertical-align: bottom; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
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

std::string data_uri(const std::filesystem::path& path, const std::string& extension) {
  return "data:image/" + (extension == ".jpg" ? "jpeg" : extension.substr(1)) + ";base64," + base64_of(read_file(path));
}

std::string folded(const std::string& details) {
  if (details.empty()) return "";
  return fmt::format("<details><summary>how this was made</summary><pre>{}</pre></details>", escaped(details));
}

/// `folder`: of the page, where images to embed lie; empty: they are not.
std::string file_shown(const std::string& name, const std::string& title, const std::filesystem::path& folder) {
  const std::string extension = std::filesystem::path(name).extension().string();
  std::string file = escaped(name);
  if (extension == ".png" || extension == ".gif" || extension == ".webp" || extension == ".jpg") {
    if (!folder.empty()) file = data_uri(folder / name, extension);
    return fmt::format("<img src=\"{}\" alt=\"{}\">", file, escaped(title));
  }
  if (extension == ".mp4") return fmt::format("<video src=\"{}\" autoplay loop muted playsinline></video>", file);
  return fmt::format("<a href=\"{0}\">{0}</a>", file);
}

std::string picture_of(const Figure& figure, const std::filesystem::path& folder) {
  if (!figure.svg.empty()) return figure.svg;
  if (!figure.file.empty()) return file_shown(figure.file, figure.title, folder);
  if (figure.rows.empty()) return "<div class=\"empty\">an empty place</div>";
  std::string html;
  for (const auto& row : figure.rows) {
    html += "<div class=\"row\">";
    for (const auto& name : row) html += file_shown(name, figure.title, folder);
    html += "</div>";
  }
  return html;
}

std::string shown(const Figure& figure, const std::filesystem::path& folder) {
  return fmt::format("<figure>{}<figcaption><b>{}</b>{}{}</figcaption></figure>\n", picture_of(figure, folder),
                     escaped(figure.title), escaped(figure.caption), folded(figure.details));
}

std::string shown(const Heading& heading, const std::filesystem::path&) {
  return fmt::format("<h3>{}</h3>\n", escaped(heading.text));
}

std::string shown(const Table& table, const std::filesystem::path&) {
  std::string html = fmt::format("<h2>{}</h2><p>{}</p>\n<div class=\"table\"><table><tr>", escaped(table.title),
                                 escaped(table.caption));
  for (const auto& column : table.columns) html += "<th>" + escaped(column) + "</th>";
  for (const auto& row : table.rows) {
    require(row.size() == table.columns.size(), "table '{}': a row of {} cells under {} columns", table.title,
            row.size(), table.columns.size());
    html += "</tr>\n<tr>";
    for (const auto& cell : row) html += "<td>" + escaped(cell) + "</td>";
  }
  return html + "</tr></table>" + folded(table.details) + "</div>\n";
}

}  // namespace

void write_web_page(const std::filesystem::path& path, const WebPage& page) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>{0}</title><style>{1}</style></head>\n"
      "<body><h1>{0}</h1><p>{2}</p>\n",
      escaped(page.title), style, escaped(page.introduction));
  const std::filesystem::path folder = !page.embed              ? std::filesystem::path()
                                       : path.has_parent_path() ? path.parent_path()
                                                                : std::filesystem::path(".");
  for (const auto& block : page.content) std::visit([&](const auto& it) { html += shown(it, folder); }, block);
  write_file_atomically(path, html + "</body></html>\n");
}

}  // namespace lifted::app
