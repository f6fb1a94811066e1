// What a resumed run takes from its folder: how long it goes on, how often it reports and where its files are now.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "lifted/app/training_run.h"
#include "lifted/data/dataset.h"

namespace lifted::app {

/// --kimg (or what else gives the length), --tick and --snap of the run in `folder`, as it was last trained, unless the
/// command line gives them anew. Folders of earlier versions know no --tick and --snap.
void adopt_rhythm(RunSettings& run, double& kimg, const std::filesystem::path& folder, const CLI::App& command,
                  const char* length_option = "--kimg");

/// Writes into the folder's training_options.json what may have changed since: rhythm and places of files.
void record_changes(const std::filesystem::path& folder, const nlohmann::ordered_json& record);

/// Error unless a folder for runs can be made at `outdir`; makes nothing.
void require_possible_folder(const std::filesystem::path& outdir);

}  // namespace lifted::app
