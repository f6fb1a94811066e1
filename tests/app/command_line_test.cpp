// What the command line accepts, and how it says no.
#include "lifted/app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lifted/app/command_table.h"
#include "lifted/app/completion.h"
#include "lifted/app/man_page.h"
#include "lifted/app/spelling.h"
#include "lifted/app/validators.h"
#include "lifted/base/file.h"
#include "lifted/train/lift_options.h"
#include "tests/app/program.h"
#include "tests/app/refusal.h"
#include "tests/support/golden.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using test::execute_program;
using test::run_program;
using testing::HasSubstr;
using testing::StartsWith;
using Words = std::vector<std::string>;

Words words_of(const std::string& path) {
  return path.empty() ? Words{} : CLI::detail::split(path, ' ');
}

const CommandEntry& entry(const std::vector<CommandEntry>& commands, const std::string& path) {
  return *std::ranges::find(commands, path, &CommandEntry::path);
}

std::string shell_output(const std::string& command, int& status) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string output;
  for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  status = ::pclose(pipe);
  return output;
}

bool installed(const std::string& tool) {
  return std::system(("command -v " + tool + " >/dev/null").c_str()) == 0;
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}
}  // namespace

TEST(CommandLineNumbers, EveryOneOfEveryCommandRefusesWhatIsNone) {
  const auto program = make_command_line();
  int options = 0;
  for (const CommandEntry& command : describe_commands(*program)) {
    for (const OptionEntry& option : command.options) {
      const auto type = [&] {
        const CLI::App* app = program.get();
        for (const auto& word : words_of(command.path)) app = app->get_subcommand(word);
        return app->get_option(option.names.front())->get_type_name();
      }();
      const bool numeric = type.starts_with("INT") || type.starts_with("UINT") || type.starts_with("FLOAT");
      EXPECT_EQ(numeric, !option.range.empty()) << command.path << " " << option.names.front() << " has no bounds";
      if (!numeric) continue;
      ++options;
      for (const std::string value :
           {"nan", "-nan", "inf", "-inf", "infinity", "1e300", "-1e300", "99999999999999999999999", "", "1x", "0x10"}) {
        for (const bool joined : {false, true}) {
          Words words = words_of(command.path);
          if (joined) {
            words.push_back(option.names.front() + "=" + value);
          } else if (value.empty()) {
            continue;
          } else {
            words.insert(words.end(), {option.names.front(), value});
          }
          EXPECT_THAT(refusal(words), StartsWith(option.names.front() + (value.empty() ? "" : " " + value + ": ")))
              << command.path;
        }
      }
      if (!option.range.starts_with("from -")) {
        Words words = words_of(command.path);
        words.insert(words.end(), {option.names.front(), "-1"});
        EXPECT_THAT(refusal(words), HasSubstr(option.range)) << command.path << " " << option.names.front();
      }
    }
  }
  EXPECT_GT(options, 100);
}

