#include "lifted/base/printable.h"

#include <gtest/gtest.h>

namespace lifted {

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable("\x1b]0;pwned\x07\x1b[31mred"), "\\x1b]0;pwned\\x07\\x1b[31mred");
  EXPECT_EQ(printable("a\nb\tc\x7f"), "a\\x0ab\\x09c\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");                                     // an escape sequence of one character
  EXPECT_EQ(printable("gpj\xe2\x80\xae"), "gpj\\xe2\\x80\\xae");  // writes what follows backwards
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(Printable, KeepsOtherLanguagesAndShowsWhatIsNoUtf8) {
  const std::string text = "Grüße × 顔 🙂 …";
  EXPECT_EQ(printable(text), text);
  EXPECT_EQ(printable("caf\xe9.png"), "caf\\xe9.png");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // half a surrogate pair
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond the last character
  EXPECT_EQ(printable("\xe9\xa1"), "\\xe9\\xa1");                    // cut off
}

TEST(Printable, CutsLongTextsBetweenCharacters) {
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("abcd", 3), "abc…");
  EXPECT_EQ(printable("顔顔顔", 4), "顔顔…");
  EXPECT_LT(printable(std::string(50 << 20, 'x'), 100).size(), 110U);
}

TEST(Printable, LinesStay) {
  EXPECT_EQ(printable_lines("{\n\t1\n}\x1b[2J"), "{\n\t1\n}\\x1b[2J");
}

TEST(LibrarySentence, IsTheFirstLineWithoutTheLibrarysMarks) {
  EXPECT_EQ(library_sentence("[enforce fail at alloc_cpu.cpp:75] err == 0. no\nframe #0: c10::x"), "err == 0. no");
  EXPECT_EQ(library_sentence("[json.exception.type_error.312] cannot use update() with array"),
            "cannot use update() with array");
  EXPECT_EQ(library_sentence("[json.exception."), "");
  EXPECT_EQ(library_sentence("plain"), "plain");
  EXPECT_EQ(library_sentence(""), "");
}

}  // namespace lifted
