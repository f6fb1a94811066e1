// Landmark files of the field, right and wrong ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/base/file.h"
#include "lifted/photo/landmark_file.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::photo {
namespace {
using test::error_of;
using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string kColumns =
    "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y\n";

class LandmarkFiles : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) {
    write_file_atomically(folder_ / name, text);
    return folder_ / name;
  }
  std::string problem(const std::string& name, const std::string& text) {
    return error_of([&] { LandmarkFile{write(name, text)}; });
  }
  static std::string sixty_eight(const std::string& before, const std::string& between, const std::string& after) {
    std::string text;
    for (int i = 0; i < 68; ++i) {
      if (!text.empty() && !between.empty()) text += between;
      text += before + std::to_string(i) + (before.empty() ? " " : ", ") + std::to_string(100 + i) + after;
    }
    return text;
  }
  test::TemporaryFolder folder_;
};

TEST_F(LandmarkFiles, CelebAsList) {
  const LandmarkFile file(
      write("list_landmarks_align_celeba.txt", "2\n" + kColumns +
                                                   "000001.jpg 69  109  106  113   77  142   73  152  108  154\r\n"
                                                   "000002.jpg 69  110  107  112   81  135   70  151  108  153\n"));
  ASSERT_EQ(file.pictures(), 2);
  const auto* faces = file.find("img_align_celeba/000001.jpg");
  ASSERT_TRUE(faces);
  ASSERT_EQ(faces->size(), 1u);
  EXPECT_EQ((*faces)[0][0], (Point{69.5, 109.5}));
  EXPECT_EQ((*faces)[0][4], (Point{108.5, 154.5}));
  EXPECT_FALSE(file.find("000003.jpg"));
}

TEST_F(LandmarkFiles, WrongListsOfCelebA) {
  const std::string row = "000001.jpg 69 109 106 113 77 142 73 152 108 154\n";
  EXPECT_THAT(problem("a.txt", "3\n" + kColumns + row), HasSubstr("says that it has 3 pictures, but lists 1"));
  EXPECT_THAT(problem("b.txt", kColumns + row), HasSubstr("line 1: expected the number of pictures"));
  EXPECT_THAT(problem("c.txt", "1\n" + row), HasSubstr("line 2: expected the names of CelebA's ten columns"));
  EXPECT_THAT(problem("d.txt", "1\n" + kColumns + "000001.jpg 69 109 106\n"), HasSubstr("line 3: 3 numbers"));
  EXPECT_THAT(problem("e.txt", "1\n" + kColumns + "000001.jpg 69 109 106 113 77 142 73 152 108 x\n"),
              HasSubstr("line 3: 'x' is no number"));
  EXPECT_THAT(problem("f.txt", "2\n" + kColumns + row + row), HasSubstr("000001.jpg is there twice"));
  EXPECT_THAT(problem("g.txt", "0\n" + kColumns), HasSubstr("has no landmarks in it"));
  EXPECT_THAT(problem("h.txt", "1\n" + kColumns + "a.jpg 1 2 3 4 5 6 7 8 9 nan\n"), HasSubstr("'nan' is no number"));
}

TEST_F(LandmarkFiles, FfhqsJson) {
  const std::string points = sixty_eight("[", ", ", "]");
  const LandmarkFile file(
      write("ffhq-dataset-v2.json", R"({"0": {"category": "training", "in_the_wild": {"file_path": )"
                                    R"("in-the-wild-images/00000/00000.png", "face_landmarks": [)" +
                                        points + "]}}}"));
  const auto* faces = file.find("00000/00000.png");
  ASSERT_TRUE(faces);
  EXPECT_EQ((*faces)[0].size(), 68u);
  EXPECT_EQ((*faces)[0][3], (Point{3.5, 103.5}));
  EXPECT_THAT(problem("short.json", R"({"0": {"in_the_wild": {"file_path": "a.png", "face_landmarks": [[1, 2]]}}})"),
              HasSubstr("2 numbers, expected x and y of 5 or 68 points"));
}

TEST_F(LandmarkFiles, JsonOfNamesWithOneOrSeveralFaces) {
  const std::string five = "[[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]";
  const LandmarkFile file(write("p.json", R"({"a.jpg": )" + five + R"(, "b.jpg": [)" + five + ", " + five + "]}"));
  EXPECT_EQ(file.find("a.jpg")->size(), 1u);
  EXPECT_EQ(file.find("b.jpg")->size(), 2u);
  EXPECT_THAT(problem("q.json", R"({"a.jpg": [[1, 2], [3, "x"]]})"), HasSubstr("is no point, expected [x, y]"));
  EXPECT_THAT(problem("r.json", R"({"a.jpg": 3})"), HasSubstr("expected a list of points"));
  EXPECT_THAT(problem("s.json", "[1]"), HasSubstr("expected an object of names"));
  EXPECT_THAT(problem("t.json", "{"), HasSubstr("t.json"));
}

TEST_F(LandmarkFiles, CsvWithAndWithoutTitles) {
  const LandmarkFile file(write("p.csv", "file,x0,y0\na.jpg,1,2,3,4,5,6,7,8,9,10\na.jpg,2,2,3,4,5,6,7,8,9,10\n"));
  EXPECT_EQ(file.find("a.jpg")->size(), 2u);
  EXPECT_THAT(problem("q.csv", "a.jpg,1,2,3\n"), HasSubstr("line 1: 3 numbers"));
}

TEST_F(LandmarkFiles, PtsCountFromOne) {
  const std::string body = sixty_eight("", "\n", "");
  fs::create_directories(folder_ / "pts");
  write("pts/face_1.pts", "version: 1\nn_points: 68\n{\n" + body + "\n}\n");
  const LandmarkFile file(folder_ / "pts");
  ASSERT_TRUE(file.find("photos/face_1.jpg"));
  EXPECT_EQ((*file.find("face_1.png"))[0][1], (Point{0.5, 100.5}));
  EXPECT_THAT(problem("bad.pts", "version: 1\nn_points: 67\n{\n" + body + "\n}\n"), HasSubstr("n_points is 67"));
  EXPECT_THAT(problem("open.pts", "version: 1\nn_points: 68\n{\n" + body), HasSubstr("between braces"));
  EXPECT_THAT(problem("none.pts", "{ 1 2 }"), HasSubstr("says no n_points"));
}

TEST_F(LandmarkFiles, HeadsLinesKeepTheirPixels) {
  const LandmarkFile file(write("heads.jsonl", R"({"file": "00000/img00000000.png", "size": 64, "landmarks": [)" +
                                                   sixty_eight("[", ", ", ", 0.9]") + "]}\n"));
  EXPECT_EQ((*file.find("00000/img00000000.png"))[0][2], (Point{2, 102}));
}

TEST_F(LandmarkFiles, OtherFilesAreRefused) {
  EXPECT_THAT(problem("p.xml", "<x/>"), HasSubstr("is no landmark file by its name"));
  EXPECT_THAT(error_of([&] { LandmarkFile{folder_ / "absent.json"}; }), HasSubstr("there is no such file"));
  fs::create_directories(folder_ / "empty");
  EXPECT_THAT(error_of([&] { LandmarkFile{folder_ / "empty"}; }), HasSubstr("has no .pts file"));
}

}  // namespace
}  // namespace lifted::photo
