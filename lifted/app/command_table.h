// The commands and their options as plain data, read off CLI11's tree: help, completion, the man page and the tests
// tell of the same table.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace lifted::app {

struct OptionEntry {
  std::vector<std::string> names;  // "--trunc", "--psi", "-n": the one that help shows first
  std::string description;
  std::string value;  // "N", "TEXT" or "on|off" …; empty: a flag
  std::vector<std::string> choices;
  std::string range, fallback;  // "from 1 to 65536"; the default as text
  bool required = false, repeats = false, positional = false;

  bool flag() const { return value.empty(); }
  /// The description with what may be given and what is taken otherwise in parentheses.
  std::string sentence() const;
};

struct CommandEntry {
  std::string path;  // "dataset make"; empty: the program itself
  std::string description;
  std::vector<OptionEntry> options;      // those of the program itself are accepted by every command
  std::vector<std::string> subcommands;  // their last words
};

OptionEntry describe(const CLI::Option& option);
/// The program first, then every command that help shows, a group before its members.
std::vector<CommandEntry> describe_commands(const CLI::App& program);

}  // namespace lifted::app
