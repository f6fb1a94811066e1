#include "lifted/metrics/retrieval.h"

#include "lifted/base/error.h"
#include "lifted/metrics/samples.h"
#include "lifted/scene/light.h"
#include "lifted/scene/view.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

void append(Tensor& rows, const Tensor& more) {
  rows = rows.defined() ? torch::cat({rows, more}) : more;
}

void append(std::vector<ChangedPeople>& all, const std::vector<ChangedPeople>& more) {
  if (all.empty()) all.resize(more.size());
  for (size_t i = 0; i < more.size(); ++i) {
    all[i].degrees = more[i].degrees;
    append(all[i].rows, more[i].rows);
  }
}

nlohmann::ordered_json found_again(const std::vector<ChangedPeople>& changed, const Tensor& gallery) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  double sum = 0;
  for (const auto& people : changed) sum += rank_one(people.rows, gallery);
  json["mean"] = sum / static_cast<double>(changed.size());
  for (const auto& people : changed) json[fmt::format("{:g}", people.degrees)] = rank_one(people.rows, gallery);
  return json;
}

}  // namespace

void People::add(const People& more) {
  append(teacher, more.teacher);
  append(rendering, more.rendering);
  append(canonical, more.canonical);
  append(turned, more.turned);
  append(lit, more.lit);
}

People embed_people(const model::LiftedGan& gan, const Tensor& w, const Embed& embed, const std::vector<double>& yaws,
                    const std::vector<double>& lights) {
  const torch::NoGradGuard guard;
  const auto estimate = gan.estimate(w);
  const auto seen = [&](const model::RenderOptions& options) {
    return embed(as_stored(gan.render(estimate, options).recon_im));
  };
  const auto from = [&](double yaw) {
    model::RenderOptions options;
    options.view = for_every_sample(scene::yaw_view(yaw), estimate.view);
    return seen(options);
  };
  People people{embed(as_stored(gan.proxy_image(w))), seen({}), from(0), {}, {}};
  for (const double yaw : yaws) people.turned.push_back({yaw, from(yaw)});
  for (const double angle : lights) {
    model::RenderOptions options;
    options.light = for_every_sample(scene::sweep_light(angle), estimate.canon_light);
    people.lit.push_back({angle, seen(options)});
  }
  return people;
}

double rank_one(const Tensor& queries, const Tensor& gallery) {
  require(queries.dim() == 2 && queries.sizes() == gallery.sizes() && queries.size(0) > 0,
          "retrieval needs as many queries as rows of the gallery");
  const Tensor nearest = queries.matmul(gallery.t()).argmax(1);
  const Tensor own = torch::arange(queries.size(0), nearest.options());
  return (nearest == own).to(torch::kFloat64).mean().item<double>();
}

double mean_pairwise_distance(const Tensor& rows) {
  require(rows.dim() == 2 && rows.size(0) > 1, "a distance between people needs at least two");
  const Tensor unit = rows.to(torch::kFloat64);
  const auto count = static_cast<double>(rows.size(0));
  const double own = unit.square().sum().item<double>(), all = unit.sum(0).square().sum().item<double>();
  return 1 - (all - own) / (count * (count - 1));
}

nlohmann::ordered_json retrieval(const People& people) {
  return {
      {"gallery", people.teacher.size(0)},
      {"teacher", rank_one(people.rendering, people.teacher)},
      {"yaw", found_again(people.turned, people.canonical)},
      {"light", found_again(people.lit, people.canonical)},
      {"distance",
       {{"rendering", mean_pairwise_distance(people.rendering)}, {"teacher", mean_pairwise_distance(people.teacher)}}}};
}

}  // namespace lifted::metrics
