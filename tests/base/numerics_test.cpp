#include "lifted/base/numerics.h"

#include <gtest/gtest.h>

#include <ATen/Context.h>

#include "lifted/base/device.h"
#include "lifted/base/error.h"

namespace lifted {
namespace {

TEST(Numerics, Tf32IsOnlyWhereItIsAskedFor) {
  {
    const WithNumerics training(NumericsPolicy::of(Precision::tf32));
    EXPECT_TRUE(at::globalContext().allowTF32CuDNN());
    EXPECT_TRUE(at::globalContext().allowTF32CuBLAS());
    {
      const WithNumerics measuring({});
      EXPECT_FALSE(at::globalContext().allowTF32CuDNN());
    }
    EXPECT_TRUE(numerics().tf32);
  }
  set_numerics({});
  EXPECT_FALSE(at::globalContext().allowTF32CuDNN());
  EXPECT_FALSE(at::globalContext().allowTF32CuBLAS());
  EXPECT_TRUE(at::globalContext().deterministicCuDNN());
  EXPECT_FALSE(at::globalContext().benchmarkCuDNN());
}

TEST(Numerics, PrecisionsHaveNames) {
  for (const char* name : {"fp32", "tf32", "bf16", "fp16"}) EXPECT_STREQ(name_of(parse_precision(name)), name);
  EXPECT_THROW(parse_precision("fp64"), UsageError);
  EXPECT_EQ(half_type(Precision::bf16), torch::kBFloat16);
  EXPECT_FALSE(half_type(Precision::tf32).has_value());
  EXPECT_EQ(NumericsPolicy::of(Precision::fp16), NumericsPolicy());
}

TEST(Constants, AreMadeOncePerTypeAndShape) {
  const auto a = constant({1, 2.5}, {2}, torch::kFloat32);
  EXPECT_TRUE(a.equal(torch::tensor({1.f, 2.5f})));
  EXPECT_TRUE(a.is_same(constant({1, 2.5}, {2}, torch::kFloat32)));
  EXPECT_FALSE(a.is_same(constant({1, 2.5}, {1, 2}, torch::kFloat32)));
  EXPECT_EQ(constant({1, 2.5}, {2}, torch::kFloat64).scalar_type(), torch::kFloat64);
  int made = 0;
  for (int i = 0; i < 3; ++i) {
    const auto b = constant("rays", {5, 2}, torch::kFloat32, [&] { return ++made, torch::ones({5}); });
    EXPECT_EQ(b.sum().item<float>(), 5);
  }
  EXPECT_EQ(made, 1);
  for (int i = 0; i < 1000; ++i) constant({static_cast<double>(i)}, {1}, torch::kFloat32);
  EXPECT_TRUE(a.equal(torch::tensor({1.f, 2.5f}))) << "what is handed out outlives the store";
}

}  // namespace
}  // namespace lifted
