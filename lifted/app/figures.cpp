#include "lifted/app/figures.h"

#include "lifted/app/comparison.h"
#include "lifted/app/pictures.h"
#include "lifted/base/error.h"
#include "lifted/formats/color_map.h"
#include "lifted/formats/contact_sheet.h"
#include "lifted/formats/image_ops.h"
#include "lifted/scene/light.h"
#include "lifted/scene/view.h"

namespace lifted::app {
namespace {

using formats::Image;

constexpr int kMostDrawn = 4;  // times the network's size, as sweep_images() takes it

Image scaled(const Image& image, const FigureStyle& style) {
  if (style.scale == 1) return image;
  return formats::resized(image, image.width * style.scale, image.height * style.scale);
}

Image picture(const torch::Tensor& image, const FigureStyle& style) {
  return scaled(formats::image_from_tensor(image), style);
}

/// One person at each of the angles.
std::vector<Image> turned(const Cast& cast, int64_t person, SweepAxis axis, const std::vector<double>& angles,
                          const FigureStyle& style) {
  const int drawn = std::min(style.scale, kMostDrawn), side = cast.lifted->size() * style.scale;
  const StyledSweep sweep{axis, angles, {.scale = static_cast<double>(drawn)}};
  std::vector<Image> frames =
      frames_of(sweep_images(cast.lifted->renderer(), scene_of(cast.estimates.narrow(person, 1)), sweep));
  if (drawn == style.scale) return frames;
  for (Image& frame : frames) frame = formats::resized(frame, side, side);
  return frames;
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

std::vector<Image> face_pictures(const Cast& cast, const FigureStyle& style) {
  std::vector<Image> faces = frames_of(cast.lifted->render(cast.estimates).recon_im);
  for (Image& face : faces) face = scaled(face, style);
  return faces;
}

std::vector<std::vector<Image>> turned_pictures(const Cast& cast, SweepAxis axis, const std::vector<double>& angles,
                                                const FigureStyle& style) {
  std::vector<std::vector<Image>> people;
  for (int64_t i = 0; i < cast.size(); ++i) people.push_back(turned(cast, i, axis, angles, style));
  return people;
}

Image faces_figure(const Cast& cast, int columns, const FigureStyle& style) {
  formats::ContactSheet sheet;
  sheet.columns = columns;
  sheet.images = face_pictures(cast, style);
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
  const Movement movement = published_movement(axis);
  return moving_figure({show("", cast, movement, style)}, cast.names, movement);
}

MovingFigure interpolation_figure(const Cast& ends, int steps, const FigureStyle& style) {
  const int64_t last = ends.size() - 1;
  const Cast between(*ends.lifted, step_labels(steps),
                     codes_between(ends.styles.narrow(0, 0, 1), ends.styles.narrow(0, last, 1), steps));
  return sweep_figure(between, SweepAxis::yaw, style);
}

MovingFigure comparison_figure(const std::vector<std::string>& labels, const std::vector<Cast>& casts,
                               const FigureStyle& style) {
  const Movement movement = published_movement(SweepAxis::yaw);
  std::vector<Showing> showings;
  for (size_t i = 0; i < casts.size(); ++i) showings.push_back(show(labels[i], casts[i], movement, style));
  MovingFigure figure = moving_figure(showings, casts.front().names, movement);
  figure.still = grid_of(showings, casts.front().names);
  return figure;
}

Image mix_figure(const Cast& shapes, const Cast& looks, const FigureStyle& style) {
  formats::ContactSheet sheet;
  sheet.row_labels = {"shape \\ looks"};
  sheet.column_labels = {""};
  sheet.images.emplace_back();
  for (Image& face : face_pictures(looks, style)) sheet.images.push_back(std::move(face));
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

Cast without_texture(Cast cast) {
  constexpr double kGrey = -0.4;  // light reaches twice that without a clip
  cast.estimates.canon_albedo = torch::full_like(cast.estimates.canon_albedo, kGrey);
  return cast;
}

Image view_light_figure(const Cast& cast, const std::vector<double>& yaws, const std::vector<double>& lights,
                        const FigureStyle& style) {
  formats::ContactSheet sheet;
  for (const double yaw : yaws) sheet.column_labels.push_back(angle_label(yaw));
  const model::Estimate person = cast.estimates.narrow(0, 1);
  for (const double light : lights) {
    sheet.row_labels.push_back("light " + angle_label(light));
    for (const double yaw : yaws) {
      const model::RenderOptions options{.light = scene::sweep_light(light).unsqueeze(0).to(person.view.options()),
                                         .view = scene::yaw_view(yaw).unsqueeze(0).to(person.view.options())};
      sheet.images.push_back(picture(cast.lifted->render(person, options).recon_im[0], style));
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

torch::Tensor codes_around(const torch::Tensor& keyframes, int steps) {
  const int64_t count = keyframes.size(0);
  require(count >= 2, "a way through {} keyframe, expected two or more", count);
  const torch::Tensor places = keyframes.to(torch::kCPU, torch::kFloat64).flatten(1);
  const auto rolled = [&](const torch::Tensor& rows, int64_t ahead) { return rows.roll(-ahead, 0); };
  // Slopes that make the second derivative continuous: d(i−1) + 4 d(i) + d(i+1) = 3 (p(i+1) − p(i−1)), all the way
  // round.
  const torch::Tensor unit = torch::eye(count, torch::kFloat64);
  const torch::Tensor slopes =
      torch::linalg_solve(4 * unit + unit.roll(1, 1) + unit.roll(-1, 1), 3 * (rolled(places, 1) - rolled(places, -1)));
  const torch::Tensor t = (torch::arange(steps, torch::kFloat64) / steps).view({1, steps, 1}), rest = 1 - t;
  const auto at = [](const torch::Tensor& rows) { return rows.unsqueeze(1); };
  const torch::Tensor codes = (1 + 2 * t) * rest * rest * at(places) + t * rest * rest * at(slopes) +
                              t * t * (3 - 2 * t) * at(rolled(places, 1)) - t * t * rest * at(rolled(slopes, 1));
  std::vector<int64_t> shape = keyframes.sizes().vec();
  shape[0] = count * steps;
  return codes.reshape(shape).to(keyframes.options());
}

std::vector<std::string> step_labels(int steps) {
  std::vector<std::string> labels;
  for (int i = 0; i < steps; ++i) labels.push_back(fmt::format("{:.2g}", static_cast<double>(i) / (steps - 1)));
  return labels;
}

}  // namespace lifted::app
