#include "lifted/app/completion.h"

#include <fmt/ranges.h>

#include <set>

#include "lifted/app/commands.h"
#include "lifted/app/validators.h"

namespace lifted::app {
namespace {

/// Within single quotes, for sh, zsh and fish alike.
std::string single_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\"'\"'") : std::string(1, c);
  return out + "'";
}

std::vector<std::string> option_names(const CommandEntry& command) {
  std::vector<std::string> names;
  for (const auto& option : command.options)
    if (!option.positional) names.push_back(option.names.front());
  return names;
}

/// "'generate --maps' | 'generate --other'" for every spelling.
std::string value_pattern(const CommandEntry& command, const OptionEntry& option) {
  std::vector<std::string> patterns;
  for (const auto& name : option.names)
    if (name.starts_with("-")) patterns.push_back(single_quoted(command.path + " " + name));
  return fmt::format("{}", fmt::join(patterns, " | "));
}

/// The branches of `case "$command $word"` that follow the words of a command.
std::string descent(const std::vector<CommandEntry>& commands) {
  std::vector<std::string> paths;
  for (const auto& command : commands)
    if (!command.path.empty())
      paths.push_back(single_quoted(command.path.find(' ') == std::string::npos ? " " + command.path : command.path));
  return fmt::format("      {}) command=${{command:+$command }}$word ;;\n", fmt::join(paths, " | "));
}

/// The branches of `case "$command $previous"`: what `offer` says for every option with choices, and the beginning of
/// one for all that take another value.
std::string option_values(const std::vector<CommandEntry>& commands, std::string (*offer)(const OptionEntry&)) {
  std::string branches, files;
  for (const auto& command : commands) {
    for (const auto& option : command.options) {
      if (option.flag() || option.names.front()[0] != '-') continue;
      if (option.choices.empty()) {
        files += (files.empty() ? "" : " | ") + value_pattern(command, option);
      } else {
        branches += fmt::format("    {}) {}; return ;;\n", value_pattern(command, option), offer(option));
      }
    }
  }
  return branches + fmt::format("    {}) ", files);
}

std::string joined_options(const CommandEntry& program, const CommandEntry& command) {
  std::vector<std::string> names = option_names(command);
  if (!command.path.empty())
    for (const auto& name : option_names(program))
      if (std::ranges::find(names, name) == names.end() && name != "--version") names.push_back(name);
  return fmt::format("{}", fmt::join(names, " "));
}

/// In zsh's _describe a colon ends the name.
std::string zsh_item(const std::string& name, const std::string& description) {
  return single_quoted(name + ":" + description);
}

/// The items of a command's options and of the program's.
std::string zsh_options(const CommandEntry& program, const CommandEntry& command) {
  std::set<std::string> listed;
  std::string items;
  for (const CommandEntry* source : {&command, &program}) {
    for (const auto& option : source->options) {
      if (option.positional || (source != &command && option.names.front() == "--version")) continue;
      if (!listed.insert(option.names.front()).second) continue;
      items += "\n          " + zsh_item(option.names.front(), option.sentence());
    }
  }
  return items;
}

std::string zsh_subcommands(const std::vector<CommandEntry>& commands, const CommandEntry& command) {
  std::string names;
  for (const auto& name : command.subcommands) {
    const std::string path = command.path.empty() ? name : command.path + " " + name;
    const auto entry = std::ranges::find(commands, path, &CommandEntry::path);
    names += "\n          " + zsh_item(name, entry->description);
  }
  return fmt::format("        items=({})\n        _describe command items\n", names);
}

std::string fish_condition(const CommandEntry& command, const std::vector<CommandEntry>& commands) {
  if (command.path.empty()) return "true";
  const size_t blank = command.path.find(' ');
  if (blank != std::string::npos)
    return fmt::format("__fish_seen_subcommand_from {}; and __fish_seen_subcommand_from {}",
                       command.path.substr(0, blank), command.path.substr(blank + 1));
  std::string groups;
  for (const auto& other : commands)
    if (!other.path.empty() && !other.subcommands.empty() && other.path != command.path) groups += " " + other.path;
  return fmt::format("__fish_seen_subcommand_from {}{}", command.path,
                     groups.empty() ? "" : "; and not __fish_seen_subcommand_from" + groups);
}

std::string fish_option(const std::string& condition, const OptionEntry& option) {
  std::string line = "complete -c liftedgan -n " + single_quoted(condition);
  for (const auto& name : option.names) {
    if (name.starts_with("--")) line += " -l " + name.substr(2);
    if (name.size() == 2) line += " -s " + name.substr(1);
  }
  if (!option.flag()) line += option.choices.empty() ? " -r -F" : " -x";
  if (!option.choices.empty()) line += " -a " + single_quoted(fmt::format("{}", fmt::join(option.choices, " ")));
  return line + " -d " + single_quoted(option.sentence()) + "\n";
}

}  // namespace

