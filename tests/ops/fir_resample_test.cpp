#include "lifted/ops/fir_resample.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "lifted/formats/safetensors.h"
#include "tests/ops/memory_formats.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"

namespace lifted {
namespace {
using ops::FirResampleOptions;
using ops::Implementation;
using test::kChannelsLast;
using torch::Tensor;

class FirResampleGolden : public testing::TestWithParam<std::tuple<Implementation, bool>> {
 protected:
  Tensor run(const Tensor& x, const Tensor& kernel, const FirResampleOptions& options) {
    const auto [implementation, channels_last] = GetParam();
    return ops::fir_resample(channels_last ? x.contiguous(kChannelsLast) : x, kernel, options, implementation);
  }
  const StateDict golden_ = formats::read_safetensors(test::data_file("upfirdn2d.safetensors"));
};

TEST_P(FirResampleGolden, ReproducesThePublishedCases) {
  std::ifstream file(test::data_file("upfirdn2d_cases.json"));
  const auto cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 14u);
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto name = std::to_string(i);
    const auto x = golden_.at("x").clone().requires_grad_(true);
    const auto options = FirResampleOptions::uniform(cases[i][1], cases[i][2], cases[i][3][0], cases[i][3][1]);
    const auto y = run(x, golden_.at(cases[i][0].get<std::string>()), options);
    test::expect_close(name + "_y", y, golden_.at(name + "_y"), 1e-5);
    (y * golden_.at(name + "_gy")).sum().backward();
    test::expect_close(name + "_gx", x.grad(), golden_.at(name + "_gx"), 1e-5);
  }
}

TEST_P(FirResampleGolden, ReproducesDifferentFactorsPerAxis) {
  FirResampleOptions options;
  options.up_x = 2, options.down_y = 2;
  options.pad_x0 = 1, options.pad_x1 = 2, options.pad_y1 = 3;
  test::expect_close("native_y", run(golden_.at("x"), golden_.at("ka"), options), golden_.at("native_y"), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Both, FirResampleGolden,
                         testing::Combine(testing::Values(Implementation::reference, Implementation::fused),
                                          testing::Bool()));

const Tensor asymmetric_kernel = torch::tensor({0.3, -0.2, 0.5, 0.1, 0.9, -0.4}, at::kDouble).view({2, 3});

struct Resampling {
  FirResampleOptions options;
  Tensor kernel;
};

std::vector<Resampling> resamplings() {
  const auto smooth = ops::fir_kernel({1, 3, 3, 1}, 4).to(at::kDouble);
  std::vector<Resampling> cases = {{FirResampleOptions::uniform(1, 1, 1, 1), smooth},
                                   {FirResampleOptions::uniform(2, 1, 2, 1), smooth},
                                   {FirResampleOptions::uniform(1, 2, 1, 1), smooth},
                                   {FirResampleOptions::uniform(2, 3, 4, 1), asymmetric_kernel},
                                   {FirResampleOptions::uniform(1, 1, -1, -1), asymmetric_kernel},
                                   {FirResampleOptions::uniform(3, 2, -2, 5), asymmetric_kernel}};
  cases.push_back({{2, 1, 1, 2, 1, 2, 0, 3}, asymmetric_kernel});
  return cases;
}

TEST(FirResample, FusedEqualsReferenceForAllLayouts) {
  for (const auto& [options, kernel] : resamplings()) {
    for (const int64_t channels : {1, 3, 5, 16, 17, 64}) {
      for (const auto& [height, width] : {std::pair<int64_t, int64_t>{5, 5}, {7, 6}, {9, 16}}) {
        const auto x = torch::randn({2, channels, height, width});
        const auto expected = ops::fir_resample(x, kernel, options, Implementation::reference);
        for (const auto& input : {x, x.contiguous(kChannelsLast), x.transpose(2, 3).contiguous().transpose(2, 3)}) {
          const auto y = ops::fir_resample(input, kernel, options);
          EXPECT_EQ(y.suggest_memory_format(), input.suggest_memory_format());
          ASSERT_TRUE(at::allclose(y, expected, 1e-5, 1e-5)) << channels << " channels, " << height << "×" << width;
        }
      }
    }
  }
}

TEST(FirResample, DerivativesAgreeWithDifferences) {
  for (const auto& [options, kernel] : resamplings()) {
    for (const int64_t channels : {1, 9}) {
      auto x = torch::randn({1, channels, 4, 5}, at::kDouble).contiguous(kChannelsLast).requires_grad_(true);
      const test::TensorFunction f = [&, o = options, k = kernel](const auto& in) {
        return ops::fir_resample(in[0], k, o).tanh();
      };
      test::expect_gradients(f, {x});
      if (channels == 1) test::expect_second_gradients(f, {x});
    }
  }
}

TEST(FirResample, HandlesEmptyBatchesAndRefusesEmptyResults) {
  const auto kernel = ops::fir_kernel({1, 3, 3, 1});
  const auto options = FirResampleOptions::uniform(2, 1, 2, 1);
  for (const auto implementation : {Implementation::reference, Implementation::fused}) {
    EXPECT_EQ(ops::fir_resample(torch::zeros({0, 3, 4, 4}), kernel, options, implementation).sizes(),
              (std::vector<int64_t>{0, 3, 8, 8}));
    EXPECT_THROW(ops::fir_resample(torch::zeros({1, 3, 2, 2}), kernel, {}, implementation), c10::Error);
    EXPECT_THROW(ops::fir_resample(torch::zeros({3, 2, 2}), kernel, {}, implementation), c10::Error);
  }
}

TEST(FirResample, IsTheSameForAnyNumberOfThreads) {
  const auto x = torch::randn({3, 24, 33, 31}).contiguous(kChannelsLast);
  const auto kernel = ops::fir_kernel({1, 3, 3, 1});
  const int threads = torch::get_num_threads();
  torch::set_num_threads(1);
  const auto one = ops::fir_resample(x, kernel, FirResampleOptions::uniform(2, 1, 2, 1));
  torch::set_num_threads(2);
  const auto two = ops::fir_resample(x, kernel, FirResampleOptions::uniform(2, 1, 2, 1));
  torch::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one, two));
}

}  // namespace
}  // namespace lifted
