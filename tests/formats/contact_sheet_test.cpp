#include "lifted/formats/contact_sheet.h"

#include <gmock/gmock.h>

#include "lifted/base/error.h"
#include "lifted/formats/image_ops.h"
#include "lifted/formats/text.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::formats {
namespace {

using test::smooth_image;

int dark_pixels(const Image& image) {
  int count = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) count += image.pixels[i] < 100;
  return count;
}

TEST(Text, WidthGrowsAndDrawingStaysInsideIt) {
  const Font font(20);
  EXPECT_GT(font.width("wide text"), font.width("wide"));
  EXPECT_EQ(font.width(""), 0);
  Image image = filled_image(font.width("Hg"), font.line_height());
  const Image room = padded(image, image.width + 20, image.height + 20);
  Image drawn = room;
  font.draw(drawn, 10, 10, "Hg");
  EXPECT_GT(dark_pixels(drawn), 40);
  paste(drawn, image, 10, 10);  // erase the line's box: only antialiased overhang may remain
  EXPECT_LE(dark_pixels(drawn), 2);
}

TEST(Text, SizeScalesAndUtf8AndBrokenBytesAreDrawn) {
  const Font small(10), large(40);
  EXPECT_NEAR(static_cast<double>(large.width("scale")) / small.width("scale"), 4, 0.5);
  Image image = filled_image(300, 60);
  small.draw(image, 2, 2, "yaw −45° ψ\xff\xc3");
  EXPECT_GT(dark_pixels(image), 20);
}

TEST(Text, IsCutAtTheEdges) {
  const Font font(10);
  constexpr int kRoom = 200;
  for (const auto& [x, y] : {std::pair{-20, -5}, {290, 52}, {-20, 52}, {290, -5}}) {
    Image image = filled_image(300, 60), large = filled_image(300 + 2 * kRoom, 60 + 2 * kRoom);
    font.draw(image, x, y, "cut at the edges");
    font.draw(large, x + kRoom, y + kRoom, "cut at the edges");
    EXPECT_GT(dark_pixels(image), 5) << x << ", " << y;
    EXPECT_LT(dark_pixels(image), dark_pixels(large)) << x << ", " << y;
    for (int row = 0; row < image.height; ++row) {
      const uint8_t *cut = image.at(0, row), *whole = large.at(kRoom, row + kRoom);
      ASSERT_TRUE(std::equal(cut, cut + 3 * image.width, whole)) << "row " << row << " at " << x << ", " << y;
    }
  }
}

TEST(Text, WrapsAtSpaces) {
  const Font font(12);
  const auto lines = font.wrapped("one two three four", font.width("three four"));
  EXPECT_EQ(lines, (std::vector<std::string>{"one two", "three four"}));
  EXPECT_EQ(font.wrapped("", 10).size(), 0u);
  EXPECT_EQ(font.wrapped("unbreakable", 3), std::vector<std::string>{"unbreakable"});
}

TEST(ContactSheet, ImagesAreUnchangedAndInTheirPlaces) {
  ContactSheet sheet{.columns = 3, .gap = 2};
  for (int i = 0; i < 5; ++i) sheet.images.push_back(smooth_image(16, 12, i));
  const Image image = render_contact_sheet(sheet);
  EXPECT_EQ(image.width, 3 * 16 + 4 * 2);
  EXPECT_EQ(image.height, 2 * 12 + 3 * 2);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(cropped(image, 2 + 18 * (i % 3), 2 + 14 * (i / 3), 16, 12), sheet.images[i]) << i;
  EXPECT_EQ(cropped(image, 2 + 36, 2 + 14, 16, 12), filled_image(16, 12));
}

TEST(ContactSheet, LabelsAndTitleAppearAndMakeRoom) {
  ContactSheet sheet{.columns = 2};
  for (int i = 0; i < 4; ++i) sheet.images.push_back(filled_image(64, 64, 3, 200));
  const Image plain = render_contact_sheet(sheet);
  EXPECT_EQ(dark_pixels(plain), 0);
  sheet.column_labels = {"left", "right"};
  const Image columns = render_contact_sheet(sheet);
  sheet.row_labels = {"top", "bottom"};
  const Image rows = render_contact_sheet(sheet);
  sheet.title = "A title that is much longer than the sheet is wide and must be wrapped";
  const Image titled = render_contact_sheet(sheet);
  EXPECT_GT(dark_pixels(columns), 20);
  EXPECT_GT(dark_pixels(rows), dark_pixels(columns) + 20);
  EXPECT_GT(dark_pixels(titled), dark_pixels(rows) + 100);
  EXPECT_GT(rows.width, columns.width);
  EXPECT_GT(titled.height, rows.height);
  sheet.text_size = 40;
  EXPECT_GT(dark_pixels(render_contact_sheet(sheet)), 2 * dark_pixels(titled));
}

TEST(ContactSheet, LabelsDoNotCoverImages) {
  ContactSheet sheet{.columns = 2,
                     .row_labels = {"a long row label", "b"},
                     .column_labels = {"several words here", "x"},
                     .title = "Title"};
  for (int i = 0; i < 4; ++i) sheet.images.push_back(filled_image(40, 40, 3, 200));
  const Image image = render_contact_sheet(sheet);
  int grey = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    grey += image.pixels[i] == 200 && image.pixels[i + 1] == 200 && image.pixels[i + 2] == 200;
  }
  EXPECT_GE(grey, 4 * 40 * 40);
}

TEST(ContactSheet, MixedSizesGreyAndEmptyCells) {
  ContactSheet sheet{
      .images = {smooth_image(10, 20), Image{}, Image{4, 4, 1, std::vector<uint8_t>(16, 7)}}, .columns = 3, .gap = 0};
  const Image image = render_contact_sheet(sheet);
  EXPECT_EQ(image.width, 30);
  EXPECT_EQ(image.height, 20);
  EXPECT_EQ(image.at(20 + 3, 8)[1], 7);
  EXPECT_EQ(image.at(15, 10)[0], 255);
}

TEST(ContactSheet, MistakesAreErrors) {
  EXPECT_THROW(render_contact_sheet({}), Error);
  ContactSheet sheet{.images = std::vector<Image>(4, smooth_image(8, 8)), .columns = 2, .row_labels = {"only one"}};
  EXPECT_THROW(render_contact_sheet(sheet), Error);
  sheet.row_labels.clear();
  sheet.column_labels = {"a", "b", "c"};
  EXPECT_THROW(render_contact_sheet(sheet), Error);
}

}  // namespace
}  // namespace lifted::formats
