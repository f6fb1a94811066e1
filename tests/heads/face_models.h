// The geometry sources tests run on.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "lifted/data/heads/face_model.h"
#include "tests/support/golden.h"

namespace lifted::test {

/// An unpacked ICT-FaceKit checkout: LIFTED_FACE_MODEL, or the cache that shared/ICT-FaceKit/unpack.sh fills (run if
/// need be); empty if there is none.
inline std::filesystem::path face_model_folder() {
  namespace fs = std::filesystem;
  if (const char* asked = std::getenv("LIFTED_FACE_MODEL")) return asked;
  const fs::path script = shared_folder() / "ICT-FaceKit" / "unpack.sh";
  if (shared_folder().empty() || !fs::exists(script)) return {};
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  const fs::path folder =
      cache ? fs::path(cache) / "lifted-facekit" : fs::path(home ? home : "/tmp") / ".cache" / "lifted-facekit";
  if (!fs::exists(folder / "FaceXModel" / ".complete") &&
      std::system(("sh '" + script.string() + "' '" + folder.string() + "' >/dev/null").c_str()) != 0)
    return {};
  return folder;
}

/// "built-in" or "ict", loaded once per test program; null if there is none.
inline std::shared_ptr<const data::heads::FaceModel> shared_face_model(const std::string& name) {
  using data::heads::FaceModel;
  static const auto built_in = std::make_shared<const FaceModel>(data::heads::analytic_face_model());
  if (name == "built-in") return built_in;
  static const std::shared_ptr<const FaceModel> ict = [] {
    const std::filesystem::path folder = face_model_folder();
    return folder.empty() ? nullptr : std::make_shared<const FaceModel>(data::heads::load_ict_face_model(folder));
  }();
  return ict;
}

}  // namespace lifted::test
