// Face models from files: packing changes nothing to speak of, and damaged files are one clear error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "lifted/base/error.h"
#include "lifted/data/heads/obj_reader.h"
#include "lifted/data/heads/render.h"
#include "lifted/formats/safetensors.h"
#include "tests/heads/face_models.h"

namespace lifted::data::heads {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

template <typename Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class PackedFaceModel : public testing::TestWithParam<const char*> {};

TEST_P(PackedFaceModel, ShowsTheSameHeads) {
  const auto model = test::shared_face_model(GetParam());
  if (!model) LIFTED_LEAVE_WITHOUT("no ICT-FaceKit folder");
  const test::TemporaryFolder folder;
  const fs::path file = folder / "model.safetensors";
  pack_face_model(*model, file);
  EXPECT_LT(fs::file_size(file), 16u << 20);
  const FaceModel packed = load_packed_face_model(file);
  EXPECT_EQ(packed.data().triangles, model->data().triangles);
  EXPECT_EQ(packed.data().expressions.size(), model->data().expressions.size());
  double worst_mean = 0;
  int differing = 0, values = 0;
  for (uint64_t index : {1, 2, 3}) {
    const auto a = to_bytes(render_head(*model, HeadRecipe{}, 4, index, 64).image),
               b = to_bytes(render_head(packed, HeadRecipe{}, 4, index, 64).image);
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      const int d = std::abs(a[i] - b[i]);
      sum += d, differing += d > 2, ++values;
    }
    worst_mean = std::max(worst_mean, sum / static_cast<double>(a.size()));
  }
  EXPECT_LT(worst_mean, 0.02);  // of 255
  EXPECT_LT(differing, values / 1000);
}

INSTANTIATE_TEST_SUITE_P(Models, PackedFaceModel, testing::Values("built-in", "ict"));

TEST(FaceModelFiles, ObjNumbersAreRead) {
  const test::TemporaryFolder folder;
  write(folder / "a.obj", "# comment\nv 1 -2.5 3e2\nv -.5 +4.25E-2 0\nvt 0.5 0.25\nf 1/1 2/1 1/1\n");
  const auto positions = read_obj_positions(folder / "a.obj", 2);
  EXPECT_FLOAT_EQ(positions[0].y, -2.5f);
  EXPECT_FLOAT_EQ(positions[0].z, 300);
  EXPECT_FLOAT_EQ(positions[1].x, -0.5f);
  EXPECT_FLOAT_EQ(positions[1].y, 0.0425f);
  // Rounded once, from the decimal digits.
  EXPECT_EQ(parse_obj_positions("v 0.1 1.00000005960464477539 123456789.123456789\n", "a.obj", 1)[0].x, 0.1f);
  EXPECT_EQ(read_obj_mesh(folder / "a.obj", 2).polygons.size(), 1u);
}

TEST(FaceModelFiles, DamagedObjFilesAreClearErrors) {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "a.obj";
  const auto error = [&](const std::string& text, int vertices) {
    write(file, text);
    return error_of([&] { read_obj_mesh(file, vertices); });
  };
  EXPECT_THAT(error("v nan 0 0\n", 1), AllOf(HasSubstr("a.obj"), HasSubstr("line 1"), HasSubstr("number")));
  EXPECT_THAT(error("v 1 2", 1), HasSubstr("expected a number"));
  EXPECT_THAT(error("v 1 2 3e\n", 1), HasSubstr("line 1: expected a number"));
  EXPECT_THAT(error("v 1 2 1.2.3\n", 1), HasSubstr("expected a number"));
  EXPECT_THAT(error("v 1 2 +-3\n", 1), HasSubstr("expected a number"));
  EXPECT_THAT(error("v 1 2 1e999\n", 1), HasSubstr("sensible"));
  EXPECT_THAT(error("v 1 2 3\n", 2), HasSubstr("1 vertices"));
  EXPECT_THAT(error("", 2), HasSubstr("0 vertices"));
  EXPECT_THAT(error("v 1 2 3\nf 1 1 2\n", 1), HasSubstr("there is no vertex 2"));
  EXPECT_THAT(error("v 1 2 3\nf 1 1 0\n", 1), HasSubstr("there is no vertex 0"));
  EXPECT_THAT(error("v 1 2 3\nf 1/7 1 1\n", 1), HasSubstr("texture coordinate 7"));
  EXPECT_THAT(error("v 1 2 3\nf 1 1\n", 1), HasSubstr("three or four"));
  EXPECT_THAT(error("v 1 2 3\nf 1 x 1\n", 1), HasSubstr("index"));
  EXPECT_THAT(error(std::string("v 1 2 \0\n", 8), 1), HasSubstr("number"));
}

TEST(FaceModelFiles, IncompleteFoldersAreClearErrors) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { open_face_model(folder.path()); }), HasSubstr("generic_neutral_mesh.obj"));
  write(folder / "FaceXModel/generic_neutral_mesh.obj", "v 1 2 3\n");
  EXPECT_THAT(error_of([&] { open_face_model(folder.path()); }), HasSubstr("26719"));
  EXPECT_THAT(error_of([&] { open_face_model(folder / "absent"); }), HasSubstr("no such face model"));
}

TEST(FaceModelFiles, AMissingModeIsNamed) {
  const fs::path source = test::face_model_folder();
  if (source.empty()) LIFTED_LEAVE_WITHOUT("no ICT-FaceKit folder");
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "FaceXModel");
  for (const char* name : {"generic_neutral_mesh.obj", "identity000.obj"})
    fs::create_symlink(source / "FaceXModel" / name, folder / "FaceXModel" / name);
  EXPECT_THAT(error_of([&] { open_face_model(folder.path()); }), HasSubstr("identity001.obj"));
}

TEST(FaceModelFiles, OtherFilesAreNotPackedModels) {
  const test::TemporaryFolder folder;
  write(folder / "text.safetensors", "hello, this is no tensor file");
  EXPECT_NE(error_of([&] { open_face_model(folder / "text.safetensors"); }), "no error");
  formats::write_safetensors(folder / "other.safetensors", {{"weight", torch::zeros({2})}});
  EXPECT_THAT(error_of([&] { open_face_model(folder / "other.safetensors"); }), HasSubstr("not a packed face model"));
  formats::write_safetensors(folder / "empty.safetensors", {{"neutral", torch::zeros({2, 3})}},
                             {{"format", "lifted-face-model-1"}});
  EXPECT_THAT(error_of([&] { open_face_model(folder / "empty.safetensors"); }), HasSubstr("lacks"));
  formats::write_safetensors(folder / "shape.safetensors", {{"neutral", torch::zeros({2, 2})}},
                             {{"format", "lifted-face-model-1"}});
  EXPECT_THAT(error_of([&] { open_face_model(folder / "shape.safetensors"); }), HasSubstr("neutral has another shape"));
}

}  // namespace
}  // namespace lifted::data::heads
