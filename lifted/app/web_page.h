// A plain page of tables and figures with a sentence each.
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace lifted::app {

struct Figure {
  std::string file;  // beside the page; images are shown, other files are linked; empty: an empty place
  std::string title;
  std::string caption;       // plain text
  std::string details = {};  // how it was made, folded away: plain text
  std::string svg = {};      // instead of a file: a drawing as it stands, not escaped
  /// Instead of a file: files row by row, those of a row beside one another.
  std::vector<std::vector<std::string>> rows = {};
};

struct Table {
  std::string title, caption;  // plain text
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as `columns`; the first column names the row
  std::string details = {};                    // how its numbers were made, folded away: plain text
};

struct Heading {
  std::string text;
};

struct WebPage {
  std::string title, introduction;
  std::vector<std::variant<Heading, Table, Figure>> content;
  bool embed = false;  // images become part of the page, which then needs no other file
};

/// Writes the page; no script, no external request, dark and light mode. Error if an image to embed cannot be read.
void write_web_page(const std::filesystem::path& path, const WebPage& page);

}  // namespace lifted::app
