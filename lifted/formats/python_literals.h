// Python files that only assign literals, as configuration files of the field do. They are read, never run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace lifted::formats {

/// One statement of such a file.
struct PythonStatement {
  int line = 0;
  std::string name = {};  // that it begins with and, unless there is a problem, assigns; empty: it may assign anything
  /// Numbers, strings, None, True, False, and lists, tuples (as arrays) and dicts of them (keys that are no strings as
  /// JSON text).
  nlohmann::json value = {};
  std::string problem = {};               // why the value is not known; empty: it is
  std::vector<std::string> targets = {};  // names that it may assign, where there is a problem
};

/// The statements of a file in their order, but for what has no effect: comments, strings that stand alone, `pass`, and
/// imports of well-known modules (os, sys, math, numpy, torch…). Error naming `what` and the
/// line if brackets or strings do not end, or if nesting is deeper than 100.
std::vector<PythonStatement> read_python_literals(std::string_view text, const std::string& what);

}  // namespace lifted::formats
