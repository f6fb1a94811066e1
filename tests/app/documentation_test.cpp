// What the documentation tells people to type is what the program takes: every command line and every manifest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <sstream>

#include "lifted/app/lifting.h"
#include "lifted/app/manifest.h"
#include "lifted/app/seeds.h"
#include "lifted/metrics/suite.h"
#include "tests/app/refusal.h"
#include "tests/support/golden.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

struct DocumentedCommand {
  std::string where;               // "docs/training.md:12"
  std::vector<std::string> words;  // after "liftedgan"
  bool whole = true;               // false: in running text, where what is not talked about is left out
};

/// The simple commands of a line as a shell splits it: words without quotes, comments and redirections.
std::vector<std::vector<std::string>> simple_commands(const std::string& line) {
  std::vector<std::vector<std::string>> commands(1);
  std::string word;
  bool in_word = false, redirected = false;
  char quote = 0;
  const auto end_word = [&] {
    if (in_word && !redirected) commands.back().push_back(word);
    if (in_word) redirected = false;
    word.clear();
    in_word = false;
  };
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '#' && !in_word) {
      break;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == '\\' && i + 1 < line.size()) {
      word += line[++i];
      in_word = true;
    } else if (c == ' ' || c == '\t') {
      end_word();
    } else if (c == '<' || c == '>') {
      if (std::ranges::all_of(word, [](unsigned char each) { return std::isdigit(each); })) in_word = false;  // 2>
      end_word();
      redirected = true;
    } else if (std::string(";|&()").find(c) != std::string::npos && !(c == '&' && redirected && !in_word)) {
      end_word();
      redirected = false;
      commands.emplace_back();
    } else {
      word += c;
      in_word = true;
    }
  }
  end_word();
  return commands;
}

/// The words after "liftedgan", where the command is one of this program's.
std::optional<std::vector<std::string>> words_for_us(const std::vector<std::string>& command) {
  static const std::regex passed_over("[A-Za-z_]+=.*|do|then|else|time|nice|exec|\\$");
  size_t first = 0;
  while (first < command.size() && std::regex_match(command[first], passed_over)) ++first;
  if (first == command.size() || fs::path(command[first]).filename() != "liftedgan") return {};
  return std::vector(command.begin() + static_cast<long>(first) + 1, command.end());
}

/// Capitals stand for a word of the reader's own.
bool is_placeholder(const std::string& word) {
  return std::regex_match(word, std::regex("[A-Z_]+"));
}

class Documentation {
 public:
  Documentation(const std::string& text, const std::string& name) {
    std::istringstream lines(text);
    std::optional<std::string> block;  // the language of the one that is open
    std::string line, joined, json;
    for (int number = 1; std::getline(lines, line); ++number) {
      const std::string where = name + ":" + std::to_string(number);
      if (line.starts_with("```")) {
        if (block == "json") json_.emplace_back(where, json);
        json.clear();
        block = block ? std::optional<std::string>() : line.substr(3);
      } else if (block == "json") {
        json += line + "\n";
      } else if (block) {
        joined += line;
        if (joined.ends_with("\\")) {
          joined.pop_back();
          continue;
        }
        add(joined, where, true);
        joined.clear();
      } else {
        static const std::regex quoted("`(liftedgan [^`]*)`");
        for (std::sregex_iterator it(line.begin(), line.end(), quoted), end; it != end; ++it)
          add(it->str(1), where, false);
      }
    }
  }
  const std::vector<DocumentedCommand>& commands() const { return commands_; }
  /// Where its block ends, and its text.
  const std::vector<std::pair<std::string, std::string>>& json() const { return json_; }

 private:
  void add(const std::string& line, const std::string& where, bool whole) {
    for (const auto& command : simple_commands(line)) {
      auto words = words_for_us(command);
      if (!words || words->empty() || is_placeholder(words->front())) continue;
      const bool asks_for_help = std::erase(*words, "--help") > 0;
      if (!whole) std::erase(*words, "…");
      commands_.push_back({where, *words, whole && !asks_for_help});
      // What `launch` starts is a command of its own.
      const auto behind = std::ranges::find(*words, "--");
      if (words->front() == "launch" && behind != words->end())
        commands_.push_back({where, {behind + 1, words->end()}, whole});
    }
  }

  std::vector<DocumentedCommand> commands_;
  std::vector<std::pair<std::string, std::string>> json_;
};

