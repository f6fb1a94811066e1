#include "lifted/app/command_table.h"

#include <fmt/ranges.h>

#include "lifted/app/validators.h"

namespace lifted::app {
namespace {

std::string description_of(const CLI::Option& option, const char* validator) {
  // CLI11 gives access to validators by name on options that may be changed only.
  try {
    return const_cast<CLI::Option&>(option).get_validator(validator)->get_description();
  } catch (const CLI::OptionNotFound&) {
    return {};
  }
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + separator.size();
  }
  return parts;
}

void add_commands(const CLI::App& app, const std::string& path, std::vector<CommandEntry>& all) {
  CommandEntry entry{path, app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) entry.options.push_back(describe(*option));
  std::vector<const CLI::App*> shown;
  for (const CLI::App* command : app.get_subcommands({}))
    if (!command->get_group().empty()) shown.push_back(command);
  for (const CLI::App* command : shown) entry.subcommands.push_back(command->get_name());
  all.push_back(std::move(entry));
  for (const CLI::App* command : shown)
    add_commands(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), all);
}

}  // namespace

std::string OptionEntry::sentence() const {
  std::vector<std::string> notes;
  if (!choices.empty()) notes.push_back(fmt::format("{}", fmt::join(choices, ", ")));
  if (!range.empty()) notes.push_back(range);
  if (required) notes.push_back("required");
  if (!fallback.empty()) notes.push_back("default " + fallback);
  return notes.empty() ? description : fmt::format("{} ({})", description, fmt::join(notes, "; "));
}

OptionEntry describe(const CLI::Option& option) {
  OptionEntry entry;
  for (const auto& name : option.get_lnames()) entry.names.push_back("--" + name);
  for (const auto& name : option.get_snames()) entry.names.push_back("-" + name);
  entry.description = option.get_description();
  entry.positional = option.get_positional();
  if (entry.positional) entry.names.insert(entry.names.begin(), option.get_name(true, false));
  entry.choices = split(description_of(option, kChoiceValidator), kChoiceSeparator);
  entry.range = description_of(option, kNumberValidator);
  if (option.get_expected_max() != 0) {  // otherwise a flag
    const std::string type = option.get_type_name();
    const bool numeric = !entry.range.empty();
    entry.value = numeric ? "N" : entry.choices.empty() ? type.substr(0, type.find(':')) : "NAME";
    if (entry.value.empty()) entry.value = "TEXT";
    entry.fallback = option.get_default_str();
  }
  entry.required = option.get_required();
  entry.repeats = option.get_expected_max() > 1;
  return entry;
}

std::vector<CommandEntry> describe_commands(const CLI::App& program) {
  std::vector<CommandEntry> all;
  add_commands(program, "", all);
  return all;
}

}  // namespace lifted::app
