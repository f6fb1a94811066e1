// How commands find and cut the faces in photographs.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "lifted/photo/portraits.h"

namespace lifted::app {

struct PortraitSettings {
  std::filesystem::path landmarks, landmark_net = "builtin";
  std::string crop = "ffhq", faces = "largest";
  double scale = 1;
  bool centre = false;
};

/// --crop, --scale, --landmarks, --landmark-net, --faces, --centre.
void add_portrait_options(CLI::App& command, PortraitSettings& settings);

/// UsageError if --faces is none of its words.
photo::PortraitOptions portrait_options(const PortraitSettings& settings, int size);

/// With the network of that name; with a warning, and without one, where it is "builtin" and none is built in.
std::shared_ptr<const photo::FaceFinder> make_face_finder(const std::filesystem::path& network);

/// Reads the landmark file, or else the landmark network.
photo::PortraitMaker make_portrait_maker(const PortraitSettings& settings);

/// `dataset align`.
void add_align_command(CLI::App& dataset);

}  // namespace lifted::app
