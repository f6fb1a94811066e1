// propose_faces() by OpenCV's cascade classifier.
#include "lifted/photo/face_finder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "lifted/base/error.h"

namespace lifted::photo {
namespace {

constexpr double kLongestSide = 1024;                         // of what the cascade looks at
constexpr int kSmallestFace = 28;                             // pixels there
constexpr double kAroundBox = 1.3;                            // side of the square around its answer, in sides of that
constexpr std::array<double, 4> kTilts = {-25, 25, -50, 50};  // degrees

cv::CascadeClassifier& cascade() {
  thread_local cv::CascadeClassifier classifier = [] {
    const char* name = "haarcascade_frontalface_alt2.xml";
    for (const char* folder : {"/usr/share/opencv4/haarcascades", "/usr/share/opencv/haarcascades",
                               "/usr/local/share/opencv4/haarcascades"}) {
      const auto file = std::filesystem::path(folder) / name;
      if (std::filesystem::exists(file)) return cv::CascadeClassifier(file.string());
    }
    fail("{}: is not on this machine (Debian's package opencv-data has it); without it pass --landmarks FILE", name);
  }();
  return classifier;
}

/// In the turned and scaled picture: where a pixel of it lies in the photograph.
struct Turned {
  cv::Mat picture;
  cv::Matx23d back;
};

Turned turned(const cv::Mat& grey, double scale, double degrees) {
  const double diagonal = std::hypot(grey.cols, grey.rows) * scale;
  const double width = degrees == 0 ? grey.cols * scale : diagonal,
               height = degrees == 0 ? grey.rows * scale : diagonal;
  cv::Mat there = cv::getRotationMatrix2D({grey.cols / 2.0f, grey.rows / 2.0f}, degrees, scale);
  there.at<double>(0, 2) += width / 2 - grey.cols / 2.0;
  there.at<double>(1, 2) += height / 2 - grey.rows / 2.0;
  Turned result;
  cv::warpAffine(grey, result.picture, there, {static_cast<int>(width), static_cast<int>(height)}, cv::INTER_AREA,
                 cv::BORDER_REPLICATE);
  cv::Mat back;
  cv::invertAffineTransform(there, back);
  result.back = cv::Matx23d(back.ptr<double>());
  return result;
}

CropFrame frame_of(const cv::Rect& box, const cv::Matx23d& back) {
  const double x = box.x + box.width / 2.0, y = box.y + box.height / 2.0, half = kAroundBox * box.width / 2;
  return {{back(0, 0) * x + back(0, 1) * y + back(0, 2), back(1, 0) * x + back(1, 1) * y + back(1, 2)},
          {back(0, 0) * half, back(1, 0) * half}};
}

}  // namespace

bool has_face_cascade() {
  return true;
}

std::vector<CropFrame> propose_faces(const formats::Image& photograph, bool tilted) {
  cv::setNumThreads(1);
  // The classifier does not write to it.
  const cv::Mat rgb(photograph.height, photograph.width, CV_8UC3, const_cast<uint8_t*>(photograph.pixels.data()));
  const double scale = std::min(2.0, kLongestSide / std::max(photograph.width, photograph.height));
  cv::Mat small, grey;
  const double first = std::min(1.0, scale);  // INTER_AREA averages, which warping does not
  cv::resize(rgb, small, {}, first, first, cv::INTER_AREA);
  cv::cvtColor(small, grey, cv::COLOR_RGB2GRAY);
  std::vector<CropFrame> frames;
  const std::vector<double> tilts = tilted ? std::vector<double>(kTilts.begin(), kTilts.end()) : std::vector<double>{0};
  for (const double tilt : tilts) {
    const Turned view = turned(grey, scale / first, tilt);
    std::vector<cv::Rect> boxes;
    cascade().detectMultiScale(view.picture, boxes, 1.1, 3, 0, {kSmallestFace, kSmallestFace});
    for (const cv::Rect& box : boxes) {
      CropFrame frame = frame_of(box, view.back);
      frame.middle = frame.middle * (1 / first), frame.right = frame.right * (1 / first);
      frames.push_back(frame);
    }
  }
  return frames;
}

}  // namespace lifted::photo
