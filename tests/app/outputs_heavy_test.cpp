// What the program writes, where, and what it says when it cannot go on.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lifted/base/file.h"
#include "lifted/formats/image.h"
#include "lifted/formats/safetensors.h"
#include "lifted/formats/zip_writer.h"
#include "tests/app/program.h"
#include "tests/support/archives.h"
#include "tests/support/golden.h"
#include "tests/support/measured_program.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using test::run_program;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Runs a shell command in which $P is the program; its exit code.
int shell(const fs::path& folder, const std::string& command) {
  const std::string program = fs::absolute(test::program_path()).string();
  return test::run_in_shell(fmt::format("cd '{}' && P='{}' && {}", folder.string(), program, command));
}

formats::Image picture(const std::string& bytes) {
  return formats::read_image(bytes.data(), bytes.size(), "picture");
}

class Outputs : public ::testing::Test {
 protected:
  std::string text(const std::string& name) const { return read_text_file(folder_ / name); }
  int run(const std::string& command) const { return shell(folder_.path(), command); }
  test::TemporaryFolder folder_;
};

TEST_F(Outputs, StandardOutputMayBeAPipeOrAFile) {
  ASSERT_EQ(run("$P heads preview --size 16 --out plain.png"), 0);
  ASSERT_EQ(run("$P heads preview --size 16 --out /dev/stdout | cat >piped.png"), 0);
  ASSERT_EQ(run("{ printf head; $P heads preview --size 16 --out /dev/stdout; printf tail; } >whole"), 0);
  EXPECT_EQ(text("piped.png"), text("plain.png"));
  EXPECT_EQ(text("whole"), "head" + text("plain.png") + "tail");
  ASSERT_EQ(run("ln -s /dev/stdout link && $P heads preview --size 16 --out link | cat >linked.png"), 0);
  EXPECT_EQ(text("linked.png"), text("plain.png"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
}

TEST_F(Outputs, JsonOnStandardOutputStandsAlone) {
  test::write_image_folder(folder_ / "in", 3, 8, 8);
  ASSERT_EQ(run("$P dataset inspect --data in --json /dev/stdout | cat >found.json"), 0);
  EXPECT_EQ(nlohmann::json::parse(text("found.json"))["count"], 3);
}

TEST_F(Outputs, DevicesAndLinksStay) {
  test::write_image_folder(folder_ / "in", 2, 8, 8);
  std::ofstream(folder_ / "real.json") << "old";
  ASSERT_EQ(run("ln -s real.json link.json && $P dataset inspect --data in --json link.json >/dev/null"), 0);
  EXPECT_TRUE(fs::is_symlink(folder_ / "link.json"));
  EXPECT_EQ(nlohmann::json::parse(text("real.json"))["count"], 2);
  ASSERT_EQ(run("$P dataset inspect --data in --json /dev/null >/dev/null && test -c /dev/null"), 0);
  // A device node of our own, where we may make one.
  if (run("mknod null c 1 3 2>/dev/null && echo x 2>/dev/null >null") == 0) {
    EXPECT_EQ(run("$P heads preview --size 8 --out null && test -c null"), 0);
  }
}

TEST_F(Outputs, SheetsAreWhatTheirNamesSay) {
  ASSERT_EQ(run("$P heads preview --size 16 --out p.jpg && $P heads preview --size 16 --out p.png"), 0);
  EXPECT_TRUE(text("p.jpg").starts_with("\xff\xd8\xff"));
  EXPECT_TRUE(text("p.png").starts_with("\x89PNG"));
  EXPECT_EQ(picture(text("p.jpg")).width, picture(text("p.png")).width);
  const auto refused = run_program({"heads", "preview", "--size", "16", "--out", (folder_ / "p.bmp").string()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.errors, HasSubstr("p.bmp: cannot write a picture of the kind .bmp, expected .png or .jpg"));
  const auto sheet = run_program({"dataset", "inspect", "--data", "absent", "--sheet", (folder_ / "s.gif").string()});
  EXPECT_EQ(sheet.exit_code, 2) << "found before the data is read";
}

TEST_F(Outputs, FoldersInTheWayAreNamedWithTheRightReason) {
  test::write_image_folder(folder_ / "in", 2, 8, 8);
  fs::create_directory(folder_ / "dd.zip");
  const auto result = run_program({"dataset", "make", "--source", (folder_ / "in").string(), "--dest",
                                   (folder_ / "dd.zip").string(), "--overwrite"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("dd.zip: is a folder, expected a file"));
}

TEST_F(Outputs, InterruptedRendersLeaveNothing) {
  ASSERT_EQ(
      run("{ $P heads render --count 100000 --size 32 --out z 2>/dev/null & } && while [ ! -e z/00000 ]; do sleep "
          "0.1; done; kill -TERM $!; wait $!; test $? -eq 143"),
      0);
  EXPECT_EQ(run("find z -name '.*' -o -name '*.part' | grep -q ."), 1) << "something is left";
}

// ---- Errors ----

TEST_F(Outputs, TooLittleMemoryIsSaidInWords) {
  if (test::kMemoryIsInstrumented) GTEST_SKIP() << "a sanitizer's own address space is terabytes";
  // The address space holds the program (OpenBLAS without a thread per core), and not the gigabytes of this batch.
  EXPECT_EQ(run("ulimit -v 1500000; export OPENBLAS_NUM_THREADS=1; $P generate --seeds 0-4999 --batch 5000 --threads 1 "
                "--outdir g 2>errors"),
            1);
  const std::string errors = text("errors");
  EXPECT_THAT(errors, AllOf(HasSubstr("error: not enough memory"), HasSubstr("try a smaller --batch")));
  EXPECT_THAT(errors, AllOf(Not(HasSubstr("frame #")), Not(HasSubstr("enforce fail"))));
}

TEST_F(Outputs, NestedJsonIsRefusedWhereverItStands) {
  const std::string deep = std::string(400'000, '[') + std::string(400'000, ']');
  {
    formats::ZipWriter zip(folder_ / "deep.zip");
    zip.add("dataset.json", "{\"labels\": " + deep + "}");
    zip.finish();
  }
  test::write_image_folder(folder_ / "set", 1, 8, 8);
  write_file_atomically(folder_ / "set/dataset.json", "{\"labels\": [" + deep + "]}");
  write_file_atomically(folder_ / "deep.json", "{\"training\": " + deep + "}");
  fs::create_directory(folder_ / "run");
  write_file_atomically(folder_ / "run/training_options.json", deep);
  nlohmann::json metadata;
  const StateDict tensors =
      formats::read_safetensors(test::source_folder() / "models" / "heads-128.safetensors", &metadata);
  metadata["lift_config"] = "{\"x\": " + deep + "}";
  formats::write_safetensors(folder_ / "deep.safetensors", tensors, metadata);
  const auto expect_refused = [&](const std::vector<std::string>& arguments, const std::string& name) {
    const auto result = run_program(arguments);
    EXPECT_EQ(result.exit_code, 1) << name << result.errors;
    EXPECT_THAT(result.errors, AllOf(HasSubstr(name), HasSubstr("nests deeper than 32 levels")));
    EXPECT_LT(result.errors.size(), 300U);
  };
  const auto path = [&](const char* name) { return (folder_ / name).string(); };
  expect_refused({"dataset", "inspect", "--data", path("deep.zip")}, "deep.zip: dataset.json");
  expect_refused({"dataset", "inspect", "--data", path("set")}, "set: dataset.json");
  expect_refused({"generate", "--network", path("deep.safetensors"), "--seeds", "0", "--outdir", path("o")},
                 "deep.safetensors: the metadata entry 'lift_config'");
  expect_refused({"train-lift", "--gan", "builtin", "--preset", path("deep.json"), "--outdir", path("runs")},
                 "deep.json");
  expect_refused({"train-gan", "--resume", path("run")}, "training_options.json");
}

TEST_F(Outputs, ErrorsInANetworksMetadataNameTheFile) {
  nlohmann::json metadata;
  const StateDict tensors =
      formats::read_safetensors(test::source_folder() / "models" / "heads-128.safetensors", &metadata);
  const auto error_with = [&](const char* key, const std::string& value) {
    nlohmann::json changed = metadata;
    changed[key] = value;
    formats::write_safetensors(folder_ / "n.safetensors", tensors, changed);
    const auto result = run_program({"generate", "--network", (folder_ / "n.safetensors").string(), "--seeds", "0",
                                     "--outdir", (folder_ / "o").string()});
    EXPECT_EQ(result.exit_code, 1);
    return result.errors;
  };
  const std::string name = (folder_ / "n.safetensors").string();
  EXPECT_EQ(error_with("generator", "{}"),
            "error: " + name +
                ": the metadata entry 'generator': StyleGAN2 configuration: has no 'size', expected a whole number\n");
  EXPECT_EQ(error_with("lift_config", R"({"min_depth": "\u001b[2J"})"),
            "error: " + name +
                ": the metadata entry 'lift_config': lifting configuration: 'min_depth' is \"\\u001b[2J\", expected a "
                "number\n");
  EXPECT_EQ(error_with("lifting", "[1"), "error: " + name +
                                             ": the metadata entry 'lifting': is not valid JSON: line 1, column 3: "
                                             "while parsing array - unexpected end of input; expected ']'\n");
}

TEST_F(Outputs, NamesDoNotReachTheTerminalRaw) {
  formats::write_safetensors(folder_ / "n.safetensors", {{"\x1b]0;pwned\x07\x1b[2Jx", torch::ones({1})}});
  const auto result = run_program({"inspect", (folder_ / "n.safetensors").string()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("\\x1b]0;pwned\\x07\\x1b[2Jx"), Not(HasSubstr("\x1b"))));
  const auto absent = run_program({"inspect", (folder_ / "\x1b[31m.pt").string()});
  EXPECT_THAT(absent.errors, AllOf(HasSubstr("\\x1b[31m.pt"), Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace lifted
