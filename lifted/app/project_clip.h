// `project` of a video: a code for each frame, held steady, and an animation of what they show.
#pragma once

#include "lifted/app/project_search.h"

namespace lifted::app {

/// Whether the target is a video. UsageError if one stands among other targets.
bool is_clip(const TargetOptions& options);

/// Writes codes.safetensors (a row for each frame), NAME.mp4 (each frame, its projection and, lifted, its rendering,
/// side by side), the sheet of a few frames, and run.json. With --align the face is followed and its points are
/// steadied over time (photo/face_track.h); so are the codes, before a search and after it.
void project_clip(const ProjectOptions& options, SamplingRun& run);

}  // namespace lifted::app
