#include "lifted/app/man_page.h"

#include <fmt/ranges.h>

#include "lifted/app/commands.h"
#include "lifted_version.h"

namespace lifted::app {
namespace {

/// Text that roff reads as itself: backslashes, hyphens that are minus signs, and a first character that is no request.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else {
      out += c;
    }
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string option_text(const OptionEntry& option) {
  std::vector<std::string> names;
  for (const auto& name : option.names) names.push_back("\\fB" + roff(name) + "\\fR");
  std::string text = fmt::format(".TP\n{}", fmt::join(names, ", "));
  if (!option.flag() && !option.positional) text += " \\fI" + roff(option.value) + "\\fR";
  if (option.repeats) text += " ...";
  return text + "\n" + roff(option.sentence()) + "\n";
}

std::string command_text(const CommandEntry& command) {
  std::string text = fmt::format(".SS \"liftedgan {}\"\n{}.\n", roff(command.path), roff(command.description));
  for (const auto& option : command.options)
    if (option.names.front() != "--help") text += option_text(option);
  return text;
}

}  // namespace

std::string man_page(const std::vector<CommandEntry>& commands) {
  const CommandEntry& program = commands.front();
  std::string text = fmt::format(
      ".TH LIFTEDGAN 1 \"\" \"liftedgan {}\" \"User Commands\"\n"
      ".SH NAME\nliftedgan \\- {}\n"
      ".SH SYNOPSIS\n.B liftedgan\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
      ".SH DESCRIPTION\n"
      "Seeds mean what they mean in StyleGAN\\(aqs tools and depend neither on the batch size nor on the number of "
      "threads.\n"
      "Every command that samples runs without any file: the program carries a network of synthetic heads.\n"
      "Of several names of an option the first is the one that help shows; in all of them _ may stand for \\-.\n"
      ".SH OPTIONS\nThese go with every command.\n",
      LIFTED_VERSION, roff(program.description));
  for (const auto& option : program.options) text += option_text(option);
  text += ".SH COMMANDS\n";
  for (const auto& command : commands)
    if (!command.path.empty()) text += command_text(command);
  return text +
         ".SH EXIT STATUS\n"
         "0 for success, 1 for what was wrong in the world (a file, the disk), 2 for a command line that means "
         "nothing.\n"
         ".SH ENVIRONMENT\n"
         ".TP\n\\fBLIFTEDGAN_TOKEN\\fR\nThe secret of \\fBview\\fR, instead of \\-\\-token.\n"
         ".TP\n\\fBOMP_NUM_THREADS\\fR\nComputing threads where \\-\\-threads is not given.\n"
         ".TP\n\\fBOMP_WAIT_POLICY\\fR\nactive: threads wait for each other awake, a tenth faster where nobody else "
         "needs the cores; by default they do so briefly.\n"
         ".TP\n\\fBOPENBLAS_CORETYPE\\fR\nOpenBLAS\\(aqs kernels; chosen by the program otherwise.\n";
}

void add_man(CLI::App& app) {
  CLI::App* command = app.add_subcommand("man", "Print the manual as a page for man: liftedgan man | man -l -");
  command->callback([&app] { fmt::print("{}", man_page(describe_commands(app))); });
}

}  // namespace lifted::app
