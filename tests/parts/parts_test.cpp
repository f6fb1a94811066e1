// What a build may leave out (cmake/parts.cmake): it is there, or one sentence says what to rebuild with.
#include <gtest/gtest.h>

#include "lifted/base/parts.h"
#include "lifted/formats/animation.h"
#include "lifted/formats/mesh_ops.h"
#include "lifted/model/builtin.h"
#include "lifted/photo/face_finder.h"
#include "lifted/viewer/server.h"
#include "lifted_version.h"
#include "tests/support/golden.h"

namespace lifted {
namespace {

bool has(const std::string& part) {
  return std::string(LIFTED_LEFT_OUT).find(part) == std::string::npos;
}

/// What an Error says; empty if there was none.
template <typename Work>
std::string sentence_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Parts, Animations) {
  const test::TemporaryFolder folder;
  const formats::Image frame = formats::filled_image(8, 8);
  const auto file = folder / "turn.gif";
  const std::string sentence = sentence_of([&] { formats::write_animation(file, {frame, frame}, 10); });
  EXPECT_EQ(formats::can_animate(), has("animations"));
  EXPECT_EQ(sentence, has("animations") ? ""
                                        : file.string() +
                                              ": this build has no FFmpeg for animations; rebuild with "
                                              "-DLIFTED_FFMPEG=ON");
  EXPECT_EQ(std::filesystem::exists(file), has("animations"));
}

TEST(Parts, FewerTriangles) {
  formats::Mesh mesh;
  mesh.positions = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 1, 0}};
  mesh.triangles = {{0, 1, 2}, {1, 3, 2}};
  EXPECT_EQ(formats::decimated(mesh, 1).triangles, mesh.triangles);  // needs nothing
  EXPECT_EQ(sentence_of([&] { formats::decimated(mesh, 0.5); }),
            has("triangles") ? ""
                             : "fewer triangles: this build has no meshoptimizer; rebuild with "
                               "-DLIFTED_MESHOPTIMIZER=ON");
}

TEST(Parts, Viewer) {
  viewer::ServerOptions options;
  options.http.address = "127.0.0.1";
  EXPECT_EQ(sentence_of([&] { viewer::check_address(options); }),
            has("view (") ? "" : "view: this build has no libmicrohttpd; rebuild with -DLIFTED_VIEWER=ON");
}

TEST(Parts, FacesInPhotographs) {
  const std::string sentence = sentence_of([] { photo::propose_faces(formats::filled_image(64, 64), false); });
  EXPECT_EQ(photo::has_face_cascade(), has("faces in photographs"));
  EXPECT_EQ(sentence, has("faces in photographs")
                          ? ""
                          : "looking for faces: this build has no OpenCV (pass --landmarks FILE); rebuild with "
                            "-DLIFTED_OPENCV=ON");
}

TEST(Parts, BuiltinNetwork) {
  EXPECT_EQ(sentence_of([] { model::network_bytes(model::kBuiltinNetwork); }),
            has("built-in") ? ""
                            : "builtin: this build has no network of its own (name a file, such as "
                              "models/heads-128.safetensors); rebuild with -DLIFTED_BUILTIN_NETWORK=ON");
}

}  // namespace
}  // namespace lifted
