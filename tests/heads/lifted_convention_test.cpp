// Views and lights mean the same here and in the lifted renderer: a head's own canonical depth and albedo, drawn there
// at raw views and lights, look as the head rendered at them.
#include <gtest/gtest.h>

#include "lifted/data/heads/conventions.h"
#include "lifted/data/heads/ground_truth.h"
#include "lifted/scene/renderer.h"
#include "tests/heads/face_models.h"

namespace lifted::data::heads {
namespace {
using torch::Tensor;

constexpr int kSize = 64;
constexpr RenderOptions kNodes{.supersampling = 4, .pixel_grid = PixelGrid::nodes};

struct Drawn {
  Tensor image, mask;  // 3×S×S in 0 … 1, S×S
};

class LiftedConvention : public testing::TestWithParam<int> {
 protected:
  LiftedConvention() {
    parameters_ = canonical_parameters(sample_parameters({.expressions = false}, 7, static_cast<uint64_t>(GetParam())));
  }

  Drawn as_rendered(const std::array<float, 6>& view, const std::array<float, 4>& light) const {
    HeadParameters p = parameters_;
    p.image.view = from_raw_view(view);
    p.image.light = from_raw_light(light);
    const HeadSample sample = render_head(*model_, p, kSize, kNodes);
    return {torch::tensor(sample.image).view({kSize, kSize, 3}).permute({2, 0, 1}),
            torch::tensor(sample.mask).view({kSize, kSize})};
  }

  Tensor as_lifted(const std::array<float, 6>& view, const std::array<float, 4>& light) const {
    const HeadSample front = render_head(*model_, parameters_, kSize, kNodes);
    Tensor depth = torch::tensor(front.depth).view({1, kSize, kSize});
    depth = torch::where(depth > 0, depth, torch::full_like(depth, lifted_max_depth));
    const auto row = [](const auto& values) {
      return torch::tensor(std::vector<float>(values.begin(), values.end())).view({1, -1});
    };
    scene::RendererConfig config;
    config.size = kSize;
    config.unit_normals = true;
    const scene::Renderer renderer(config);
    const torch::NoGradGuard guard;
    const Tensor albedo = torch::tensor(front.albedo).view({1, kSize, kSize, 3}).permute({0, 3, 1, 2}) * 2 - 1;
    return renderer.render_lit({depth, albedo.contiguous(), row(light), row(view), {}}).mesh.image[0] / 2 + 0.5;
  }

  /// Mean difference where the head is.
  double error(const std::array<float, 6>& view, const std::array<float, 4>& light,
               const std::array<float, 6>& lifted_view, const std::array<float, 4>& lifted_light) const {
    const Drawn truth = as_rendered(view, light);
    const Tensor difference = (as_lifted(lifted_view, lifted_light).clamp(0, 1) - truth.image).abs().mean(0);
    const Tensor inside = (truth.mask > 0.99).to(torch::kFloat32);
    return (difference * inside).sum().item<double>() / inside.sum().item<double>();
  }

  std::shared_ptr<const FaceModel> model_ = test::shared_face_model("built-in");
  HeadParameters parameters_;
};

TEST_P(LiftedConvention, LightsFallFromTheSameSide) {
  const std::array<float, 6> front{};
  for (const auto& [x, y] : {std::pair{0.8f, 0.0f}, {0.0f, 0.8f}, {-0.5f, 0.6f}, {0.4f, -0.7f}}) {
    const std::array<float, 4> light{-0.4f, 0.5f, x, y}, mirrored{-0.4f, 0.5f, -x, y}, upended{-0.4f, 0.5f, x, -y};
    const double right = error(front, light, front, light);
    EXPECT_LT(right, 0.03) << x << " " << y;
    if (x != 0) {
      EXPECT_GT(error(front, light, front, mirrored), 1.5 * right) << x << " " << y;
    }
    if (y != 0) {
      EXPECT_GT(error(front, light, front, upended), 1.5 * right) << x << " " << y;
    }
  }
}

TEST_P(LiftedConvention, HeadsTurnTheSameWay) {
  const std::array<float, 4> light{0.2f, 0.0f, 0.2f, 0.3f};
  for (int axis = 0; axis < 3; ++axis) {
    std::array<float, 6> view{}, opposite{};
    view[static_cast<size_t>(axis)] = 0.2f;  // 12°
    opposite[static_cast<size_t>(axis)] = -0.2f;
    const double right = error(view, light, view, light);
    EXPECT_LT(right, 0.08) << axis;  // what comes out from behind is stretched
    EXPECT_GT(error(view, light, opposite, light), 1.5 * right) << axis;
  }
}

INSTANTIATE_TEST_SUITE_P(Heads, LiftedConvention, testing::Values(0, 3));

}  // namespace
}  // namespace lifted::data::heads
