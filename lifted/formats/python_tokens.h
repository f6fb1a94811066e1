// Python's text as tokens, as far as literals need them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lifted::formats {

struct PythonToken {
  enum class Kind { name, number, string, mark, end };
  Kind kind = Kind::end;
  std::string text = {};  // of a string: its content
  int line = 0;
  bool is(std::string_view mark) const { return kind == Kind::mark && text == mark; }
};

/// A logical line. A ';' ends one, too.
struct PythonLine {
  std::vector<PythonToken> tokens;
  bool indented = false;
};

/// The lines of a file that hold tokens. Error naming `what` and the line if brackets or strings do not end, or if
/// nesting is deeper than 100.
std::vector<PythonLine> python_lines(std::string_view text, const std::string& what);

}  // namespace lifted::formats
