#include "lifted/app/command_line.h"

#include <fmt/ranges.h>

#include <chrono>
#include <set>

#include "lifted/app/command_table.h"
#include "lifted/app/commands.h"
#include "lifted/app/completion.h"
#include "lifted/app/help.h"
#include "lifted/app/man_page.h"
#include "lifted/app/spelling.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted_version.h"

namespace lifted::app {
namespace {

using Words = std::vector<std::string>;

Words command_names(const CLI::App& command) {
  Words names;
  for (const CLI::App* each : command.get_subcommands({}))
    if (!each->get_group().empty()) names.push_back(each->get_name());
  return names;
}

std::string path_of(const CLI::App& command) {
  return command.get_parent() ? path_of(*command.get_parent()) + " " + command.get_name() : command.get_name();
}

/// An option of the command or of the program.
const CLI::Option* find_option(const CLI::App* command, const std::string& name) {
  for (; command; command = command->get_parent())
    if (const CLI::Option* option = command->get_option_no_throw(name)) return option;
  return nullptr;
}

Words all_option_names(const CLI::App* command) {
  Words names;
  for (; command; command = command->get_parent())
    for (const CLI::Option* option : command->get_options())
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

bool is_negative_value(const std::string& word) {
  static const std::set<std::string> names = {"-inf", "-infinity", "-nan"};
  return word.size() > 1 && word[0] == '-' &&
         (names.contains(CLI::detail::to_lower(word)) || word[1] == '.' || (word[1] >= '0' && word[1] <= '9'));
}

bool is_truth_value(const std::string& word) {
  static const std::set<std::string> names = {"0", "1", "true", "false", "yes", "no", "on", "off"};
  return names.contains(CLI::detail::to_lower(word));
}

/// Reads words in order, to find mistakes while it is known which command they belong to, and to write what CLI11 would
/// misread as it reads it.
class Reader {
 public:
  explicit Reader(const CLI::App& program) : command_(&program) {}

  Words read(const Words& words) {
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] == "--") {
        result_.insert(result_.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
        break;
      }
      const std::string* next = i + 1 < words.size() ? &words[i + 1] : nullptr;
      if (words[i].starts_with("--")) {
        i += option(words[i], next);
      } else {
        word(words[i]);
      }
    }
    const Words missing = command_names(*command_);
    if (!missing.empty() && !asks_for_help()) {
      usage_error("{}: expected a command: {}", path_of(*command_), fmt::join(missing, ", "));
    }
    return result_;
  }

 private:
  /// Returns how many of the words after it were used up.
  size_t option(const std::string& word, const std::string* next) {
    const size_t sign = std::min(word.find('='), word.size());
    std::string name = word.substr(0, sign);
    std::ranges::replace(name, '_', '-');
    const CLI::Option* known = find_option(command_, name);
    if (!known) {
      const std::string guess = did_you_mean(name, all_option_names(command_));
      usage_error("{} has no option {}{}", path_of(*command_), name,
                  guess.empty() ? fmt::format("; `{} --help` lists them", path_of(*command_)) : guess);
    }
    const bool flag = known->get_expected_max() == 0;
    const bool whole = sign < word.size();
    if (!whole && next && (flag ? is_truth_value(*next) && takes_no_words() : is_negative_value(*next))) {
      result_.push_back(name + "=" + *next);
      return 1;
    }
    result_.push_back(name + word.substr(sign));
    if (whole || flag || !next || next->starts_with("--")) return 0;
    result_.push_back(*next);
    return 1;
  }

  void word(const std::string& text) {
    result_.push_back(text);
    const Words names = command_names(*command_);
    if (names.empty() || text.starts_with("-")) return;
    for (const CLI::App* each : command_->get_subcommands({})) {
      if (each->get_name() == text) {
        command_ = each;
        return;
      }
    }
    const std::string guess = did_you_mean(text, names);
    usage_error("{} has no command {}{}", path_of(*command_), text,
                guess.empty() ? fmt::format("; `{} --help` lists them", path_of(*command_)) : guess);
  }

  bool takes_no_words() const {
    return command_->get_options([](const CLI::Option* each) { return each->get_positional(); }).empty();
  }
  bool asks_for_help() const {
    return std::ranges::any_of(
        result_, [](const auto& each) { return each == "--help" || each == "-h" || each == "--version"; });
  }

