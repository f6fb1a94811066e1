#include "lifted/base/file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lifted/base/error.h"
#include "tests/support/golden.h"

namespace lifted {

TEST(AtomicFile, LeavesTheOldFileAndNoLitterWhenNotCommitted) {
  test::TemporaryFolder folder;
  const auto path = folder / "a.txt";
  write_file_atomically(path, "old");
  {
    AtomicFile file(path);
    std::ofstream(file.temporary()) << "half";
  }
  const Bytes bytes = read_file(path);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(AtomicFile, ParentThatIsAFileIsAnErrorThatNamesIt) {
  test::TemporaryFolder folder;
  write_file_atomically(folder / "file", "x");
  try {
    write_file_atomically(folder.path() / "file" / "child", "y");
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("file"), std::string::npos);
  }
}

TEST(ReadFile, RefusesFoldersAndOversize) {
  test::TemporaryFolder folder;
  EXPECT_THROW(read_file(folder.path()), Error);
  write_file_atomically(folder / "big", std::string(100, 'x'));
  EXPECT_THROW(read_file(folder / "big", 99), Error);
  EXPECT_THROW(read_file(folder / "absent"), Error);
}

TEST(Sha256, KnownDigest) {
  EXPECT_EQ(sha256_of("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace lifted
