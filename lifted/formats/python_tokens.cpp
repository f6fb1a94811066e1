#include "lifted/formats/python_tokens.h"

#include <algorithm>
#include <cctype>

#include "lifted/base/error.h"

namespace lifted::formats {
namespace {

constexpr int kMaxNesting = 100;

bool starts_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) {
  return starts_name(c) || std::isdigit(static_cast<unsigned char>(c));
}

/// Text to logical lines of tokens.
class PythonTokens {
 public:
  PythonTokens(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  std::vector<PythonLine> lines() {
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
  PythonLine current_;
  std::vector<PythonLine> lines_;
};

}  // namespace

std::vector<PythonLine> python_lines(std::string_view text, const std::string& what) {
  return PythonTokens(text, what).lines();
}

}  // namespace lifted::formats
