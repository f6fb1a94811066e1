#include "lifted/app/figures.h"

#include "lifted/app/pictures.h"
#include "lifted/base/error.h"
#include "lifted/formats/color_map.h"
#include "lifted/formats/contact_sheet.h"
#include "lifted/formats/image_ops.h"

namespace lifted::app {
namespace {

using formats::Image;

constexpr size_t kStillColumns = 7;
constexpr int kMostDrawn = 4;  // times the network's size, as sweep_images() takes it

Image scaled(const Image& image, const FigureStyle& style) {
  if (style.scale == 1) return image;
  return formats::resized(image, image.width * style.scale, image.height * style.scale);
}

Image picture(const torch::Tensor& image, const FigureStyle& style) {
  return scaled(formats::image_from_tensor(image), style);
}

/// One person at each of the angles.
std::vector<Image> swept(const Cast& cast, int64_t person, SweepAxis axis, const std::vector<double>& angles,
                         const FigureStyle& style) {
  const int drawn = std::min(style.scale, kMostDrawn), side = cast.lifted->size() * style.scale;
  const StyledSweep sweep{axis, angles, {.scale = static_cast<double>(drawn)}};
  std::vector<Image> frames =
      frames_of(sweep_images(cast.lifted->renderer(), scene_of(cast.estimates.narrow(person, 1)), sweep));
  if (drawn == style.scale) return frames;
  for (Image& frame : frames) frame = formats::resized(frame, side, side);
  return frames;
}

/// Everyone at each of the angles: by person, then by angle.
std::vector<std::vector<Image>> swept(const Cast& cast, SweepAxis axis, const std::vector<double>& angles,
                                      const FigureStyle& style) {
  std::vector<std::vector<Image>> people;
  for (int64_t i = 0; i < cast.size(); ++i) people.push_back(swept(cast, i, axis, angles, style));
  return people;
}

/// Rows of people by columns of angles.
Image still_of(const std::vector<std::vector<Image>>& people, const std::vector<std::string>& names,
               const std::vector<double>& angles) {
  formats::ContactSheet sheet;
  const std::vector<size_t> columns = spread_indices(angles.size(), kStillColumns);
  for (const size_t column : columns) sheet.column_labels.push_back(angle_label(angles[column]));
  sheet.row_labels = names;
  for (const auto& person : people) {
    for (const size_t column : columns) sheet.images.push_back(person[column]);
  }
  return formats::render_contact_sheet(sheet);
}

/// One frame per angle with everyone in a row.
std::vector<Image> frames_side_by_side(const std::vector<std::vector<Image>>& people, size_t angles,
                                       const std::vector<std::string>& labels) {
  std::vector<Image> frames;
  for (size_t angle = 0; angle < angles; ++angle) {
    formats::ContactSheet row;
    for (const auto& person : people) row.images.push_back(person[angle]);
    row.columns = static_cast<int>(people.size());
    row.column_labels = labels;
    frames.push_back(formats::render_contact_sheet(row));
  }
  return frames;
}

std::vector<double> published_angles(SweepAxis axis) {
  return published_range(axis).angles(axis);
}

}  // namespace

Cast::Cast(const model::LiftedGan& model, std::vector<std::string> people, const torch::Tensor& codes)
    : lifted(&model), names(std::move(people)), styles(codes), estimates(model.estimate(codes)) {
  require(static_cast<int64_t>(names.size()) == styles.size(0), "{} names for {} codes", names.size(), styles.size(0));
}

Cast Cast::narrow(int64_t first, int64_t count) const {
  Cast part;
  part.lifted = lifted;
  part.names.assign(names.begin() + first, names.begin() + first + count);
  part.styles = styles.narrow(0, first, count);
  part.estimates = estimates.narrow(first, count);
  return part;
}

Image faces_figure(const Cast& cast, int columns, const FigureStyle& style) {
  formats::ContactSheet sheet;
  sheet.columns = columns;
  for (Image& face : frames_of(cast.lifted->render(cast.estimates).recon_im)) {
    sheet.images.push_back(scaled(face, style));
  }
  return formats::render_contact_sheet(sheet);
}

Image factors_figure(const Cast& cast, const FigureStyle& style) {
  formats::ContactSheet sheet;
  sheet.column_labels = {"2D teacher", "rendering", "albedo A", "depth S", "normals", "shading", "map T"};
  sheet.row_labels = cast.names;
  const model::Rendering rendering = cast.lifted->render(cast.estimates);
  const torch::Tensor teacher = cast.lifted->proxy_image(cast.styles);
  for (int64_t i = 0; i < cast.size(); ++i) {
    sheet.images.push_back(picture(teacher[i], style));
    sheet.images.push_back(picture(rendering.recon_im[i], style));
    for (const char* map : {"albedo", "depth", "normal"}) {
      sheet.images.push_back(scaled(map_picture(map, cast.estimates, rendering, i), style));
    }
    sheet.images.push_back(picture(rendering.canon_shading[i] - 1, style));  // it may reach 2
    sheet.images.push_back(scaled(map_picture("transform", cast.estimates, rendering, i), style));
  }
  return formats::render_contact_sheet(sheet);
}

MovingFigure sweep_figure(const Cast& cast, SweepAxis axis, const FigureStyle& style) {
  const std::vector<double> angles = published_angles(axis);
  const auto people = swept(cast, axis, angles, style);
  return {frames_side_by_side(people, angles.size(), {}), still_of(people, cast.names, angles)};
}

MovingFigure interpolation_figure(const Cast& ends, int steps, const FigureStyle& style) {
  const int64_t last = ends.size() - 1;
  const Cast between(*ends.lifted, step_labels(steps),
                     codes_between(ends.styles.narrow(0, 0, 1), ends.styles.narrow(0, last, 1), steps));
  const std::vector<double> angles = published_angles(SweepAxis::yaw);
  const auto people = swept(between, SweepAxis::yaw, angles, style);
  return {frames_side_by_side(people, angles.size(), between.names), still_of(people, between.names, angles)};
}

MovingFigure comparison_figure(const std::vector<std::string>& labels, const std::vector<Cast>& casts,
                               const FigureStyle& style) {
  const std::vector<double> angles = published_angles(SweepAxis::yaw);
  std::vector<std::vector<std::vector<Image>>> models;
  for (const Cast& cast : casts) models.push_back(swept(cast, SweepAxis::yaw, angles, style));
  formats::ContactSheet still;
  still.row_labels = labels;
  still.column_labels = casts.front().names;
  for (const Cast& cast : casts) {
    for (Image& face : frames_of(cast.lifted->render(cast.estimates).recon_im)) {
      still.images.push_back(scaled(face, style));
    }
  }
  MovingFigure figure{.frames = {}, .still = formats::render_contact_sheet(still)};
  for (size_t angle = 0; angle < angles.size(); ++angle) {
    formats::ContactSheet frame = still;
    frame.images.clear();
    for (const auto& people : models) {
      for (const auto& person : people) frame.images.push_back(person[angle]);
    }
    figure.frames.push_back(formats::render_contact_sheet(frame));
  }
  return figure;
}

Image mix_figure(const Cast& shapes, const Cast& looks, const FigureStyle& style) {
  formats::ContactSheet sheet;
  sheet.row_labels = {"shape \\ looks"};
  sheet.column_labels = {""};
  sheet.images.emplace_back();
  for (Image& face : frames_of(looks.lifted->render(looks.estimates).recon_im)) {
    sheet.images.push_back(scaled(face, style));
  }
  sheet.column_labels.insert(sheet.column_labels.end(), looks.names.begin(), looks.names.end());
  for (int64_t row = 0; row < shapes.size(); ++row) {
    const model::Estimate shape = shapes.estimates.narrow(row, 1);
    sheet.row_labels.push_back(shapes.names[static_cast<size_t>(row)]);
    sheet.images.push_back(picture(shapes.lifted->render(shape).recon_im[0], style));
    for (int64_t column = 0; column < looks.size(); ++column) {
      const model::Estimate mixed = shapes.lifted->mix(shape, looks.estimates.narrow(column, 1));
      sheet.images.push_back(picture(shapes.lifted->render(mixed).recon_im[0], style));
    }
  }
  return formats::render_contact_sheet(sheet);
}

torch::Tensor codes_between(const torch::Tensor& a, const torch::Tensor& b, int steps) {
  std::vector<torch::Tensor> codes;
  for (int i = 0; i < steps; ++i) {
    const double weight = static_cast<double>(i) / (steps - 1);
    codes.push_back(a * (1 - weight) + b * weight);
  }
  return torch::cat(codes);
}

std::vector<std::string> step_labels(int steps) {
  std::vector<std::string> labels;
  for (int i = 0; i < steps; ++i) labels.push_back(fmt::format("{:.2g}", static_cast<double>(i) / (steps - 1)));
  return labels;
}

}  // namespace lifted::app
