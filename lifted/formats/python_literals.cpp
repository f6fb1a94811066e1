#include "lifted/formats/python_literals.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "lifted/base/error.h"
#include "lifted/formats/python_tokens.h"

namespace lifted::formats {
namespace {
using nlohmann::json;

/// What a statement cannot be told from: "a computed value"…
struct Unreadable {
  std::string why;
};

/// The literal that a row of tokens spells. Throws Unreadable.
class PythonLiteral {
 public:
  explicit PythonLiteral(const std::vector<PythonToken>& tokens, size_t from) : tokens_(tokens), at_(from) {}

  /// All the tokens: a value, or a tuple without its brackets.
  json whole() {
    json first = value();
    if (!peek().is(",")) {
      finish();
      return first;
    }
    json items = json::array({std::move(first)});
    while (take(",")) {
      if (peek().kind == PythonToken::Kind::end) break;
      items.push_back(value());
    }
    finish();
    return items;
  }

 private:
  const PythonToken& peek() const {
    static const PythonToken end;
    return at_ < tokens_.size() ? tokens_[at_] : end;
  }
  bool take(std::string_view mark) {
    if (!peek().is(mark)) return false;
    ++at_;
    return true;
  }

  void finish() const {
    const PythonToken& next = peek();
    if (next.kind == PythonToken::Kind::end) return;
    if (next.is("=")) throw Unreadable{"several names at once"};
    if (next.is("(")) throw Unreadable{"a call"};
    throw Unreadable{fmt::format("a computed value ('{}' follows a literal)", next.text)};
  }

  json value() {
    const PythonToken token = peek();
    ++at_;
    switch (token.kind) {
      case PythonToken::Kind::number:
        return number(token.text);
      case PythonToken::Kind::string: {
        std::string text = token.text;
        for (; peek().kind == PythonToken::Kind::string; ++at_) text += peek().text;
        return text;
      }
      case PythonToken::Kind::name:
        return named(token.text);
      case PythonToken::Kind::mark:
        if (token.text == "-" || token.text == "+") return signed_number(token.text == "-");
        if (token.text == "(") return tuple();
        if (token.text == "[") return items("]");
        if (token.text == "{") return dict();
        throw Unreadable{fmt::format("'{}', which begins no literal", token.text)};
      case PythonToken::Kind::end:
        break;
    }
    throw Unreadable{"no value"};
  }

  json named(const std::string& name) const {
    if (name == "True") return true;
    if (name == "False") return false;
    if (name == "None") return nullptr;
    if (peek().is("(") || peek().is(".")) throw Unreadable{fmt::format("a call or an attribute of '{}'", name)};
    throw Unreadable{fmt::format("a computed value (the name '{}')", name)};
  }

  json signed_number(bool negative) {
    if (peek().kind != PythonToken::Kind::number) throw Unreadable{"a computed value (a sign before no number)"};
    json number = value();
    if (!negative) return number;
    return number.is_number_integer() ? json(-number.get<int64_t>()) : json(-number.get<double>());
  }

  static json number(std::string text) {
    if (text.find("__") == std::string::npos && !text.ends_with('_')) std::erase(text, '_');
    int base = 10;
    size_t skip = 0;
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) base = 16, skip = 2;
    int64_t integer = 0;
    const char* const end = text.data() + text.size();
    const auto whole = std::from_chars(text.data() + skip, end, integer, base);
    if (whole.ec == std::errc() && whole.ptr == end && (base == 16 || text == "0" || text[0] != '0')) return integer;
    double real = 0;
    const auto parsed = std::from_chars(text.data(), end, real);
    const bool octal = text.size() > 1 && text.find_first_not_of("0123456789") == std::string::npos && text[0] == '0';
    if (parsed.ec != std::errc() || parsed.ptr != end || octal)
      throw Unreadable{fmt::format("'{}', which is no number read here", text)};
    return real;
  }

  json tuple() {
    if (take(")")) return json::array();
    json first = value();
    if (take(")")) return first;  // brackets around one value
    json all = json::array({std::move(first)});
    if (!take(",")) unexpected();
    for (json& item : items(")")) all.push_back(std::move(item));
    return all;
  }

  json items(std::string_view close) {
    json all = json::array();
    while (!take(close)) {
      all.push_back(value());
      if (!peek().is(close) && !take(",")) unexpected();
    }
    return all;
  }