std::string bash_completion(const std::vector<CommandEntry>& commands) {
  const CommandEntry& program = commands.front();
  std::string out =
      "# Completion of liftedgan for bash: liftedgan completion bash > "
      "~/.local/share/bash-completion/completions/liftedgan\n"
      "_liftedgan() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word i\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    word=${COMP_WORDS[i]}\n"
      "    case \"$command $word\" in\n" +
      descent(commands) +
      "    esac\n"
      "  done\n"
      "  # --option=value comes as three words.\n"
      "  if [[ $current == = ]]; then current=; elif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; "
      "fi\n"
      "  COMPREPLY=()\n"
      "  case \"$command $previous\" in\n";
  out += option_values(commands, [](const OptionEntry& option) {
    return fmt::format("COMPREPLY=($(compgen -W {} -- \"${{current##*,}}\"))",
                       single_quoted(fmt::format("{}", fmt::join(option.choices, " "))));
  });
  out += "return ;;  # a file, which bash completes, or a number\n";
  out +=
      "  esac\n"
      "  case \"$command\" in\n";
  for (const auto& command : commands) {
    out += fmt::format("    {})\n      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W {} -- \"$current\"))\n",
                       single_quoted(command.path), single_quoted(joined_options(program, command)));
    if (!command.subcommands.empty())
      out += fmt::format("      else COMPREPLY=($(compgen -W {} -- \"$current\"))\n",
                         single_quoted(fmt::format("{}", fmt::join(command.subcommands, " "))));
    out += "      fi ;;\n";
  }
  return out +
         "  esac\n"
         "}\n"
         "complete -o default -F _liftedgan liftedgan\n";
}

std::string zsh_completion(const std::vector<CommandEntry>& commands) {
  const CommandEntry& program = commands.front();
  std::string out =
      "#compdef liftedgan\n"
      "# Completion of liftedgan for zsh: liftedgan completion zsh > a folder of $fpath, as _liftedgan\n"
      "_liftedgan() {\n"
      "  local command= word\n"
      "  local -a items\n"
      "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
      "    case \"$command $word\" in\n" +
      descent(commands) +
      "    esac\n"
      "  done\n"
      "  case \"$command $words[CURRENT-1]\" in\n";
  out += option_values(commands, [](const OptionEntry& option) {
    return fmt::format("compset -P '*,'; compadd -- {}", fmt::join(option.choices, " "));
  });
  out += "_files; return ;;\n  esac\n  case \"$command\" in\n";
  for (const auto& command : commands) {
    out += fmt::format("    {})\n      if [[ $PREFIX == -* ]]; then\n        items=({})\n", single_quoted(command.path),
                       zsh_options(program, command));
    out += "        _describe -o option items\n      else\n";
    out += command.subcommands.empty() ? "        _files\n" : zsh_subcommands(commands, command);
    out += "      fi ;;\n";
  }
  return out +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _liftedgan ]]; then _liftedgan \"$@\"; else compdef _liftedgan liftedgan; fi\n";
}

std::string fish_completion(const std::vector<CommandEntry>& commands) {
  std::string out =
      "# Completion of liftedgan for fish: liftedgan completion fish > ~/.config/fish/completions/liftedgan.fish\n";
  for (const auto& command : commands) {
    const std::string condition = fish_condition(command, commands);
    for (const auto& name : command.subcommands) {
      const std::string path = command.path.empty() ? name : command.path + " " + name;
      const auto entry = std::ranges::find(commands, path, &CommandEntry::path);
      const std::string where = command.path.empty()
                                    ? "__fish_use_subcommand"
                                    : condition + fmt::format("; and not __fish_seen_subcommand_from {}",
                                                              fmt::join(command.subcommands, " "));
      out += fmt::format("complete -c liftedgan -f -n {} -a {} -d {}\n", single_quoted(where), name,
                         single_quoted(entry->description));
    }
    for (const auto& option : command.options)
      if (!option.positional) out += fish_option(condition, option);
  }
  return out;
}

void add_completion(CLI::App& app) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a script that lets a shell complete what is typed");
  command->add_option("shell", *shell, "Which shell's")->required()->transform(choice({"bash", "zsh", "fish"}));
  command->callback([shell, &app] {
    const auto commands = describe_commands(app);
    fmt::print("{}", *shell == "bash"  ? bash_completion(commands)
                     : *shell == "zsh" ? zsh_completion(commands)
                                       : fish_completion(commands));
  });
}

}  // namespace lifted::app
