#include "lifted/data/heads/head.h"

#include "lifted/base/error.h"

namespace lifted::data::heads {
namespace {

class PersonHead : public Head {
 public:
  PersonHead(const FaceModel& model, const HeadParameters& parameters)
      : model_(model), parameters_(parameters), hair_(parameters.person.hair) {}
  HeadGeometry geometry() const override { return build_geometry(model_, parameters_, hair_); }
  void paint(SurfaceMaps& maps) const override { paint_surface(model_.data(), parameters_, hair_, maps); }

 private:
  const FaceModel& model_;
  const HeadParameters& parameters_;
  HairField hair_;
};

}  // namespace

std::unique_ptr<Head> make_head(const FaceModel& model, const HeadParameters& parameters) {
  const bool cat = parameters.cat.has_value();
  require(cat == (model.data().family == Family::cats), "{} cannot take the parameters of {}", model.data().name,
          cat ? "a cat" : "a person");
  if (cat) return make_cat_head(model, parameters);
  return std::make_unique<PersonHead>(model, parameters);
}

}  // namespace lifted::data::heads
