#include "lifted/app/comparison.h"

#include "lifted/app/pictures.h"
#include "lifted/app/sampling.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::app {
namespace {
using formats::Image;

constexpr size_t kStripColumns = 7;

Showing show_plain(const std::string& label, const nets::Stylegan2Generator& generator, const torch::Tensor& styles,
                   int64_t batch, size_t angles) {
  Showing showing{.label = label, .faces = {}, .moments = {}};
  for_batches(styles.size(0), batch, [&](int64_t first, int64_t last) {
    const torch::Tensor images = generator->synthesize(styles.slice(0, first, last)).image.cpu();
    for (int64_t i = 0; i < images.size(0); ++i) {
      showing.faces.push_back(formats::image_from_tensor(images[i], formats::Rounding::nvidia));
      if (angles > 0) showing.moments.emplace_back(angles, showing.faces.back());
    }
  });
  return showing;
}

void append(Showing& all, Showing part) {
  std::ranges::move(part.faces, std::back_inserter(all.faces));
  std::ranges::move(part.moments, std::back_inserter(all.moments));
}

Image sheet_of(const std::vector<Showing>& showings, const std::vector<std::string>& names,
               const std::function<const Image&(const Showing&, size_t person)>& picture) {
  formats::ContactSheet sheet;
  sheet.column_labels = names;
  for (const Showing& showing : showings) {
    sheet.row_labels.push_back(showing.label);
    for (size_t i = 0; i < names.size(); ++i) sheet.images.push_back(picture(showing, i));
  }
  return formats::render_contact_sheet(sheet);
}

}  // namespace

Movement published_movement(SweepAxis axis) {
  return {axis, published_range(axis).angles(axis)};
}

Showing show(const std::string& label, const Cast& cast, const Movement& movement, const FigureStyle& style) {
  Showing showing{.label = label, .faces = face_pictures(cast, style), .moments = {}};
  if (!movement.angles.empty()) showing.moments = turned_pictures(cast, movement.axis, movement.angles, style);
  return showing;
}

Showing show(const std::string& label, const model::LoadedNetwork& network, const torch::Tensor& styles, int64_t batch,
             const Movement& movement) {
  if (!network.lifted) return show_plain(label, network.generator, styles, batch, movement.angles.size());
  Showing showing{.label = label, .faces = {}, .moments = {}};
  for_batches(styles.size(0), batch, [&](int64_t first, int64_t last) {
    const Cast part(*network.lifted, std::vector<std::string>(static_cast<size_t>(last - first)),
                    styles.slice(0, first, last));
    append(showing, show(label, part, movement));
  });
  return showing;
}

Image grid_of(const std::vector<Showing>& showings, const std::vector<std::string>& names) {
  return sheet_of(showings, names, [](const Showing& s, size_t person) -> const Image& { return s.faces[person]; });
}

Image grid_of(const std::vector<Showing>& showings, const std::vector<std::string>& names, size_t angle) {
  return sheet_of(showings, names,
                  [angle](const Showing& s, size_t person) -> const Image& { return s.moments[person][angle]; });
}

Image strips_of(const std::vector<Showing>& showings, const std::vector<std::string>& names, const Movement& movement) {
  formats::ContactSheet sheet;
  const std::vector<size_t> columns = spread_indices(movement.angles.size(), kStripColumns);
  for (const size_t column : columns) sheet.column_labels.push_back(angle_label(movement.angles[column]));
  for (size_t person = 0; person < names.size(); ++person) {
    for (const Showing& showing : showings) {
      sheet.row_labels.push_back(showing.label.empty() ? names[person] : showing.label + " " + names[person]);
      for (const size_t column : columns) sheet.images.push_back(showing.moments[person][column]);
    }
  }
  return formats::render_contact_sheet(sheet);
}

MovingFigure moving_figure(const std::vector<Showing>& showings, const std::vector<std::string>& names,
                           const Movement& movement) {
  MovingFigure figure{.frames = {}, .still = strips_of(showings, names, movement)};
  for (size_t i = 0; i < movement.angles.size(); ++i) figure.frames.push_back(grid_of(showings, names, i));
  return figure;
}

std::vector<Showing> slice(const std::vector<Showing>& showings, size_t first, size_t last) {
  std::vector<Showing> parts;
  for (const Showing& showing : showings) {
    Showing part{.label = showing.label, .faces = {}, .moments = {}};
    part.faces.assign(showing.faces.begin() + static_cast<long>(first),
                      showing.faces.begin() + static_cast<long>(last));
    if (!showing.moments.empty()) {
      part.moments.assign(showing.moments.begin() + static_cast<long>(first),
                          showing.moments.begin() + static_cast<long>(last));
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace lifted::app