  json dict() {
    json all = json::object();
    while (!take("}")) {
      const json key = value();
      if (!take(":")) unexpected();
      all[key.is_string() ? key.get<std::string>() : key.dump()] = value();
      if (!peek().is("}") && !take(",")) unexpected();
    }
    return all;
  }

  [[noreturn]] void unexpected() const {
    throw Unreadable{fmt::format("a computed value ('{}' follows a literal)", peek().text)};
  }

  const std::vector<PythonToken>& tokens_;
  size_t at_;
};

constexpr auto kHarmlessModules = std::to_array<std::string_view>(
    {"__future__", "argparse", "collections", "copy",  "datetime",    "functools", "glob",
     "itertools",  "json",     "math",        "numpy", "os",          "pathlib",   "random",
     "re",         "sys",      "time",        "torch", "torchvision", "typing"});

/// Words that begin a statement which may assign anything.
constexpr auto kPythonKeywords = std::to_array<std::string_view>(
    {"if",    "for",    "while", "def",    "class",  "with",     "try",    "except", "finally", "else",
     "elif",  "del",    "raise", "assert", "global", "nonlocal", "return", "yield",  "lambda",  "async",
     "await", "import", "from",  "exec",   "eval",   "globals",  "locals", "vars",   "setattr", "execfile"});

bool is_harmless(const PythonToken& module) {
  return std::ranges::find(kHarmlessModules, module.text) != kHarmlessModules.end();
}

/// `import a.b as c, d`; `from a import b`.
bool imports_harmless(const std::vector<PythonToken>& tokens) {
  if (tokens.size() < 2 || !is_harmless(tokens[1])) return false;
  for (size_t i = 2; i < tokens.size(); ++i) {
    if (tokens[i].is("*")) return false;
    const bool another = tokens[0].text == "import" && tokens[i].is(",");
    if (another && (i + 1 >= tokens.size() || !is_harmless(tokens[i + 1]))) return false;
  }
  return true;
}

bool has_no_effect(const std::vector<PythonToken>& tokens) {
  if (tokens[0].kind == PythonToken::Kind::string)
    return std::ranges::all_of(tokens, [](const auto& token) { return token.kind == PythonToken::Kind::string; });
  if (tokens[0].kind != PythonToken::Kind::name) return false;
  if (tokens[0].text == "pass") return tokens.size() == 1;
  return (tokens[0].text == "import" || tokens[0].text == "from") && imports_harmless(tokens);
}

/// The names before the last '='.
std::vector<std::string> targets_of(const std::vector<PythonToken>& tokens) {
  std::vector<std::string> targets;
  const auto last = std::find_if(tokens.rbegin(), tokens.rend(), [](const auto& token) { return token.is("="); });
  for (auto token = tokens.begin(); token < last.base(); ++token)
    if (token->kind == PythonToken::Kind::name) targets.push_back(token->text);
  return targets;
}

/// Why a statement without a keyword assigns no literal to one name; empty if it may.
std::string form_problem(const std::vector<PythonToken>& tokens) {
  if (tokens.size() > 2 && tokens[1].is("=")) return "";
  if (tokens.size() > 2 && tokens[2].is("=") && tokens[1].kind == PythonToken::Kind::mark && !tokens[1].is(","))
    return "it changes an earlier value";
  return "it is no plain assignment NAME = VALUE";
}

PythonStatement statement(const PythonLine& line) {
  const auto& tokens = line.tokens;
  PythonStatement result{.line = tokens[0].line};
  const bool named = tokens[0].kind == PythonToken::Kind::name &&
                     std::ranges::find(kPythonKeywords, tokens[0].text) == kPythonKeywords.end();
  if (named) result.name = tokens[0].text;
  if (line.indented) {
    result.problem = "it is part of a block";
  } else if (!named) {
    const bool import = tokens[0].text == "import" || tokens[0].text == "from";
    result.problem = import ? "it imports what is not read" : fmt::format("'{}' begins no assignment", tokens[0].text);
  } else if (result.problem = form_problem(tokens); result.problem.empty()) {
    try {
      result.value = PythonLiteral(tokens, 2).whole();
    } catch (const Unreadable& unreadable) {
      result.problem = unreadable.why;
    }
  }
  if (!result.problem.empty()) result.targets = targets_of(tokens);
  return result;
}

}  // namespace

std::vector<PythonStatement> read_python_literals(std::string_view text, const std::string& what) {
  std::vector<PythonStatement> statements;
  for (const auto& line : python_lines(text, what))
    if (line.indented || !has_no_effect(line.tokens)) statements.push_back(statement(line));
  return statements;
}

}  // namespace lifted::formats
