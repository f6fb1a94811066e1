#include "lifted/base/json.h"

#include <gtest/gtest.h>

#include "lifted/base/file.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted {
namespace {

using nlohmann::json;
using test::error_of;

std::string refusal(const std::string& text, const JsonLimits& limits = {}) {
  return error_of([&] { parse_json(text, "a.json", limits); });
}

std::string nested(int levels) {
  return std::string(static_cast<size_t>(levels), '[') + std::string(static_cast<size_t>(levels), ']');
}

TEST(ParseJson, ReadsWhatNlohmannReads) {
  const std::string text =
      R"( {"a": [1, -2, 3.5e2, true, null, "x\u00e9\n"], "b": {"c": {}, "d": []}, "e": 18446744073709551615} )";
  EXPECT_EQ(parse_json(text, "a.json"), json::parse(text));
  for (const char* scalar : {"1", "-1", "0.5", "\"a\"", "true", "null", "[]", "{}"})
    EXPECT_EQ(parse_json(scalar, "a.json"), json::parse(scalar)) << scalar;
}

TEST(ParseJson, SaysWhereItGoesWrongInNoLibrarysWords) {
  EXPECT_EQ(refusal("{\n  \"a\": 1,\n}"),
            "a.json: is not valid JSON: line 3, column 1: while parsing object key - unexpected '}'; expected string "
            "literal");
  for (const char* text : {"", "{", "[1", "1 2", "{\"a\" 1}", "nul", "[1,]", "\"\xff\"", "1e999", "\xef\xbb", "'a'"}) {
    const std::string why = refusal(text);
    EXPECT_TRUE(why.starts_with("a.json: is not valid JSON: ")) << text << ": " << why;
    EXPECT_EQ(why.find("json.exception"), std::string::npos) << why;
  }
  EXPECT_LT(refusal("[\"" + std::string(1 << 20, 'x')).size(), 700U);
}

TEST(ParseJson, DepthSizeAndMemoryAreLimited) {
  EXPECT_EQ(parse_json(nested(32), "a.json").dump(), nested(32));
  EXPECT_EQ(refusal(nested(33)), "a.json: its JSON nests deeper than 32 levels");
  EXPECT_EQ(refusal(nested(400000)), "a.json: its JSON nests deeper than 32 levels");
  EXPECT_EQ(refusal(std::string(400000, '[')), "a.json: its JSON nests deeper than 32 levels");
  EXPECT_EQ(refusal("[1,2,3]", {.text_bytes = 6}), "a.json: 7 bytes of JSON, expected at most 6");
  EXPECT_EQ(refusal("[1,2,3]", {.text_bytes = 7}), "(no error)");
  // A list of n numbers takes n·16 bytes, and while it grows half as much again.
  std::string zeros = "[0";
  for (int i = 1; i < 100'000; ++i) zeros += ",0";
  EXPECT_EQ(refusal(zeros + "]", {.memory_bytes = 4 << 20}), "(no error)");
  EXPECT_EQ(refusal(zeros + "]", {.memory_bytes = 2 << 20}), "a.json: its JSON needs more than 2 MB of memory");
  std::string objects = "[{}";
  for (int i = 1; i < 100'000; ++i) objects += ",{}";
  EXPECT_EQ(refusal(objects + "]", {.memory_bytes = 4 << 20}), "a.json: its JSON needs more than 4 MB of memory");
}

TEST(ParseJson, RepeatedKeysAreRefused) {
  EXPECT_EQ(refusal(R"({"a": 1, "b": {"a": 2}, "c": [{"a": 1}, {"a": 2}]})"), "(no error)");
  EXPECT_EQ(refusal(R"({"a": 1, "a": 1})"), "a.json: has the key 'a' twice");
  EXPECT_EQ(refusal(R"([{"x": {"\u0061": 1, "a": 2}}])"), "a.json: has the key 'a' twice");
}

TEST(ParseJson, FilesAreNamed) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "x.json", "[1, 2");
  EXPECT_TRUE(error_of([&] { read_json_file(folder / "x.json"); }).starts_with((folder / "x.json").string() + ": "));
  write_file_atomically(folder / "x.json", "[1, 2]");
  EXPECT_EQ(read_json_file(folder / "x.json"), json({1, 2}));
}

TEST(Shown, IsShortWhateverTheValue) {
  EXPECT_EQ(shown(json::parse(R"({"a":[1,"x",null,2.5]})")), R"({"a":[1,"x",null,2.5]})");
  EXPECT_EQ(shown(json::parse("[[[[[[1]]]]]]")), "[[[[[…]]]]]");
  EXPECT_EQ(shown(json::parse("[[[[[]]]]]")), "[[[[[]]]]]");
  EXPECT_EQ(shown(json(std::vector<int>(1'000'000, 7)), 10), "[7,7,7,7,7…");
  EXPECT_EQ(shown(json(std::string(50 << 20, 'x')), 10), "\"xxxxxxxxx…");
  EXPECT_EQ(shown(json("\x1b[2J\xc2\x9b")), R"("\u001b[2J\xc2\x9b")");
  // Built without the reader, deeper than any stack: nothing here calls itself so often.
  json deep = 1;
  for (int i = 0; i < 300'000; ++i) deep = json::array({std::move(deep)});
  EXPECT_EQ(shown(deep), "[[[[[…]]]]]");
}

TEST(JsonField, WrongTypesAreNamedWithTheirKey) {
  const json object = json::parse(R"({"n": 3, "x": 2.5, "big": 1e18, "s": "t", "neg": -3, "list": [1, 2], "b": true})");
  const auto error = [&](auto type, const char* key) {
    return error_of([&] { json_field<decltype(type)>(object, key, "run.json"); });
  };
  EXPECT_EQ(json_field<int>(object, "n", "run.json"), 3);
  EXPECT_EQ(json_field<double>(object, "n", "run.json"), 3);
  EXPECT_EQ(json_field<std::vector<int>>(object, "list", "run.json"), (std::vector<int>{1, 2}));
  EXPECT_EQ(json_field(object, "absent", "run.json", 7), 7);
  EXPECT_EQ(error(0, "x"), "run.json: 'x' is 2.5, expected a whole number");
  EXPECT_EQ(error(0, "big"), "run.json: 'big' is 1e+18, expected a whole number");
  EXPECT_EQ(error(0, "s"), "run.json: 's' is \"t\", expected a whole number");
  EXPECT_EQ(error(uint64_t{0}, "neg"), "run.json: 'neg' is -3, expected a whole number of at least 0");
  EXPECT_EQ(error(int8_t{0}, "n"), "(no error)");
  EXPECT_EQ(error(false, "n"), "run.json: 'n' is 3, expected true or false");
  EXPECT_EQ(error(std::string(), "b"), "run.json: 'b' is true, expected a text");
  EXPECT_EQ(error(std::vector<std::string>(), "list"),
            "run.json: 'list' is [1,2], expected a list of which each is a text");
  EXPECT_EQ(error(0.0, "absent"), "run.json: has no 'absent', expected a number");
  EXPECT_EQ(error_of([] { json_field<int>(json::array({1}), "n", "run.json"); }),
            "run.json: is [1], expected a JSON object");
  EXPECT_EQ(error_of([] {
              json_field<int8_t>(json{{"n", 128}}, "n", "run.json");
            }),
            "run.json: 'n' is 128, expected a whole number");
}

}  // namespace
}  // namespace lifted
