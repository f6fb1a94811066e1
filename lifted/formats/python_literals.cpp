#include "lifted/formats/python_literals.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "lifted/base/error.h"

namespace lifted::formats {
namespace {
using nlohmann::json;

struct PythonToken {
  enum class Kind { name, number, string, mark, end };
  Kind kind = Kind::end;
  std::string text = {};  // of a string: its content
  int line = 0;
  bool is(std::string_view mark) const { return kind == Kind::mark && text == mark; }
};

constexpr int kMaxNesting = 100;

bool starts_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) {
  return starts_name(c) || std::isdigit(static_cast<unsigned char>(c));
}

/// What a statement cannot be told from: "a computed value"…
struct Unreadable {
  std::string why;
};

/// Text to logical lines of tokens.
class PythonTokens {
 public:
  PythonTokens(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  /// Each logical line, with whether it is indented.
  struct Line {
    std::vector<PythonToken> tokens;
    bool indented = false;
  };

  std::vector<Line> lines() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < text_.size()) next();
    require(nesting_ == 0, "{}:{}: a bracket that is not closed", what_, opened_);
    end_line();
    return std::move(lines_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void next() {
    const char c = peek();
    if (c == '\n') {
      if (nesting_ == 0) end_line();
      ++line_, ++at_;
      return;
    }
    if (c == '#') {
      while (at_ < text_.size() && peek() != '\n') ++at_;
    } else if (c == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) {
      at_ += peek(1) == '\n' ? 2 : 3;
      ++line_;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
      if (current_.tokens.empty() && nesting_ == 0 && (at_ == 0 || text_[at_ - 1] == '\n')) current_.indented = true;
      ++at_;
    } else if (!string()) {
      word_or_mark(c);
    }
  }

  void word_or_mark(char c) {
    const size_t first = at_;
    if (starts_name(c)) {
      while (continues_name(peek())) ++at_;
      return add(PythonToken::Kind::name, std::string(text_.substr(first, at_ - first)));
    }
    if (std::isdigit(static_cast<unsigned char>(c)) ||
        (c == '.' && std::isdigit(static_cast<unsigned char>(peek(1))))) {
      while (continues_name(peek()) || peek() == '.' ||
             ((peek() == '+' || peek() == '-') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E') &&
              !text_.substr(first).starts_with("0x")))
        ++at_;
      return add(PythonToken::Kind::number, std::string(text_.substr(first, at_ - first)));
    }
    ++at_;
    if (c == '(' || c == '[' || c == '{') {
      if (nesting_++ == 0) opened_ = line_;
      require(nesting_ <= kMaxNesting, "{}:{}: brackets nest deeper than {}", what_, line_, kMaxNesting);
    }
    if (c == ')' || c == ']' || c == '}')
      require(--nesting_ >= 0, "{}:{}: '{}' closes a bracket that was not opened", what_, line_, c);
    if (c == '=' && peek() == '=') ++at_;
    add(PythonToken::Kind::mark, std::string(text_.substr(first, at_ - first)));
  }

  /// A string literal at this place, with its prefix; false if there is none.
  bool string() {
    size_t prefix = 0;
    while (prefix < 2 && std::string_view("rRbBuUfF").find(peek(prefix)) != std::string_view::npos && peek(prefix))
      ++prefix;
    const char quote = peek(prefix);
    if (quote != '"' && quote != '\'') return false;
    std::string letters(text_.substr(at_, prefix));
    std::ranges::transform(letters, letters.begin(), [](unsigned char c) { return std::tolower(c); });
    at_ += prefix;
    const bool is_long = peek(1) == quote && peek(2) == quote;
    const std::string close(is_long ? 3 : 1, quote);
    const int began = line_;
    at_ += close.size();
    std::string content;
    while (!text_.substr(at_).starts_with(close)) {
      require(at_ < text_.size() && (is_long || peek() != '\n'), "{}:{}: a string that does not end", what_, began);
      if (peek() == '\n') ++line_;
      if (peek() == '\\' && at_ + 1 < text_.size()) {
        escape(letters.find('r') != std::string::npos, content);
      } else {
        content += text_[at_++];
      }
    }
    at_ += close.size();
    // Text that Python would compute is no literal: it is left as a mark that no value begins with.
    const bool computed = letters.find('f') != std::string::npos || letters.find('b') != std::string::npos;
    current_.tokens.push_back(
        {computed ? PythonToken::Kind::mark : PythonToken::Kind::string, computed ? letters + "''" : content, began});
    return true;
  }

  void escape(bool raw, std::string& content) {
    const char c = text_[at_ + 1];
    if (c == '\n') ++line_;
    at_ += 2;
    if (raw) {
      content += '\\';
      content += c;
    } else if (c == 'n' || c == 't') {
      content += c == 'n' ? '\n' : '\t';
    } else if (c == '\\' || c == '\'' || c == '"') {
      content += c;
    } else if (c != '\n') {  // others are kept as they are written
      content += '\\';
      content += c;
    }
  }

  void add(PythonToken::Kind kind, std::string text) {
    if (kind == PythonToken::Kind::mark && text == ";" && nesting_ == 0) {
      const bool indented = current_.indented;
      end_line();
      current_.indented = indented;
      return;
    }
    current_.tokens.push_back({kind, std::move(text), line_});
  }

  void end_line() {
    if (!current_.tokens.empty()) lines_.push_back(std::move(current_));
    current_ = {};
  }

  std::string_view text_;
  const std::string& what_;
  size_t at_ = 0;
  int line_ = 1, nesting_ = 0, opened_ = 0;
  Line current_;
  std::vector<Line> lines_;
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

PythonStatement statement(const PythonTokens::Line& line) {
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
  for (const auto& line : PythonTokens(text, what).lines())
    if (line.indented || !has_no_effect(line.tokens)) statements.push_back(statement(line));
  return statements;
}

}  // namespace lifted::formats
