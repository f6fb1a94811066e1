// Landmarks of photographs from files, in the formats of the field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lifted/photo/points.h"

namespace lifted::photo {

/// The faces of every picture that a file speaks of. Told by content and name:
///  * CelebA's list_landmarks_align_celeba.txt (and list_landmarks_celeba.txt): 5 points;
///  * ffhq-dataset-v2.json: the 68 points of the in-the-wild pictures, by the names of their files;
///  * .pts of one picture, or a folder of them: its name without extension; counted from 1 as Matlab does;
///  * .json {"NAME": [[x, y], …], …} with 5 or 68 points, or a list of such lists for several faces;
///  * .jsonl of `heads labels --landmarks` and `heads render --ground-truth`, whose pixels' middles are at .5;
///  * .csv of lines NAME, x, y, x, y, …: a line for each face; a first line without numbers is passed over.
/// In all others the middle of the first pixel is (0, 0). Errors name file, line and what was expected: counts,
/// numbers, a name twice.
class LandmarkFile {
 public:
  explicit LandmarkFile(const std::filesystem::path& path);

  /// The faces in a picture, by its path, its name, or its name without extension; none: the file does not know it.
  const std::vector<Landmarks>* find(const std::filesystem::path& picture) const;
  int64_t pictures() const { return static_cast<int64_t>(faces_.size()); }

 private:
  void read_celeba(const std::string& text);
  void read_csv(const std::string& text);
  void read_json(const std::filesystem::path& file);
  void read_heads(const std::string& text);
  void read_pts(const std::filesystem::path& file);
  void add(const std::string& name, Landmarks points, const std::string& where, bool more_faces = false);

  std::string file_;
  std::map<std::string, std::vector<Landmarks>> faces_;
};

}  // namespace lifted::photo
