// The heads commands as a user runs them.
#include <gtest/gtest.h>

#include <string>

#include "lifted/base/file.h"
#include "tests/heads/heads_command.h"

namespace lifted {
namespace {

using HeadsCommand = test::HeadsCommandTest;

TEST_F(HeadsCommand, EveryInstructionSetGivesTheSameBytes) {
  const std::string arguments = "render --count 4 --size 32 --seed 9 --out ";
  for (const char* isa : {"baseline", "avx2", "avx512"})
    ASSERT_EQ(run(arguments + file(std::string(isa) + ".zip"), std::string("LIFTED_ISA=") + isa), 0);
  EXPECT_EQ(sha256_of_file(file("baseline.zip")), sha256_of_file(file("avx2.zip")));
  EXPECT_EQ(sha256_of_file(file("baseline.zip")), sha256_of_file(file("avx512.zip")));
}

TEST_F(HeadsCommand, PackedModelsAndSheetsAreWritten) {
  ASSERT_EQ(run("pack --out " + file("model.safetensors")), 0);
  ASSERT_EQ(run("preview --size 16 --sheet yaw-light --face-model " + file("model.safetensors") + " --out " +
                file("sheet.png")),
            0);
  EXPECT_GT(std::filesystem::file_size(file("sheet.png")), 1000u);
}

TEST_F(HeadsCommand, MistakesHaveTheirExitCodes) {
  EXPECT_EQ(run("render --count 1 --yaw-std -3 --out " + file("a")), 2);
  EXPECT_EQ(run("render --count 0 --out " + file("a")), 2);
  EXPECT_EQ(run("render --count 1 --canonical --out " + file("a")), 2);
  EXPECT_EQ(run("render --count 1 --size 2 --out " + file("a")), 2);
  EXPECT_EQ(run("render --out " + file("a")), 2);
  EXPECT_EQ(run("render --count 1 --out /proc/no/such/folder"), 1);
  EXPECT_EQ(run("preview --face-model " + file("absent") + " --out " + file("a.png")), 1);
  EXPECT_EQ(run("preview --sheet poster --out " + file("a.png")), 2);
}

}  // namespace
}  // namespace lifted
