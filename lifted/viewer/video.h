// Sweeps as animations, frame by frame through the render pool so that others are served in between.
#pragma once

#include <functional>

#include "lifted/formats/image.h"
#include "lifted/viewer/picture_request.h"

namespace lifted::viewer {

/// The picture of every frame: the sweep moves what the request's picture leaves to it. Ends where it began, so that
/// it loops.
std::vector<PictureRequest> video_frames(const VideoRequest& request);

/// HttpError 400 for more pixels (frames of `size`×`size`) than one request may have made.
void check_length(const VideoRequest& request, int64_t size);

/// An animation file's bytes.
Bytes encode_video(const VideoRequest& request, const std::function<formats::Image(const PictureRequest&)>& picture);

}  // namespace lifted::viewer
