#include "lifted/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "lifted/base/error.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using Temporary = AtomicFile::Temporary;

std::ptrdiff_t entries_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), {});
}

struct stat status_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

/// Both ways to hold what is not yet committed.
class AtomicFiles : public ::testing::TestWithParam<Temporary> {
 protected:
  void write(const fs::path& path, std::string_view text) const {
    AtomicFile file(path, Flush::to_disk, GetParam());
    file.write(text);
    file.commit();
  }
  test::TemporaryFolder folder_;
};

TEST_P(AtomicFiles, LeaveTheOldFileAndNoLitterWhenNotCommitted) {
  const auto path = folder_ / "a.txt";
  write(path, "old");
  {
    AtomicFile file(path, Flush::to_disk, GetParam());
    file.write("half");
    file.write(std::string(1 << 20, 'x'));
  }
  EXPECT_EQ(read_text_file(path), "old");
  EXPECT_EQ(entries_in(folder_.path()), 1);
}

TEST_P(AtomicFiles, HoldWhatWasWrittenWhole) {
  std::string text;
  {
    AtomicFile file(folder_ / "new/a", Flush::to_disk, GetParam());
    for (int i = 0; i < 3000; ++i) {
      const std::string part(static_cast<size_t>(i), static_cast<char>('a' + i % 26));
      text += part;
      file.write(part);
    }
    file.write(text);
    file.commit();
  }
  EXPECT_EQ(read_text_file(folder_ / "new/a"), text + text);
  EXPECT_EQ(entries_in(folder_ / "new"), 1);
}

TEST_P(AtomicFiles, CanBeWrittenByALibraryThatOpensFilesItself) {
  AtomicFile file(folder_ / "a", Flush::to_disk, GetParam());
  std::FILE* stream = std::fopen(file.temporary().c_str(), "wb");
  ASSERT_NE(stream, nullptr);
  std::fputs("by another", stream);
  std::fclose(stream);
  EXPECT_EQ(read_text_file(file.temporary()), "by another");
  file.commit();
  EXPECT_EQ(read_text_file(folder_ / "a"), "by another");
  EXPECT_EQ(entries_in(folder_.path()), 1);
}

TEST_P(AtomicFiles, FollowLinksAndKeepTheModeOfWhatTheyReplace) {
  write(folder_ / "real", "old");
  ASSERT_EQ(::chmod((folder_ / "real").c_str(), 0640), 0);
  fs::create_directory(folder_ / "sub");
  fs::create_symlink("../real", folder_ / "sub/near");
  fs::create_symlink(folder_ / "sub/near", folder_ / "far");
  fs::create_symlink("sub/not-yet", folder_ / "dangling");
  write(folder_ / "far", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "far"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "sub/near"));
  EXPECT_EQ(read_text_file(folder_ / "real"), "new");
  EXPECT_EQ(status_of(folder_ / "real").st_mode & 07777, 0640U);
  write(folder_ / "dangling", "made");
  EXPECT_TRUE(fs::is_symlink(folder_ / "dangling"));
  EXPECT_EQ(read_text_file(folder_ / "sub/not-yet"), "made");

  fs::create_symlink("round", folder_ / "round");
  EXPECT_NE(test::error_of([&] { write(folder_ / "round", "x"); }).find("round: cannot write"), std::string::npos);
}

TEST_P(AtomicFiles, KeepTheOwnerOfWhatTheyReplace) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  write(folder_ / "a", "old");
  ASSERT_EQ(::chown((folder_ / "a").c_str(), 1234, 2345), 0);
  ASSERT_EQ(::chmod((folder_ / "a").c_str(), 0604), 0);
  write(folder_ / "a", "new");
  const auto status = status_of(folder_ / "a");
  EXPECT_EQ(status.st_uid, 1234U);
  EXPECT_EQ(status.st_gid, 2345U);
  EXPECT_EQ(status.st_mode & 07777, 0604U);
}

TEST_P(AtomicFiles, NewFilesHaveTheModeOfTheUmask) {
  const mode_t before = ::umask(027);
  write(folder_ / "a", "x");
  ::umask(before);
  EXPECT_EQ(status_of(folder_ / "a").st_mode & 07777, 0640U);
}

/// Starts a process that holds a half-written file in `folder` and ends it by `signal`.
int end_of_writer(const fs::path& folder, Temporary temporary, int signal) {
  int ready[2];
  EXPECT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(folder / "a", Flush::to_disk, temporary);
    file.write(std::string(1 << 20, 'x'));
    [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
    while (true) ::pause();
  }
  char byte = 0;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]), ::close(ready[1]);
  ::kill(child, signal);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

TEST_P(AtomicFiles, LeaveNothingWhenTheProgramIsEnded) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(end_of_writer(folder_.path(), GetParam(), signal), signal);
    EXPECT_TRUE(fs::is_empty(folder_.path())) << signal;
  }
}

