#include "lifted/formats/contact_sheet.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/formats/image_ops.h"
#include "lifted/formats/text.h"

namespace lifted::formats {
namespace {

/// Where everything goes, in pixels.
struct Layout {
  int columns = 1, rows = 1;
  int cell_width = 1, cell_height = 1, gap = 0, margin = 0;
  int left = 0, top = 0;      // of the first cell
  int title_top = 0;          // the title's first line
  int width = 0, height = 0;  // of the sheet
  std::vector<std::vector<std::string>> column_lines;
  std::vector<std::string> title_lines;

  int cell_x(int column) const { return left + column * (cell_width + gap); }
  int cell_y(int row) const { return top + row * (cell_height + gap); }
};

int widest(const Font& font, const std::vector<std::string>& lines) {
  int result = 0;
  for (const auto& line : lines) result = std::max(result, font.width(line));
  return result;
}

int columns_for(const ContactSheet& sheet, double cell_aspect) {
  const auto count = static_cast<int>(sheet.images.size());
  if (!sheet.column_labels.empty()) return static_cast<int>(sheet.column_labels.size());
  if (sheet.columns > 0) return std::min(sheet.columns, count);
  if (!sheet.row_labels.empty()) return (count - 1) / static_cast<int>(sheet.row_labels.size()) + 1;
  return std::clamp(static_cast<int>(std::lround(std::sqrt(1.5 * count / cell_aspect))), 1, count);
}

void check(const ContactSheet& sheet) {
  require(!sheet.images.empty(), "contact sheet: no images");
  for (const Image& image : sheet.images) {
    require(image.pixels.empty() || image.channels == 3 || image.channels == 1,
            "contact sheet: an image has {} channels", image.channels);
  }
}

void set_cells(Layout& layout, const ContactSheet& sheet) {
  for (const Image& image : sheet.images) {
    layout.cell_width = std::max(layout.cell_width, image.width);
    layout.cell_height = std::max(layout.cell_height, image.height);
  }
  layout.columns = columns_for(sheet, static_cast<double>(layout.cell_width) / layout.cell_height);
  layout.rows = (static_cast<int>(sheet.images.size()) - 1) / layout.columns + 1;
  require(sheet.columns <= 0 || sheet.column_labels.empty() || sheet.columns == layout.columns,
          "contact sheet: {} column labels for {} columns", sheet.column_labels.size(), sheet.columns);
  require(sheet.row_labels.empty() || static_cast<int>(sheet.row_labels.size()) == layout.rows,
          "contact sheet: {} row labels for {} rows", sheet.row_labels.size(), layout.rows);
  layout.gap = sheet.gap >= 0 ? sheet.gap : std::max(2, std::min(layout.cell_width, layout.cell_height) / 32);
}

/// Fits the labels around the grid; a column widens for a word that is wider than the images.
void set_labels(Layout& layout, const ContactSheet& sheet, const Font& font, const Font& title_font) {
  const int space = font.line_height() / 2;
  size_t label_lines = 0;
  for (const auto& label : sheet.column_labels) {
    layout.column_lines.push_back(font.wrapped(label, layout.cell_width));
    layout.cell_width = std::max(layout.cell_width, widest(font, layout.column_lines.back()));
    label_lines = std::max(label_lines, layout.column_lines.back().size());
  }
  const bool labelled = !sheet.title.empty() || !sheet.row_labels.empty() || !sheet.column_labels.empty();
  layout.margin = labelled ? std::max(layout.gap, space) : layout.gap;
  const int row_label_width = widest(font, sheet.row_labels);
  layout.left = layout.margin + (row_label_width > 0 ? row_label_width + space : 0);
  layout.width = layout.cell_x(layout.columns) - layout.gap + layout.margin;
  layout.title_lines = title_font.wrapped(sheet.title, layout.width - 2 * layout.margin);
  layout.width = std::max(layout.width, widest(title_font, layout.title_lines) + 2 * layout.margin);
  layout.title_top = layout.margin;
  layout.top = layout.margin;
  if (!layout.title_lines.empty()) {
    layout.top += static_cast<int>(layout.title_lines.size()) * title_font.line_height() + space;
  }
  if (label_lines > 0) layout.top += static_cast<int>(label_lines) * font.line_height() + space / 2;
  layout.height = layout.cell_y(layout.rows) - layout.gap + layout.margin;
}

void draw_images(Image& canvas, const ContactSheet& sheet, const Layout& layout) {
  for (size_t i = 0; i < sheet.images.size(); ++i) {
    const Image& image = sheet.images[i];
    if (image.pixels.empty()) continue;
    const int row = static_cast<int>(i) / layout.columns, column = static_cast<int>(i) % layout.columns;
    paste(canvas, as_rgb(image), layout.cell_x(column) + (layout.cell_width - image.width) / 2,
          layout.cell_y(row) + (layout.cell_height - image.height) / 2);
  }
}

void draw_labels(Image& canvas, const ContactSheet& sheet, const Layout& layout, const Font& font) {
  const int line = font.line_height();
  for (size_t column = 0; column < layout.column_lines.size(); ++column) {
    const auto& lines = layout.column_lines[column];
    int y =
        layout.top - line / 4 - static_cast<int>(lines.size()) * line;  // the last line stands just above the images
    for (const auto& text : lines) {
      const int x = layout.cell_x(static_cast<int>(column)) + (layout.cell_width - font.width(text)) / 2;
      font.draw(canvas, x, y, text);
      y += line;
    }
  }
  for (size_t row = 0; row < sheet.row_labels.size(); ++row) {
    const auto& text = sheet.row_labels[row];
    const int x = layout.left - line / 2 - font.width(text);
    font.draw(canvas, x, layout.cell_y(static_cast<int>(row)) + (layout.cell_height - line) / 2, text);
  }
}

int text_size_for(const ContactSheet& sheet, const Layout& layout) {
  return sheet.text_size > 0 ? sheet.text_size : std::clamp(layout.cell_height / 8, 11, 48);
}

}  // namespace

Image render_contact_sheet(const ContactSheet& sheet) {
  check(sheet);
  Layout layout;
  set_cells(layout, sheet);
  const int text_size = text_size_for(sheet, layout);
  const Font font(text_size), title_font(text_size * 4 / 3);
  set_labels(layout, sheet, font, title_font);
  Image canvas = filled_image(layout.width, layout.height);
  draw_images(canvas, sheet, layout);
  draw_labels(canvas, sheet, layout, font);
  int y = layout.title_top;
  for (const auto& line : layout.title_lines) {
    title_font.draw(canvas, (layout.width - title_font.width(line)) / 2, y, line);
    y += title_font.line_height();
  }
  return canvas;
}

}  // namespace lifted::formats
