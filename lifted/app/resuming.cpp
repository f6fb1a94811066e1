#include "lifted/app/resuming.h"

#include <unistd.h>

#include "lifted/base/error.h"
#include "lifted/base/file.h"

namespace lifted::app {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

void adopt_rhythm(RunSettings& run, double& kimg, const fs::path& folder, const CLI::App& command,
                  const char* length_option) {
  const ordered_json options = train::RunDirectory::options_of(folder);
  const auto adopt = [&](const char* key, const char* option, auto& value) {
    const auto found = options.find(key);
    if (found != options.end() && found->is_number() && command.get_option(option)->count() == 0) found->get_to(value);
  };
  adopt("kimg", length_option, kimg);
  adopt("tick", "--tick", run.tick);
  adopt("snap", "--snap", run.snap);
}

void record_changes(const fs::path& folder, const ordered_json& record) {
  const ordered_json before = train::RunDirectory::options_of(folder);
  ordered_json after = before;
  for (const char* key : {"settings", "kimg", "tick", "snap"}) {
    if (record.contains(key)) after[key] = record[key];
  }
  if (after != before) train::RunDirectory::write_options(folder, after);
}

void require_possible_folder(const fs::path& outdir) {
  fs::path existing = fs::absolute(outdir).lexically_normal();
  while (!fs::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  require(fs::is_directory(existing), "{}: is not a folder; expected one that runs can be made in", existing.string());
  require(::access(existing.c_str(), W_OK | X_OK) == 0, "{}: no folder can be made in it", existing.string());
}

}  // namespace lifted::app
