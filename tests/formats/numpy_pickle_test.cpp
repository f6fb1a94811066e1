// Pickles of NumPy arrays: those of NumPy itself (tests/data/README.md), and ours.
#include "lifted/formats/numpy_pickle.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lifted/base/file.h"
#include "lifted/formats/pickle.h"
#include "tests/support/golden.h"

namespace lifted::formats {
namespace {

torch::Tensor formula(std::vector<int64_t> shape, const std::function<double(int64_t, int64_t)>& value) {
  auto array = torch::empty(shape, torch::kFloat64);
  for (int64_t i = 0; i < shape[0]; ++i)
    for (int64_t j = 0; j < shape[1]; ++j) array[i][j] = value(i, j);
  return array;
}

void expect_golden(const Value& root, const std::string& file) {
  const auto mean = formula({1, 8}, [](int64_t, int64_t j) { return static_cast<double>(j * j + 1) / 7.0; });
  const auto cov = formula({8, 8}, [](int64_t i, int64_t j) {
    return 1.0 / static_cast<double>(1 + std::abs(i - j)) + static_cast<double>(i + j) / 3.0 * 0.01;
  });
  const auto extra = formula({3, 4}, [](int64_t i, int64_t j) { return static_cast<double>(10 * i + j) / 3.0; });
  EXPECT_TRUE(root.at("mean").as_tensor().equal(mean[0])) << file;
  EXPECT_TRUE(root.at("cov").as_tensor().equal(cov)) << file;
  EXPECT_TRUE(root.at("extra").as_tensor().equal(extra)) << file;
  EXPECT_EQ(root.at("size").as_int(), 256) << file;
  EXPECT_EQ(root.at("path").as_string(), "ffhq/images") << file;
}

TEST(NumpyPickle, EveryProtocolAndOrderIsReadExactly) {
  for (const char* name : {"p2", "p3", "p4", "p5", "f3", "f5"}) {
    const auto file = test::data_file(fmt::format("inception_8_{}.pkl", name));
    expect_golden(read_pickle(ByteSource::map_file(file)), name);
  }
}

TEST(NumpyPickle, NumpyTwosNamesAreTheSame) {
  const Bytes bytes = read_file(test::data_file("inception_8_p3.pkl"));
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (size_t at = 0; (at = text.find("cnumpy.core.", at)) != std::string::npos; at += 1)
    text.replace(at, 12, "cnumpy._core.");
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  expect_golden(read_pickle(ByteSource::adopt({data, data + text.size()}, "numpy 2")), "numpy 2");
}

TEST(NumpyPickle, WhatIsWrittenIsReadBack) {
  const test::TemporaryFolder folder;
  const auto array = torch::randn({5, 3}, torch::kFloat64).t();
  write_numpy_pickle(folder / "a.pkl", {{"array", array},
                                        {"vector", torch::arange(4, torch::kFloat64)},
                                        {"small", int64_t{-7}},
                                        {"large", int64_t{1} << 40},
                                        {"text", std::string("ä'\n")}});
  const Value root = read_pickle(ByteSource::map_file(folder / "a.pkl"));
  EXPECT_TRUE(root.at("array").as_tensor().equal(array));
  EXPECT_TRUE(root.at("vector").as_tensor().equal(torch::arange(4, torch::kFloat64)));
  EXPECT_EQ(root.at("small").as_int(), -7);
  EXPECT_EQ(root.at("large").as_int(), int64_t{1} << 40);
  EXPECT_EQ(root.at("text").as_string(), "ä'\n");
}

}  // namespace
}  // namespace lifted::formats