  const CLI::App* command_;
  Words result_;
};

/// CLI11's errors as sentences of ours. Those of validators say "--option: VALUE: expected …".
std::string sentence_of(const CLI::ParseError& error) {
  const std::string text = error.what();
  const size_t colon = text.find(": ");
  const std::string name = text.substr(0, colon), rest = colon == std::string::npos ? "" : text.substr(colon + 2);
  if (dynamic_cast<const CLI::ValidationError*>(&error) && !rest.empty()) return name + " " + rest;
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) && !rest.empty()) {
    return fmt::format("{}: expected {}", name, rest.find("At Most") == std::string::npos ? "a value" : "one value");
  }
  if (dynamic_cast<const CLI::ExcludesError*>(&error)) {
    const size_t verb = text.find(" excludes ");
    return fmt::format("{} and {}: expected one of them, not both", text.substr(0, verb), text.substr(verb + 10));
  }
  return text;
}

std::string unexpected_words(const CLI::App& program) {
  const CLI::App* command = &program;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  const Words words = program.remaining(true);
  return fmt::format("{} takes no '{}'; `{} --help` says what it takes", path_of(*command), fmt::join(words, " "),
                     path_of(*command));
}

void add_launcher_answers(CLI::App& app) {
  CLI::App* command = app.add_subcommand("launcher-answers", "What the launcher answers by itself");
  command->group("");
  // A tree of its own: of one that has read a command, CLI11 shows that command's help for the whole.
  command->callback([] { fmt::print("{}", launcher_answers(*make_command_line())); });
}

}  // namespace

std::unique_ptr<CLI::App> make_command_line() {
  auto program = std::make_unique<CLI::App>("3D-aware faces from a 2D StyleGAN", "liftedgan");
  program->formatter(help_formatter());
  program->fallthrough();
  program->set_help_flag("-h,--help", "Say what a command does and takes");
  program->set_version_flag("--version", LIFTED_VERSION, "Print the version");
  program->add_flag_callback(
      "-q,--quiet", [] { set_log_level(LogLevel::quiet); }, "Only results, warnings and errors");
  program->add_flag_callback(
      "-v,--verbose", [] { set_log_level(LogLevel::verbose); }, "Say more of what is done");
  program->require_subcommand(1);
  for (const auto add : {add_generate,      add_rotate,
                         add_relight,       add_interpolate,
                         add_mix,           add_mesh,
                         add_view,          add_compare,
                         add_inspect,       add_convert,
                         add_dataset,       add_heads,
                         add_train_gan,     add_train_embedding,
                         add_train_probe,   add_train_depth,
                         add_train_encoder, add_train_landmarks,
                         add_train_lift,    add_ablate,
                         add_launch,        add_project,
                         add_metrics,       add_reproduce,
                         add_presets,       add_demo,
                         add_doctor,        add_completion,
                         add_man,           add_launcher_answers}) {
    add(*program);
  }
  return program;
}

void run_command_line(CLI::App& program, const std::vector<std::string>& words) {
  const auto start = std::chrono::steady_clock::now();
  Words arguments = words;
  if (!arguments.empty() && arguments[0] == "help") {
    arguments.erase(arguments.begin());
    arguments.push_back("--help");
  }
  arguments = Reader(program).read(arguments);
  std::ranges::reverse(arguments);  // CLI11 takes them last first.
  try {
    program.parse(std::move(arguments));
  } catch (const CLI::ExtrasError&) {
    throw UsageError(unexpected_words(program));
  } catch (const CLI::Success& asked) {
    program.exit(asked);
    return;
  } catch (const CLI::ParseError& error) {
    throw UsageError(sentence_of(error));
  }
  log_verbose("{:.1f} seconds in all", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

std::string launcher_answers(const CLI::App& program) {
  const auto commands = describe_commands(program);
  std::string text;
  const auto add = [&](const std::string& question, const std::string& answer) {
    text += fmt::format("{{\"{}\",\nR\"__answer__({})__answer__\"}},\n", question, answer);
  };
  add("--version", LIFTED_VERSION "\n");
  add("completion bash", bash_completion(commands));
  add("completion zsh", zsh_completion(commands));
  add("completion fish", fish_completion(commands));
  add("man", man_page(commands));
  for (const auto& command : commands) {
    const CLI::App* app = &program;
    std::string before;
    for (const auto& word : CLI::detail::split(command.path, ' ')) {
      if (word.empty()) continue;
      before += (before.empty() ? "" : " ") + app->get_name();
      app = app->get_subcommand(word);
    }
    add(command.path.empty() ? "--help" : command.path + " --help", app->help(before));
  }
  return text;
}

}  // namespace lifted::app