TEST(CommandLineNumbers, SentencesNameOptionValueAndWhatWasExpected) {
  EXPECT_EQ(refusal({"generate", "--trunc", "nan"}), "--trunc nan: expected a number from -10 to 10");
  EXPECT_EQ(refusal({"generate", "--batch", "1.5"}), "--batch 1.5: expected a whole number from 1 to 65536");
  EXPECT_EQ(refusal({"train-gan", "--lr", "0"}), "--lr 0: expected a number above 0 and at most 10");
  EXPECT_EQ(refusal({"train-gan", "--seed", "-1"}),
            "--seed -1: expected a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(refusal({"train-probe", "--held-out=1"}), "--held-out 1: expected a number above 0 and below 1");
  EXPECT_EQ(refusal({"train-gan", "--seed", "18446744073709551615", "--from_nowhere"}),
            "liftedgan train-gan has no option --from-nowhere; `liftedgan train-gan --help` lists them");
}

TEST(CommandLineNumbers, DecimalsStayDecimals) {
  CLI::App app;
  int whole = 0;
  double real = 0;
  app.add_option("--whole", whole)->transform(number(bounds::batch));
  app.add_option("--real", real)->transform(number(bounds::share));
  app.parse("--whole 010 --real 0.1");
  EXPECT_EQ(whole, 10);  // CLI11 alone reads octal
  EXPECT_EQ(real, 0.1);
}

TEST(CommandLineNumbers, MistakesLeaveNoFolder) {
  const test::TemporaryFolder folder;
  const std::string out = folder / "o";
  for (const Words& words : std::vector<Words>{{"generate", "--trunc", "nan"},
                                               {"generate", "--seeds", "5-1"},
                                               {"rotate", "--step", "inf"},
                                               {"rotate", "--step", "0"},
                                               {"mix", "--rows", "1,x"},
                                               {"project", "--target", "sheet.png"},
                                               {"train-gan", "--data", "absent", "--kimg", "1e300"},
                                               {"interpolate", "--seeds", "3"},
                                               {"generate", "--noise-mode", "random"}}) {
    Words all = words;
    all.insert(all.end(), {"--outdir", out});
    const auto result = run_program(all);
    EXPECT_EQ(result.exit_code, 2) << words[0] << " " << words[1] << "\n" << result.errors;
    EXPECT_THAT(result.errors, HasSubstr("error: ")) << words[0];
    EXPECT_FALSE(fs::exists(out)) << words[0] << " " << words[1];
  }
}

TEST(CommandLineNumbers, ThreadsAreCappedWithASentence) {
  const auto result =
      run_program({"generate", "--seeds", "0", "--threads", "60000", "--latents", "absent", "--outdir", "o"});
  EXPECT_EQ(result.exit_code, 2);  // --latents and a given --seeds exclude each other
  const auto doctor = run_program({"inspect", "builtin", "--verbose"});
  EXPECT_EQ(doctor.exit_code, 0);
  const test::TemporaryFolder folder;
  const auto capped =
      run_program({"generate", "--seeds", "0", "--threads", "60000", "--outdir", (folder / "o").string()});
  EXPECT_EQ(capped.exit_code, 0) << capped.errors;
  EXPECT_THAT(capped.errors, HasSubstr("warning: --threads 60000: this process may use "));
}

TEST(PresetNumbers, HaveTheSameBounds) {
  const auto refusal_of = [](const nlohmann::json& json) -> std::string {
    try {
      train::LiftTrainerOptions::from_json(json);
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(refusal_of({{"beta1", -1}}), "lifting options: beta1 must be a number from 0 to 0.999999, got -1");
  EXPECT_THAT(refusal_of({{"learning_rate", std::numeric_limits<double>::infinity()}}),
              HasSubstr("from 0 to 1, got inf"));
  EXPECT_THAT(refusal_of({{"weights", {{"lam_rec", std::nan("")}}}}), HasSubstr("from 0 to 1000000, got nan"));
  const test::TemporaryFolder folder;
  for (const char* batch : {"-3", "1e18", "2.5", "\"8\"", "0"}) {
    write_text(folder / "preset.json", fmt::format(R"({{"batch": {}}})", batch));
    const auto result = run_program({"train-lift", "--gan", "builtin", "--preset", (folder / "preset.json").string(),
                                     "--outdir", (folder / "runs").string(), "--dry-run"});
    EXPECT_EQ(result.exit_code, 1) << batch;
    EXPECT_THAT(result.errors, HasSubstr("expected a whole number from 1 to 65536")) << batch;
  }
}

TEST(PresetNumbers, OfTheCommandLineAreUsageErrorsBeforeTheNetworkIsRead) {
  for (const char* assignment : {"lam_rec=-1", "learning_rate=2", "lam_rec=1e999", "max_yaw=1000", "no_such=1"}) {
    const auto result = run_program({"train-lift", "--gan", "absent.pt", "--outdir", "o", "--set", assignment});
    EXPECT_EQ(result.exit_code, 2) << assignment;
    EXPECT_THAT(result.errors, StartsWith(std::string("error: --set ") + assignment)) << assignment;
  }
}

TEST(Spelling, FindsWhatWasMeant) {
  EXPECT_EQ(edit_distance("gnerate", "generate"), 1);
  EXPECT_EQ(edit_distance("roatte", "rotate"), 1);  // swapped neighbours
  EXPECT_EQ(edit_distance("", "abc"), 3);
  const Words known = {"generate", "rotate", "relight", "train-gan", "train-lift"};
  EXPECT_EQ(nearest("gnerate", known), "generate");
  EXPECT_EQ(nearest("rel", known), "relight");
  EXPECT_EQ(nearest("xyzzy", known), "");
  EXPECT_EQ(nearest("train", known), "");  // the beginning of two
}

TEST(CommandLine, MisspelledWordsGetTheNearest) {
  EXPECT_EQ(refusal({"gnerate"}), "liftedgan has no command gnerate; did you mean generate?");
  EXPECT_EQ(refusal({"dataset", "mak"}), "liftedgan dataset has no command mak; did you mean make?");
  EXPECT_EQ(refusal({"frobnicate"}), "liftedgan has no command frobnicate; `liftedgan --help` lists them");
  EXPECT_EQ(refusal({"generate", "--sed", "0"}), "liftedgan generate has no option --sed; did you mean --seeds?");
  EXPECT_EQ(refusal({"rotate", "--axis", "roll"}), "--axis roll: expected yaw, pitch or both");
  EXPECT_EQ(refusal({"rotate", "--axis", "1"}), "--axis 1: expected yaw, pitch or both");
  EXPECT_EQ(refusal({"generate", "--maps", "depth,nose"}),
            "--maps nose: expected depth, albedo, normal, shading, transform, canonical, neutral-image, render-depth "
            "or mask");
  EXPECT_THAT(refusal({}), StartsWith("liftedgan: expected a command: generate, rotate"));
  EXPECT_EQ(refusal({"dataset"}), "liftedgan dataset: expected a command: make, inspect, align");
  EXPECT_EQ(refusal({"generate"}), "--outdir is required");
  EXPECT_EQ(refusal({"generate", "--outdir"}), "--outdir: expected a value");
  EXPECT_EQ(refusal({"generate", "--outdir", "o", "--seeds", "0", "--latents", "x"}),
            "--seeds and --latents: expected one of them, not both");
  EXPECT_THAT(refusal({"generate", "--outdir", "o", "stray"}), StartsWith("liftedgan generate takes no 'stray'"));
}

TEST(CommandLine, TakesWhatOtherToolsWrite) {
  for (const char* name : {"--trunc", "--trunc-psi", "--truncation_psi", "--truncation-psi", "--truncation", "--psi"}) {
    EXPECT_EQ(refusal({"generate", "--outdir", "o", name, "0.5"}), "") << name;
    EXPECT_EQ(refusal({"metrics", name, "0.5"}), "") << name;
  }
  const Words train = {"train-gan", "--data", "d", "--outdir", "o"};
  for (const Words& more : std::vector<Words>{{"--mirror"}, {"--mirror=1"}, {"--mirror", "1"}, {"--mirror", "true"}}) {
    Words words = train;
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(refusal(words), "") << more.back();
  }
  EXPECT_EQ(refusal({"dataset", "make", "--source", "a", "--dest", "b.zip", "--workers", "2"}), "");
  EXPECT_EQ(refusal({"dataset", "make", "--data", "a", "--out", "b.zip", "--threads", "2"}), "");
  EXPECT_EQ(refusal({"generate", "--out_dir", "o", "--ckpt", "x.pt", "--maps", "normals,neutral", "--proxy"}), "");
  EXPECT_EQ(refusal({"rotate", "--outdir", "o", "--from", "-45", "--to", "-.5"}), "");
  EXPECT_EQ(refusal({"project", "--target", "a.png", "--outdir", "o", "--num_steps", "5", "--save-video=1"}), "");
  EXPECT_EQ(refusal({"inspect", "--network", "x.pt"}), "");
  EXPECT_EQ(refusal({"generate", "--quiet", "--outdir", "o"}), "");
  EXPECT_EQ(refusal({"--verbose", "generate", "--outdir", "o"}), "");
}

TEST(CommandLine, HelpSpeaksInWords) {
  for (const CommandEntry& command : describe_commands(*make_command_line())) {
    Words words = words_of(command.path);
    words.push_back("--help");
    const auto result = execute_program(words);
    EXPECT_EQ(result.exit_code, 0);
    for (const char* code : {"ENUM", "INT", "FLOAT", "->", "{", " in ["})
      EXPECT_THAT(result.output, testing::Not(HasSubstr(code))) << command.path;
  }
  EXPECT_THAT(execute_program({"rotate", "-h"}).output, HasSubstr("(yaw, pitch, both;"));
  EXPECT_EQ(execute_program({"help", "rotate"}).output, execute_program({"rotate", "--help"}).output);
}

TEST(CommandLine, QuietSaysNothingAndVerboseSaysMore) {
  const test::TemporaryFolder folder;
  const std::string out = folder / "o";
  const auto quiet = run_program({"generate", "--seeds", "0, 1", "--quiet", "--outdir", out});
  EXPECT_EQ(quiet.exit_code, 0) << quiet.errors;
  EXPECT_EQ(quiet.errors, "");
  EXPECT_TRUE(fs::exists(fs::path(out) / "seed0001.png"));
  const auto verbose = run_program({"generate", "--seeds", "0, 1", "--verbose", "--outdir", out});
  EXPECT_THAT(verbose.errors, HasSubstr("computing threads, BLAS kernels"));
  EXPECT_THAT(verbose.errors, HasSubstr("seconds in all"));
}

TEST(RunRecord, OfAnEarlierRunIsKeptUnderItsDate) {
  const test::TemporaryFolder folder;
  const std::string out = folder / "o";
  const auto records = [&] {
    size_t count = 0;
    for (const auto& file : fs::directory_iterator(out)) count += file.path().filename().string().starts_with("run");
    return count;
  };
  ASSERT_EQ(run_program({"generate", "--seeds", "0", "--outdir", out}).exit_code, 0);
  ASSERT_EQ(run_program({"generate", "--seeds", "0", "--outdir", out}).exit_code, 0);
  EXPECT_EQ(records(), 1U);  // the same again
  const auto other = run_program({"mesh", "--seeds", "1", "--outdir", out});
  ASSERT_EQ(other.exit_code, 0) << other.errors;
  EXPECT_THAT(other.errors, HasSubstr("an earlier run of generate"));
  EXPECT_EQ(records(), 2U);
}

TEST(Project, UsesTheBuiltinNetworkAndItsProgressEndsBeforeTheResults) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(run_program({"generate", "--seeds", "0", "--outdir", (folder / "face").string()}).exit_code, 0);
  const auto result = run_program({"project", "--target", (folder / "face" / "seed0000.png").string(), "--steps", "2",
                                   "--no-video", "--outdir", (folder / "o").string()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const size_t progress = result.errors.find("project  2/2 steps"), results = result.errors.find("results in ");
  ASSERT_NE(progress, std::string::npos) << result.errors;
  EXPECT_LT(progress, results) << result.errors;
}

TEST(Launcher, AnswersAtOnce) {
  using Clock = std::chrono::steady_clock;
  const char* path = std::getenv("LIFTED_PROGRAM");
  if (!path) GTEST_SKIP() << "LIFTED_PROGRAM is not set: run through ctest";
  for (const Words& words :
       std::vector<Words>{{"--version"}, {"generate", "--help"}, {"completion", "bash"}, {"man"}}) {
    std::chrono::duration<double> best(1e9);
    for (int i = 0; i < 5; ++i) {
      const auto start = Clock::now();
      EXPECT_EQ(execute_program(words).exit_code, 0);
      best = std::min<std::chrono::duration<double>>(best, Clock::now() - start);
    }
    EXPECT_LT(best.count(), 0.1) << words[0];
  }
  EXPECT_THAT(execute_program({"--version"}).output, testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+\n"));
  // The program itself says the same.
  const auto answers = execute_program({"launcher-answers"});
  EXPECT_THAT(answers.output, HasSubstr(execute_program({"generate", "--help"}).output));
}

TEST(Completion, BashIsValidAndCompletesCommandsOptionsAndNames) {
  const test::TemporaryFolder folder;
  const fs::path script = folder / "liftedgan.bash";
  write_text(script, bash_completion(describe_commands(*make_command_line())));
  int status = 0;
  shell_output("bash -n '" + script.string() + "' 2>&1", status);
  EXPECT_EQ(status, 0);
  const auto complete = [&](const std::string& line) {
    const std::string call = ". '" + script.string() + "'; COMP_WORDS=(" + line +
                             "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _liftedgan; echo \"${COMPREPLY[*]}\"";
    write_text(folder / "call.bash", call);
    return shell_output("bash '" + (folder / "call.bash").string() + "' 2>&1", status);
  };
  EXPECT_EQ(complete("liftedgan gen"), "generate\n");
  EXPECT_EQ(complete("liftedgan dataset ''"), "make inspect align\n");
  EXPECT_EQ(complete("liftedgan generate --see"), "--seeds\n");
  EXPECT_EQ(complete("liftedgan generate --qu"), "--quiet\n");
  EXPECT_EQ(complete("liftedgan dataset make --resi"), "--resize-filter\n");
  EXPECT_EQ(complete("liftedgan rotate --axis ''"), "yaw pitch both\n");
  EXPECT_EQ(complete("liftedgan generate --maps depth,al"), "albedo\n");
  EXPECT_EQ(complete("liftedgan generate --network ''"), "\n");  // left to bash: a file
}

TEST(Completion, ZshAndFishAreValid) {
  const test::TemporaryFolder folder;
  const auto commands = describe_commands(*make_command_line());
  write_text(folder / "_liftedgan", zsh_completion(commands));
  write_text(folder / "liftedgan.fish", fish_completion(commands));
  EXPECT_THAT(zsh_completion(commands), HasSubstr("'rotate --axis') compset -P '*,'; compadd -- yaw pitch both"));
  EXPECT_THAT(fish_completion(commands), HasSubstr(" -l axis -x -a 'yaw pitch both'"));
  int status = 0;
  if (installed("zsh")) {
    EXPECT_EQ(shell_output("zsh -n '" + (folder / "_liftedgan").string() + "' 2>&1", status), "");
  }
  if (installed("fish")) {
    EXPECT_EQ(shell_output("fish -n '" + (folder / "liftedgan.fish").string() + "' 2>&1", status), "");
    EXPECT_THAT(shell_output("fish -c \"source '" + (folder / "liftedgan.fish").string() +
                                 "'; complete -C 'liftedgan rotate --axis '\" 2>&1",
                             status),
                HasSubstr("yaw"));
  }
  if (!installed("zsh") || !installed("fish")) GTEST_SKIP() << "SKIPPED in part: zsh or fish is not installed";
}

TEST(ManPage, RendersAndListsEveryOption) {
  const auto commands = describe_commands(*make_command_line());
  const std::string page = man_page(commands);
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-trunc\\fR, \\fB\\-\\-truncation\\-psi\\fR"));
  if (!installed("groff")) GTEST_SKIP() << "SKIPPED in part: groff is not installed";
  const test::TemporaryFolder folder;
  write_text(folder / "liftedgan.1", page);
  int status = 0;
  const std::string groff = "groff -man -Tutf8 -ww -k '" + (folder / "liftedgan.1").string() + "'";
  EXPECT_EQ(shell_output(groff + " -z 2>&1", status), "");  // warnings
  // Bold and italic characters come as overstrikes.
  const std::string text = shell_output(groff + " -P-cbou 2>/dev/null", status);
  for (const auto& command : commands) {
    if (!command.path.empty()) {
      EXPECT_THAT(text, HasSubstr("liftedgan " + command.path)) << command.path;
    }
  }
  EXPECT_THAT(text, HasSubstr("--truncation-psi"));
  EXPECT_EQ(entry(commands, "rotate").subcommands.size(), 0U);
}

}  // namespace lifted::app
