// From a manifest to a report: loads the models, measures them, draws the figures.
#pragma once

#include "lifted/app/report.h"
#include "lifted/app/run_record.h"
#include "lifted/base/tensor.h"

namespace lifted::app {

/// Makes `folder`, writes the pictures into it and returns what stands in the report. Error, before there is a folder,
/// where a network cannot be read or models that share a figure make images of different sizes. Networks are added to
/// `record`.
Report make_report(const Manifest& manifest, const std::filesystem::path& folder, torch::Device device,
                   RunRecord& record);

}  // namespace lifted::app
