#include "lifted/ops/packed_convolution.h"
#include "lifted/ops/convolution_choice.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lifted/ops/pool.h"

namespace lifted {
namespace {
using torch::Tensor;

constexpr auto kInnermost = at::MemoryFormat::ChannelsLast;

struct PackedCase {
  std::vector<int64_t> x;  // B×C×H×W
  int64_t out, kernel_y, kernel_x;
  ops::ConvolutionOptions options;
};

/// Every form of Winograd's, tiles that do not fit, the direct products, and channels of neither.
const std::vector<PackedCase> kPackedCases = {
    {{2, 16, 9, 11}, 32, 3, 3, {1, 1}},       {{1, 32, 10, 9}, 16, 3, 3, {1, 0}},
    {{2, 48, 11, 7}, 64, 5, 5, {1, 2}},       {{2, 32, 5, 17}, 48, 1, 7, {1, {0, 3}}},
    {{2, 160, 17, 6}, 32, 7, 1, {1, {3, 0}}}, {{1, 16, 3, 8}, 16, 1, 3, {1, {0, 1}}},
    {{1, 384, 8, 5}, 16, 3, 1, {1, {1, 0}}},  {{2, 80, 7, 9}, 48, 1, 1, {1, 0}},
    {{2, 32, 17, 15}, 16, 3, 3, {2, 0}},      {{2, 3, 13, 9}, 32, 3, 3, {2, 0}},
    {{1, 20, 6, 6}, 35, 3, 3, {1, 1}}};

struct PackedWeights {
  Tensor weight, bias;
  explicit PackedWeights(const PackedCase& c)
      : weight(at::randn({c.out, c.x[1], c.kernel_y, c.kernel_x}) /
               std::sqrt(double(c.x[1] * c.kernel_y * c.kernel_x))),
        bias(at::randn({c.out})) {}
};

std::string name_of(const PackedCase& c) {
  return fmt::format("{} → {} × {}×{}, stride {}", fmt::join(c.x, "×"), c.out, c.kernel_y, c.kernel_x,
                     c.options.stride);
}

TEST(PackedConvolution, EqualsDoublePrecision) {
  at::manual_seed(1);
  for (const PackedCase& c : kPackedCases) {
    SCOPED_TRACE(name_of(c));
    const PackedWeights w(c);
    const Tensor x = at::randn(c.x).contiguous(kInnermost);
    const Tensor exact = at::conv2d(x.to(at::kDouble), w.weight.to(at::kDouble), w.bias.to(at::kDouble),
                                    c.options.stride, {c.options.padding.y, c.options.padding.x});
    const ops::PackedConvolution convolution(w.weight, w.bias, c.options);
    const auto error = [&](const Tensor& result, const Tensor& expected) {
      EXPECT_EQ(result.sizes(), expected.sizes());
      return ((result.to(at::kDouble) - expected).abs().max() / exact.std()).item<double>();
    };
    EXPECT_LT(error(convolution(x, 0), exact), 4e-5);
    EXPECT_LT(error(convolution(x, 10000), exact.relu()), 4e-5);
    Tensor first = exact.clone();
    first.narrow(1, 0, 16).clamp_min_(0);
    EXPECT_LT(error(convolution(x, 16), first), 4e-5);
  }
}

TEST(PackedConvolution, ReadsAndWritesPartsOfTheChannels) {
  at::manual_seed(2);
  for (const PackedCase& c : kPackedCases) {
    SCOPED_TRACE(name_of(c));
    const PackedWeights w(c);
    const ops::PackedConvolution convolution(w.weight, w.bias, c.options);
    const Tensor wide = at::randn({c.x[0], c.x[1] + 24, c.x[2], c.x[3]}).contiguous(kInnermost);
    const Tensor x = wide.narrow(1, 8, c.x[1]), expected = convolution(x.contiguous(kInnermost), 0);
    const Tensor all = at::full({c.x[0], c.out + 16, expected.size(2), expected.size(3)}, 7.0).contiguous(kInnermost);
    convolution.run(x, 0, all.narrow(1, 8, c.out));
    EXPECT_TRUE(all.narrow(1, 8, c.out).equal(expected));
    EXPECT_TRUE(all.narrow(1, 0, 8).eq(7).all().item<bool>());
    EXPECT_TRUE(all.narrow(1, c.out + 8, 8).eq(7).all().item<bool>());
  }
}

TEST(PackedConvolution, ASampleDoesNotFeelItsBatchOrTheThreads) {
  if (ops::convolution_algorithms().find("direct") == std::string::npos) GTEST_SKIP() << "libtorch's do feel it";
  at::manual_seed(3);
  const int threads = at::get_num_threads();
  for (const PackedCase& c : kPackedCases) {
    SCOPED_TRACE(name_of(c));
    const PackedWeights w(c);
    const ops::PackedConvolution convolution(w.weight, w.bias, c.options);
    const Tensor x = at::randn({5, c.x[1], c.x[2], c.x[3]}).contiguous(kInnermost);
    at::set_num_threads(1);
    const Tensor together = convolution(x, 0);
    at::set_num_threads(3);
    EXPECT_TRUE(convolution(x, 0).equal(together));
    EXPECT_TRUE(convolution(x.narrow(0, 3, 1), 0).equal(together.narrow(0, 3, 1)));
  }
  at::set_num_threads(threads);
}

TEST(Pool, EqualsTorchs) {
  at::manual_seed(4);
  const Tensor wide = at::randn({2, 43, 9, 12}).contiguous(kInnermost), x = wide.narrow(1, 3, 37);
  const Tensor dense = x.contiguous(kInnermost);
  EXPECT_TRUE(ops::pool3x3(x, {.stride = 2}).equal(at::max_pool2d(dense, 3, 2)));
  EXPECT_TRUE(ops::pool3x3(x, {.padding = 1}).equal(at::max_pool2d(dense, 3, 1, 1)));
  EXPECT_TRUE(ops::pool3x3(x, {.padding = 1, .relu = true}).equal(at::max_pool2d(dense, 3, 1, 1).relu()));
  const Tensor mean = at::avg_pool2d(dense, 3, 1, 1, false, /*count_include_pad=*/false);
  EXPECT_TRUE(ops::pool3x3(x, {.padding = 1, .mean = true}).allclose(mean, 1e-5, 1e-6));
  wide[1][20][4][5] = NAN;
  EXPECT_EQ(ops::pool3x3(x, {.padding = 1}).isnan().sum().item<int64_t>(), 9);
  EXPECT_EQ(ops::pool3x3(x, {.padding = 1, .mean = true, .relu = true}).isnan().sum().item<int64_t>(), 9);
}

}  // namespace
}  // namespace lifted
