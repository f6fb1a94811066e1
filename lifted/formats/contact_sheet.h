// Many images on one white sheet, with labels.
#pragma once

#include <string>
#include <vector>

#include "lifted/formats/image.h"

namespace lifted::formats {

struct ContactSheet {
  /// Row by row. Sizes may differ: a cell is as large as the largest image, smaller ones sit in the middle.
  /// An empty Image{} leaves its cell white.
  std::vector<Image> images = {};
  /// 0 chooses a sheet that is about 3:2.
  int columns = 0;
  /// Each empty, or one label per row (at the left) or column (above).
  std::vector<std::string> row_labels = {}, column_labels = {};
  std::string title = {};
  /// Height of the labels' text in pixels; 0 chooses it by the cell's size. The title is a third larger.
  int text_size = 0;
  /// White space between cells in pixels; −1 chooses it by the cell's size.
  int gap = -1;
};

/// The sheet as an RGB image. Error if there is no image, labels do not match the grid, or the result is too large.
Image render_contact_sheet(const ContactSheet& sheet);

}  // namespace lifted::formats
