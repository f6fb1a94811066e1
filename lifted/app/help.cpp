#include "lifted/app/help.h"

#include <fmt/ranges.h>

#include <sstream>

#include "lifted/app/command_table.h"

namespace lifted::app {
namespace {

constexpr size_t kNameColumn = 28, kLineWidth = 100;

size_t characters(const std::string& utf8) {
  return static_cast<size_t>(std::ranges::count_if(utf8, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

/// A name, and beside or below it its text, wrapped.
std::string two_columns(const std::string& name, const std::string& text) {
  std::string out = "  " + name;
  size_t column = 2 + characters(name);
  const auto start_text = [&] {
    out += std::string(kNameColumn - column, ' ');
    column = kNameColumn;
  };
  const auto next_line = [&] {
    out += '\n';
    column = 0;
    start_text();
  };
  if (column + 2 > kNameColumn) {
    next_line();
  } else {
    start_text();
  }
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const size_t width = characters(word);
    if (column > kNameColumn && column + 1 + width > kLineWidth) next_line();
    if (column > kNameColumn) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width;
  }
  return out + '\n';
}

/// The first long name and a short one: others are old or other tools' names for the same.
std::string shown_name(const OptionEntry& option) {
  std::string name = option.names.front();
  for (const auto& other : option.names)
    if (other.size() == 2 && other != name) name += ", " + other;
  if (!option.flag() && !option.positional) name += " " + option.value;
  return option.repeats ? name + " …" : name;
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool) const override {
    const OptionEntry entry = describe(*option);
    return two_columns(shown_name(entry), entry.sentence());
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return two_columns(command->get_name(), command->get_description());
  }
  std::string make_footer(const CLI::App* app) const override {
    return app->get_parent() ? "--quiet and --verbose go with every command.\n"
                             : "`liftedgan COMMAND --help` says more of one; `liftedgan man` of all.\n";
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() {
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->label("SUBCOMMAND", "COMMAND");
  formatter->label("Subcommands", "Commands");
  return formatter;
}

}  // namespace lifted::app