INSTANTIATE_TEST_SUITE_P(Temporaries, AtomicFiles,
                         ::testing::Values(Temporary::unnamed_where_possible, Temporary::named),
                         [](const auto& each) { return each.param == Temporary::named ? "named" : "unnamed"; });

TEST(AtomicFile, LeavesNothingWhenKilledWhereTheFileSystemHasUnnamedFiles) {
  const test::TemporaryFolder folder;
  const int unnamed = ::open(folder.path().c_str(), O_TMPFILE | O_RDWR, 0600);
  if (unnamed < 0) GTEST_SKIP() << "this file system has no unnamed files";
  ::close(unnamed);
  EXPECT_EQ(end_of_writer(folder.path(), Temporary::unnamed_where_possible, SIGKILL), SIGKILL);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(AtomicFile, PipesAreWrittenToAndStay) {
  const test::TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink("pipe", folder / "link");
  const std::string text(1 << 20, 'x');
  std::string received;
  std::thread reader([&] { received = read_text_file(pipe); });
  write_file_atomically(folder / "link", text);
  reader.join();
  EXPECT_EQ(received, text);
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(entries_in(folder.path()), 2);
}

TEST(AtomicFile, DevicesAreWrittenToAndStay) {
  const auto before = status_of("/dev/null");
  write_file_atomically("/dev/null", "x");
  const auto after = status_of("/dev/null");
  EXPECT_TRUE(S_ISCHR(after.st_mode));
  EXPECT_EQ(after.st_ino, before.st_ino);
  EXPECT_NE(test::error_of([] { write_file_atomically("/dev/full", "x"); }).find("No space left on device"),
            std::string::npos);
}

TEST(AtomicFile, DescriptorsAreWrittenWhereTheyStand) {
  const test::TemporaryFolder folder;
  const int file = ::open((folder / "log").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::write(file, "first ", 6), 6);
  const auto before = status_of(folder / "log");
  write_file_atomically(fmt::format("/dev/fd/{}", file), "second ");
  write_file_atomically(fmt::format("/proc/self/fd/{}", file), "third ");
  ASSERT_EQ(::write(file, "last", 4), 4);
  ::close(file);
  EXPECT_EQ(read_text_file(folder / "log"), "first second third last");
  EXPECT_EQ(status_of(folder / "log").st_ino, before.st_ino);
  EXPECT_NE(
      test::error_of([&] { write_file_atomically(fmt::format("/dev/fd/{}", file), "x"); }).find("Bad file descriptor"),
      std::string::npos);
}

TEST(AtomicFile, KnowsStreams) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "a", "x");
  EXPECT_FALSE(is_output_stream(folder / "a"));
  EXPECT_FALSE(is_output_stream(folder / "absent"));
  EXPECT_TRUE(is_output_stream("/dev/null"));
  EXPECT_TRUE(is_output_stream("/dev/stdout"));
  EXPECT_TRUE(is_standard_output("/dev/stdout"));
  EXPECT_FALSE(is_standard_output(folder / "a"));
}

TEST(AtomicFile, ErrorsSayWhatTheSystemSays) {
  const test::TemporaryFolder folder;
  fs::create_directory(folder / "folder");
  errno = ENOTTY;
  EXPECT_EQ(test::error_of([&] { write_file_atomically(folder / "folder", "x"); }),
            (folder / "folder").string() + ": is a folder, expected a file");
  // A folder appears where the file was to be: the rename's own reason is told.
  AtomicFile file(folder / "late");
  fs::create_directories(folder / "late/inside");
  errno = ENOTTY;
  const std::string why = test::error_of([&] { file.commit(); });
  EXPECT_TRUE(why == (folder / "late").string() + ": cannot write: Is a directory") << why;
}

TEST(AtomicFile, ParentThatIsAFileIsAnErrorThatNamesIt) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "file", "x");
  EXPECT_NE(test::error_of([&] { write_file_atomically(folder.path() / "file" / "child", "y"); }).find("file"),
            std::string::npos);
}

TEST(AtomicFile, LongNamesAreNoObstacle) {
  const test::TemporaryFolder folder;
  const std::string name(255, 'n');
  AtomicFile file(folder / name, Flush::never, Temporary::named);
  file.write("x");
  file.commit();
  EXPECT_EQ(read_text_file(folder / name), "x");
}

TEST(ReadFile, RefusesFoldersAndOversize) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(read_file(folder.path()), Error);
  write_file_atomically(folder / "big", std::string(100, 'x'));
  EXPECT_THROW(read_file(folder / "big", 99), Error);
  EXPECT_EQ(read_file(folder / "big", 100).size(), 100U);
  EXPECT_NE(test::error_of([&] { read_file(folder / "absent"); }).find("No such file"), std::string::npos);
  EXPECT_EQ(read_file("/dev/null").size(), 0U);
  EXPECT_NE(test::error_of([] { read_file("/dev/zero", 1 << 20); }).find("more than 1048576 bytes"), std::string::npos);
}

TEST(Sha256, KnownDigest) {
  EXPECT_EQ(sha256_of("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace lifted