/// What the program says of values that it reads as it begins to run.
std::string value_refusal(const std::string& option, const std::string& value) {
  try {
    if (option == "--metrics") metrics::parse_metrics(value);
    if (option == "--seeds" || option == "--rows" || option == "--cols") parse_seeds(value);
    LiftSettings lift;
    if (option == "--set") lift.set = {value};
    if (option == "--preset" && !value.ends_with(".json")) lift.preset = value;
    check_settings(lift);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

std::string value_refusal(const CLI::App& program) {
  const CLI::App* command = &program;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  for (const CLI::Option* option : command->get_options()) {
    for (const auto& value : option->results()) {
      const std::string said = value_refusal("--" + option->get_single_name(), value);
      if (!said.empty()) return said;
    }
  }
  return {};
}

/// The sentence with which the program refuses the command; "" if it takes it. Files that must be there are.
std::string refusal_of(DocumentedCommand command) {
  const std::string absent = ": there is no such file";
  const auto is_absent = [&](const std::string& said, const std::string& word) {
    return said.find(" " + word + absent) != std::string::npos;
  };
  std::string said = refusal(command.words);
  for (auto& word : command.words) {
    if (!is_absent(said, word)) continue;
    word = test::data_file("README.md").string();
    said = refusal(command.words);
  }
  if (!command.whole && (said.ends_with(" is required") || said.find(": expected a command:") != std::string::npos))
    return {};
  return said.empty() ? value_refusal(command_line_at_rest()) : said;
}

/// One line for every command that the program would not take.
std::vector<std::string> complaints(const Documentation& documentation) {
  std::vector<std::string> found;
  for (const auto& command : documentation.commands()) {
    const std::string said = refusal_of(command);
    if (!said.empty()) found.push_back(command.where + ": " + said);
  }
  return found;
}

/// All but docs/log, which is history: its commands are of their day.
std::vector<fs::path> documents() {
  const fs::path root = test::source_folder();
  std::vector<fs::path> files = {"README.md", "models/README.md"};
  for (const auto& entry : fs::directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md") files.push_back(fs::relative(entry.path(), root));
  return files;
}

Documentation read_document(const fs::path& document) {
  std::ifstream stream(test::source_folder() / document);
  return {std::string(std::istreambuf_iterator<char>(stream), {}), document.string()};
}

TEST(Documentation, CommandLinesAreTakenOutAsAShellReadsThem) {
  const Documentation text(
      "`liftedgan COMMAND --help`, `liftedgan rotate --axis yaw`, `train-gan --data`\n"
      "```sh\n"
      "make demo    # liftedgan no command\n"
      "G=a.pt build/release/liftedgan generate --gan \"$G\" \\\n"
      "  --outdir 'my faces' >log 2>&1 && liftedgan doctor; source <(liftedgan completion bash)\n"
      "```\n"
      "```json\n{\"a\": 1}\n```\n",
      "t.md");
  using Line = std::vector<std::string>;
  ASSERT_EQ(text.commands().size(), 4u);
  EXPECT_EQ(text.commands()[0].words, (Line{"rotate", "--axis", "yaw"}));
  EXPECT_FALSE(text.commands()[0].whole);
  EXPECT_EQ(text.commands()[1].words, (Line{"generate", "--gan", "$G", "--outdir", "my faces"}));
  EXPECT_EQ(text.commands()[1].where, "t.md:5");
  EXPECT_EQ(text.commands()[2].words, Line{"doctor"});
  EXPECT_EQ(text.commands()[3].words, (Line{"completion", "bash"}));
  ASSERT_EQ(text.json().size(), 1u);
  EXPECT_EQ(text.json()[0].second, "{\"a\": 1}\n");
}

TEST(Documentation, WhatTheProgramDoesNotTakeIsFound) {
  const auto said = [](const std::string& line) { return complaints({"```sh\n" + line + "\n```\n", "t.md"}); };
  EXPECT_THAT(said("liftedgan rotate --axis yaw --outdir out"), IsEmpty());
  EXPECT_THAT(said("liftedgan demo --outdir o --ablation no-such.safetensors"), IsEmpty());
  EXPECT_THAT(said("liftedgan train-lift --gan g.pt --preset mine.json --set lam_rec=4 --wo flip"), IsEmpty());
  const std::pair<const char*, const char*> wrong[] = {
      {"liftedgan rotate --outdir out \\\n  --angle 5", "t.md:3: liftedgan rotate has no option --angle"},
      {"liftedgan rotate --outdir out --axis roll", "--axis roll: expected yaw"},
      {"liftedgan demo --ablation no-such.safetensors --label a --outdri o", "has no option --outdri"},
      {"liftedgan ablate --steps 0", "--steps 0: expected"},
      {"liftedgan reproduced --outdir out", "has no command reproduced"},
      {"liftedgan generate --seeds 0-3", "--outdir is required"},
      {"liftedgan metrics --metrics fid50k", "fid50k"},
      {"liftedgan train-lift --gan g.pt --preset ffhp", "ffhp"},
      {"liftedgan train-lift --gan g.pt --set lam_wreck=1", "lam_wreck"},
      {"liftedgan generate --seeds 5-1 --outdir o", "5-1"},
      {"liftedgan doctor stray", "takes no 'stray'"}};
  for (const auto& [line, sentence] : wrong) EXPECT_THAT(said(line), testing::ElementsAre(HasSubstr(sentence))) << line;
  EXPECT_THAT(complaints({"`liftedgan generate --sedes 1`", "t.md"}), testing::SizeIs(1));
  EXPECT_THAT(complaints({"`liftedgan generate --seeds 1`", "t.md"}), IsEmpty());
}

TEST(Documentation, EveryCommandLineIsTaken) {
  size_t commands = 0;
  for (const auto& document : documents()) {
    const Documentation text = read_document(document);
    commands += text.commands().size();
    for (const auto& complaint : complaints(text)) ADD_FAILURE() << complaint;
  }
  EXPECT_GT(commands, 100u);
}

/// Makes every file that a manifest names.
void make_files(const nlohmann::ordered_json& json, const fs::path& folder) {
  static const std::vector<std::string> no_files = {"title", "seeds", "metrics", "protocol"};
  for (const auto& [name, value] : json.items()) {
    if (value.is_object()) make_files(value, folder);
    if (!value.is_string() || name.starts_with("//") || std::ranges::find(no_files, name) != no_files.end()) continue;
    const fs::path file = folder / value.get<std::string>();
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "x";
  }
}

TEST(Documentation, EveryManifestIsTaken) {
  int manifests = 0;
  for (const auto& document : documents()) {
    const Documentation documentation = read_document(document);
    for (const auto& [where, text] : documentation.json()) {
      const auto json = nlohmann::ordered_json::parse(text);
      if (!json.contains("domains")) continue;
      const test::TemporaryFolder folder;
      make_files(json, folder.path());
      EXPECT_NO_THROW(Manifest::from_json(json, folder.path(), where));
      ++manifests;
    }
  }
  EXPECT_GE(manifests, 1);
}

}  // namespace
}  // namespace lifted::app
