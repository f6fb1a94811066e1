// The card's kernels without a card: every thread of every launch runs on the CPU, in a loop, and what comes out is
// compared with the CPU's own kernels. Left to the .cu files is <<<blocks, threads>>>.
#include <gtest/gtest.h>

#include "lifted/ops/bias_act.h"
#include "lifted/ops/cuda/adam_update_threads.h"
#include "lifted/ops/cuda/affine_warp_threads.h"
#include "lifted/ops/cuda/bias_act_threads.h"
#include "lifted/ops/cuda/counter_normal_threads.h"
#include "lifted/ops/cuda/direction_distance_threads.h"
#include "lifted/ops/cuda/fir_resample_threads.h"
#include "lifted/ops/cuda/group_norm_relu_threads.h"
#include "lifted/ops/cuda/rasterize_threads.h"
#include "lifted/ops/cuda/styled_conv_threads.h"
#include "lifted/ops/cuda/surface_threads.h"
#include "lifted/ops/fir_resample.h"
#include "tests/ops/in_a_loop.h"
#include "tests/ops/memory_formats.h"
#include "tests/support/golden.h"

namespace lifted::ops {
namespace {
using test::expect_close;
using test::InALoop;
using test::InALoopBackwards;
using test::kChannelsLast;

const InALoop kLoop;

/// The same picture in every layout an op may be given.
std::vector<Tensor> layouts(const Tensor& x) {
  return {x, x.contiguous(kChannelsLast), x.transpose(2, 3).contiguous().transpose(2, 3),
          at::constant_pad_nd(x, {1, 2}).slice(3, 1, 1 + x.size(3))};
}

TEST(CudaThreads, BiasActIsTheCpusToTheBit) {
  for (const int64_t channels : {1, 3, 17}) {
    const auto bias = torch::randn({channels});
    for (const double clamp : {-1.0, 0.7}) {
      for (const auto& x : layouts(torch::randn({2, channels, 5, 7}))) {
        for (const OptionalTensor& b : {OptionalTensor(bias), OptionalTensor()}) {
          const auto y = cpu::bias_act(x, b, 0.2, 1.4, clamp);
          EXPECT_TRUE(cuda::bias_act(kLoop, x, b, 0.2, 1.4, clamp).equal(y)) << x.strides();
          EXPECT_TRUE(cuda::bias_act_gradient(kLoop, x, y, 0.2, 1.4, clamp)
                          .equal(cpu::bias_act_gradient(x, y, 0.2, 1.4, clamp)));
        }
      }
      const auto rows = torch::randn({4, channels});
      EXPECT_TRUE(cuda::bias_act(kLoop, rows, bias, 0.2, 1.4, clamp).equal(cpu::bias_act(rows, bias, 0.2, 1.4, clamp)));
    }
  }
  EXPECT_EQ(cuda::bias_act(kLoop, torch::zeros({0, 3, 2, 2}), torch::zeros({3}), 0.2, 1, -1).numel(), 0);
}

TEST(CudaThreads, BiasActRoundsSixteenBitsOnce) {
  for (const auto type : {at::kHalf, at::kBFloat16}) {
    const auto x = torch::randn({2, 5, 4, 3}).to(type), bias = torch::randn({5});
    const auto exact = cpu::bias_act(x.to(at::kFloat), bias, 0.2, 1.4, -1);
    EXPECT_TRUE(cuda::bias_act(kLoop, x, bias, 0.2, 1.4, -1).equal(exact.to(type)));
  }
}

TEST(CudaThreads, FirResampleIsTheCpusInEveryLayout) {
  struct Case {
    std::vector<int64_t> factors, pads;
  };
  const std::vector<Case> cases = {{{2, 2, 1, 1}, {2, 1, 2, 1}},
                                   {{1, 1, 2, 2}, {1, 1, 1, 1}},
                                   {{1, 1, 1, 1}, {1, 1, 1, 1}},
                                   {{3, 2, 2, 1}, {-1, 4, 2, 0}}};
  for (const auto& kernel : {fir_kernel({1, 3, 3, 1}, 4), torch::randn({3, 5})}) {
    for (const auto& c : cases) {
      for (const int64_t channels : {1, 3, 20}) {
        for (const auto& x : layouts(torch::randn({2, channels, 9, 11}))) {
          const auto expected = cpu::fir_resample(x, kernel, c.factors, c.pads);
          const auto y = cuda::fir_resample(kLoop, x, kernel, c.factors, c.pads);
          ASSERT_EQ(y.sizes(), expected.sizes());
          EXPECT_EQ(y.suggest_memory_format(), expected.suggest_memory_format());
          EXPECT_TRUE(at::allclose(y, expected, 1e-5, 1e-5));
        }
      }
    }
  }
}

TEST(CudaThreads, GroupNormReluIsTheCpus) {
  for (const auto& [channels, height, width] : {std::array{16, 40, 37}, {32, 1, 1}, {64, 3, 9}}) {
    const auto x = (torch::randn({3, channels, height, width}) * 3 + 5).contiguous(kChannelsLast);
    const auto weight = torch::randn({channels}), bias = torch::randn({channels});
    const auto expected = cpu::group_norm_relu(x.clone(), channels / 4, weight, bias, 1e-5);
    expect_close(fmt::format("group norm {}@{}x{}", channels, height, width),
                 cuda::group_norm_relu(kLoop, x.clone(), channels / 4, weight, bias, 1e-5), expected, 2e-5);
    const auto planar = x.contiguous();
    expect_close("planar", cuda::group_norm_relu(kLoop, planar, channels / 4, weight, bias, 1e-5), expected, 5e-5);
  }
}

TEST(CudaThreads, DirectionDistanceIsTheCpus) {
  for (const int64_t channels : {1, 5, 40}) {
    for (const auto& x : layouts(torch::randn({2, channels, 6, 5}))) {
      auto target = torch::randn({2, channels, 6, 5});
      target.slice(2, 0, 1).zero_();
      for (const OptionalTensor& weight : {OptionalTensor(torch::rand({2, 1, 6, 5})), OptionalTensor()}) {
        const auto scale = torch::tensor(1.5f);
        EXPECT_NEAR(cuda::direction_distance(kLoop, x, target, weight).item<double>() /
                        cpu::direction_distance(x, target, weight).item<double>(),
                    1, 1e-5);
        EXPECT_TRUE(at::allclose(cuda::direction_distance_gradient(kLoop, x, target, weight, scale),
                                 cpu::direction_distance_gradient(x, target, weight, scale), 1e-4, 1e-5));
      }
    }
  }
}

TEST(CudaThreads, SurfaceIsTheCpusToTheBit) {
  for (const auto& [rows, columns] : {std::array{3, 3}, {9, 17}, {16, 5}}) {
    const auto depth = torch::rand({2, rows, columns}) * 0.2 + 0.9, albedo = torch::rand({2, 3, rows, columns});
    const auto rotation = torch::randn({2, 3, 3}), offset = torch::randn({2, 3}), ambient = torch::rand({2}),
               direction = torch::randn({2, 3}), map = torch::rand({2, 1, rows, columns});
    for (const OptionalTensor& follows : {OptionalTensor(map), OptionalTensor()}) {
      EXPECT_TRUE(cuda::surface_vertices(kLoop, depth, follows, rotation, offset, 11.5, 7.5)
                      .equal(cpu::surface_vertices(depth, follows, rotation, offset, 11.5, 7.5)));
    }
    for (const bool unit : {false, true}) {
      const auto [normals, shading, image] =
          cuda::shade_surface(kLoop, depth, albedo, ambient, ambient, direction, 11.5, 7.5, unit);
      const auto [normals2, shading2, image2] =
          cpu::shade_surface(depth, albedo, ambient, ambient, direction, 11.5, 7.5, unit);
      EXPECT_TRUE(normals.equal(normals2) && shading.equal(shading2) && image.equal(image2));
      EXPECT_TRUE(std::get<0>(cuda::shade_surface(kLoop, depth, {}, {}, {}, {}, 11.5, 7.5, unit)).equal(normals));
    }
  }
}

TEST(CudaThreads, StyledConvIsTheReference) {
  for (const bool upsample : {false, true}) {
    const PackedWeights weights = {17, 12, 3, torch::randn({17, 12, 3, 3})};
    StyledConvInputs in;
    in.x = torch::randn({2, 12, 6, 5});
    in.in_scale = torch::rand({2, 12}), in.out_scale = torch::rand({2, 17}), in.bias = torch::randn({17});
    in.activation = {.slope = 0.2f, .gain = 1.4f, .clamp = 8};
    in.upsample = upsample;
    in.fir = {0.5f, 1.5f, 1.4f, 0.6f};
    in.noise_strength = 0.3f;
    for (const int64_t samples : {1, 2}) {
      in.noise = torch::randn({samples, 1, upsample ? 12 : 6, upsample ? 10 : 5});
      expect_close(upsample ? "upsampled" : "plain", cuda::styled_conv(kLoop, weights, in),
                   reference::styled_conv(weights, in), 5e-5);
    }
    in.in_scale = in.out_scale = in.bias = in.noise = Tensor();
    expect_close("bare", cuda::styled_conv(kLoop, weights, in), reference::styled_conv(weights, in), 5e-5);
  }
}

// ---- the rasterizer ----

/// Rough grids seen from all sides, some of it behind the camera, without extent, NaN, infinite or tied.
RasterizeInputs wild_mesh(int64_t seed, bool perspective_correct) {
  torch::manual_seed(seed);
  const int64_t rows = 5 + seed * 3, columns = 9 + seed * 5;
  auto points = torch::randn({2, rows, columns, 3});
  points.select(3, 2).add_(seed % 2 == 0 ? 1.0 : 4.0);
  points.slice(1, 1, 3).select(3, 0).fill_(0.01);
  points.slice(1, 3, 4).slice(2, 4, 6).fill_(NAN);
  points.slice(1, 4, 5).slice(2, 6, 8).fill_(INFINITY);
  points.slice(3, 0, 2).mul_(seed % 3 == 0 ? 0.05 : 0.3);
  points.slice(2, 0, 2) = points.slice(2, 2, 4).clone();  // folded back upon itself: ties
  RasterizeInputs in;
  in.vertices = points, in.attributes = torch::randn({2, 3, rows, columns}).permute({0, 2, 3, 1});
  in.background = torch::randn({3});
  in.size = 31, in.focal = 3, in.background_depth = 1.2, in.perspective_correct = perspective_correct;
  return in;
}

/// What a camera sees of a face: a smooth grid, about a quad a pixel.
RasterizeInputs smooth_mesh(bool perspective_correct) {
  const int64_t side = 48;
  const auto ramp = torch::linspace(-1, 1, side);
  const auto depth = 1 + 0.1 * torch::sin(3 * ramp).view({1, side, 1}) * torch::cos(2 * ramp).view({1, 1, side});
  RasterizeInputs in;
  in.vertices =
      torch::stack({ramp.view({1, 1, side}) / 11.4 * depth, ramp.view({1, side, 1}) / 11.4 * depth, depth}, 3);
  in.attributes = torch::rand({1, side, side, 3}), in.background = torch::ones({3});
  in.size = 48, in.focal = 11.4, in.background_depth = 1.2, in.perspective_correct = perspective_correct;
  return in;
}

std::vector<RasterizeInputs> meshes() {
  std::vector<RasterizeInputs> all;
  for (const bool perspective : {false, true}) {
    all.push_back(smooth_mesh(perspective));
    for (int64_t seed = 0; seed < 6; ++seed) all.push_back(wild_mesh(seed, perspective));
  }
  return all;
}

TEST(CudaThreads, RasterizeIsTheCpusToTheBitInAnyOrderOfThreads) {
  for (const auto& mesh : meshes()) {
    const auto [image, depth, faces] = cpu::rasterize(mesh);
    for (const bool backwards : {false, true}) {
      const auto [image2, depth2, faces2] =
          backwards ? cuda::rasterize(InALoopBackwards(), mesh) : cuda::rasterize(kLoop, mesh);
      EXPECT_TRUE(faces.equal(faces2)) << faces.ne(faces2).sum().item<int64_t>() << " pixels";
      EXPECT_TRUE(depth.equal(depth2) && image.equal(image2));
    }
    EXPECT_GT(faces.ge(0).sum().item<int64_t>(), 20);
  }
}

TEST(CudaThreads, RasterizeBackwardIsTheCpus) {
  for (const auto& mesh : meshes()) {
    const auto [image, depth, faces] = cpu::rasterize(mesh);
    const RasterizeGradientInputs in = {
        torch::randn_like(image), torch::randn_like(depth), mesh.vertices, mesh.attributes, faces, mesh.focal,
        mesh.perspective_correct};
    const auto [vertices, attributes] = cpu::rasterize_backward(in);
    const auto [vertices2, attributes2] = cuda::rasterize_backward(InALoopBackwards(), in);
    // The vector kernel sums in lanes, a thread of the card in raster order.
    for (const auto& [cpu, card] : {std::pair{vertices, vertices2}, {attributes, attributes2}}) {
      EXPECT_TRUE(cpu.isnan().equal(card.isnan()));
      const double largest = cpu.nan_to_num().abs().max().item<double>();
      EXPECT_LE((cpu - card).nan_to_num().abs().max().item<double>(), 1e-5 * largest);
    }
  }
}

TEST(CudaThreads, AdamUpdateIsTheCpusToTheBit) {
  for (const double beta1 : {0.0, 0.9}) {
    std::vector<AdamEntry> ours, theirs;
    torch::manual_seed(7);
    for (int64_t i = 0; i < 2 * cuda::AdamUpdateThread::kMost + 3; ++i) {
      const AdamEntry entry{torch::randn({i % 7 + 1, 5}),
                            i % 9 == 4 ? Tensor() : torch::randn({i % 7 + 1, 5}),
                            beta1 == 0 ? Tensor() : torch::randn({i % 7 + 1, 5}),
                            torch::rand({i % 7 + 1, 5}),
                            0.01,
                            0.5};
      ours.push_back(entry);
      theirs.push_back({entry.parameter.clone(), entry.gradient, entry.mean.defined() ? entry.mean.clone() : Tensor(),
                        entry.square.clone(), entry.step_size, entry.square_root_correction});
    }
    const AdamUpdateOptions options{.beta1 = beta1, .weight_decay = 0.1};
    const auto equal = [&] {
      bool all = true;
      for (size_t i = 0; i < ours.size(); ++i) {
        all = all && ours[i].parameter.equal(theirs[i].parameter) && ours[i].square.equal(theirs[i].square) &&
              (beta1 == 0 || ours[i].mean.equal(theirs[i].mean));
      }
      return all;
    };
    cuda::adam_update(InALoopBackwards(), ours, options, torch::zeros({1}, torch::kBool));
    EXPECT_TRUE(equal());  // held off
    cuda::adam_update(InALoopBackwards(), ours, options, torch::ones({1}, torch::kBool));
    EXPECT_FALSE(equal());
    cpu::adam_update(theirs, options, {});
    EXPECT_TRUE(equal());
  }
}

TEST(CudaThreads, CounterNormalIsTheCpusToTheBit) {
  for (const int64_t count : {0, 1, 4, 1003}) {
    const auto ours = torch::empty({count}), theirs = torch::empty({count});
    cuda::counter_normal(InALoopBackwards(), ours, 0x123456789abcdef, 77);
    cpu::counter_normal(theirs, 0x123456789abcdef, 77);
    EXPECT_TRUE(ours.equal(theirs));
  }
}

/// Turned and shrunk, magnified a lot, mirrored and moved far, without an area, and to one point.
Tensor assorted_maps() {
  return torch::tensor({1.1,  0.8,  3.3,  -0.9,  1.2,  -2.7, 0.0, 0.0, 1.0,  //
                        0.05, 0.01, 0.4,  -0.02, 0.04, 1.0,  0.0, 0.0, 1.0,  //
                        -3.0, 0.3,  14.0, 0.3,   2.85, 1.1,  0.0, 0.0, 1.0,  //
                        1.0,  1.0,  0.3,  1.0,   1.0,  -0.4, 0.0, 0.0, 1.0,  //
                        0.0,  0.0,  0.6,  0.0,   0.0,  -0.2, 0.0, 0.0, 1.0},
                       torch::kFloat64)
      .view({5, 3, 3});
}

TEST(CudaThreads, AffineWarpAndItsAdjointAreTheCpus) {
  for (const auto& [height, width] : {std::array{16, 16}, {9, 14}, {1, 3}, {33, 8}}) {
    const auto images = torch::randn({5, 2, height, width});
    for (const bool adjoint : {false, true}) {
      const auto expected = cpu::affine_warp(images, assorted_maps(), adjoint);
      const auto found = cuda::affine_warp(kLoop, images, assorted_maps(), adjoint);
      for (int64_t i = 0; i < 5; ++i) {
        expect_close(fmt::format("map {}, {}x{}{}", i, height, width, adjoint ? ", adjoint" : ""), found[i],
                     expected[i], 1e-5 * (1 + expected[i].abs().max().item<double>()));
      }
      EXPECT_TRUE(cuda::affine_warp(InALoopBackwards(), images, assorted_maps(), adjoint).equal(found));
      const auto alone = cuda::affine_warp(kLoop, images.narrow(0, 2, 1), assorted_maps().narrow(0, 2, 1), adjoint);
      EXPECT_TRUE(alone.equal(found.narrow(0, 2, 1)));
    }
  }
}

TEST(CudaThreads, PixelKeysCompareAsDepthThenNumber) {
  const std::vector<float> depths = {-1e30f, -2.0f, -1e-40f, -0.0f, 0.0f, 1e-40f, 0.5f, std::nextafter(0.5f, 1.0f),
                                     1e29f};
  for (const float a : depths) {
    EXPECT_EQ(cuda::depth_in(cuda::pixel_key(a, 7)), a);
    for (const float b : depths) {
      for (const int32_t face : {0, 1, 2147483646}) {
        EXPECT_EQ(face, cuda::face_in(cuda::pixel_key(a, face)));
        const bool before = a < b || (a == b && face < 1);
        EXPECT_EQ(cuda::pixel_key(a, face) < cuda::pixel_key(b, 1), before) << a << " " << b << " " << face;
      }
      EXPECT_LT(cuda::pixel_key(a, 0), cuda::kNothing);
    }
  }
}

}  // namespace
}  // namespace lifted::ops
