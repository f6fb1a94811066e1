// What pickles in real checkpoints contain, beyond the golden files.
#include "lifted/formats/pickle.h"

#include <gmock/gmock.h>

#include "lifted/formats/checkpoint.h"
#include "lifted/formats/describe.h"
#include "lifted/formats/nvidia_pickle.h"
#include "tests/formats/writers.h"
#include "tests/support/golden.h"

namespace lifted::formats {
namespace {

using test::PickleWriter;
using test::source_of;

Value read(const PickleWriter& pickle) {
  return read_pickle(source_of(pickle.stop()));
}

Value read_zip(const PickleWriter& pickle, const std::vector<std::string>& storages) {
  return read_checkpoint(source_of(test::zip_checkpoint(pickle.stop(), storages))).root;
}

TEST(Pickle, ScalarsOfEveryProtocol) {
  using namespace std::string_literals;
  const auto one = [](const std::string& opcodes) { return read(PickleWriter().raw(opcodes)); };
  EXPECT_TRUE(one("N").is_none());
  EXPECT_TRUE(one("\x88").as_bool());
  EXPECT_FALSE(one("I00\n").as_bool());
  EXPECT_EQ(one("I-7\n").as_int(), -7);
  EXPECT_EQ(one("L123L\n").as_int(), 123);
  EXPECT_EQ(one("J\xfe\xff\xff\xff").as_int(), -2);
  EXPECT_EQ(one("K\xff").as_int(), 255);
  EXPECT_EQ(one("M\x01\x02").as_int(), 0x201);
  EXPECT_EQ(one("\x8a\x00"s).as_int(), 0);
  EXPECT_EQ(one("\x8a\x01\xff").as_int(), -1);
  EXPECT_EQ(one("\x8a\x02\xff\x00"s).as_int(), 255);
  EXPECT_EQ(one("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01"s).as_string(), "0x010000000000000000");
  EXPECT_EQ(one("F1.5\n").as_double(), 1.5);
  EXPECT_EQ(one("G\x3f\xf8\x00\x00\x00\x00\x00\x00"s).as_double(), 1.5);
  EXPECT_EQ(one("S'abc'\n").as_string(), "abc");
  EXPECT_EQ(one("Vabc\n").as_string(), "abc");
  EXPECT_EQ(one("U\x03"
                "abc")
                .as_string(),
            "abc");
  EXPECT_EQ(one("\x8c\x03"
                "abc")
                .as_string(),
            "abc");
  EXPECT_EQ(one("\x8d\x03\x00\x00\x00\x00\x00\x00\x00"
                "abc"s)
                .as_string(),
            "abc");
  EXPECT_EQ(one("C\x03"
                "abc")
                .as_bytes()
                .text(),
            "abc");
  EXPECT_EQ(one("\x96\x03\x00\x00\x00\x00\x00\x00\x00"
                "abc"s)
                .as_bytes()
                .text(),
            "abc");
}

TEST(Pickle, ContainersKeepOrderAndLastEntryWins) {
  const Value dict =
      read(PickleWriter().raw("}(").text("b").raw("K\x01").text("a").raw("K\x02").text("b").raw("K\x03u"));
  ASSERT_EQ(dict.as_dict().items().size(), 2u);
  EXPECT_EQ(dict.as_dict().items()[0].first.as_string(), "b");
  EXPECT_EQ(dict.at("b").as_int(), 3);
  EXPECT_EQ(dict.find("c"), nullptr);
  EXPECT_THAT([&] { dict.at("c"); }, testing::ThrowsMessage<Error>("no entry 'c'; there is 'b', 'a'"));
  EXPECT_THAT([&] { dict.as_tensor(); }, testing::ThrowsMessage<Error>("expected a tensor, found a dict of 2 entries"));
  EXPECT_EQ(read(PickleWriter().raw("(K\x01K\x02t")).as_sequence().size(), 2u);
  EXPECT_EQ(read(PickleWriter().raw("(K\x01K\x02l")).kind(), Value::Kind::list);
  EXPECT_EQ(read(PickleWriter().raw("\x8f(K\x01K\x02\x90")).kind(), Value::Kind::set);
  EXPECT_EQ(read(PickleWriter().raw("(K\x01\x91")).kind(), Value::Kind::set);
  EXPECT_EQ(read(PickleWriter().raw("(K\x01K\x02"
                                    "d"))
                .as_dict()
                .items()
                .size(),
            1u);
  EXPECT_EQ(read(PickleWriter()
                     .raw("]")
                     .put(1)
                     .raw("(K\x01"
                          "e0")
                     .get(1))
                .as_sequence()
                .size(),
            1u)
      << "a memo entry is the object, not a copy";
}

TEST(Pickle, NamespaceBecomesADict) {
  const Value arguments =
      read(PickleWriter().name("argparse", "Namespace").raw(")\x81}").text("size").integer(256).raw("sb"));
  EXPECT_EQ(arguments.at("size").as_int(), 256);
  EXPECT_EQ(arguments.as_dict().python_type, "argparse.Namespace");
}

TEST(Pickle, AttributesOfAnOrderedDictAreNotEntries) {
  const Value dict = read(PickleWriter()
                              .name("collections", "OrderedDict")
                              .raw(")R")
                              .text("w")
                              .raw("K\x01s}")
                              .text("_metadata")
                              .raw("}sb"));
  EXPECT_EQ(dict.as_dict().items().size(), 1u);
  EXPECT_EQ(dict.find("_metadata"), nullptr);
}

TEST(Pickle, OtherContainersOfThePythonLibrary) {
  EXPECT_EQ(
      read(PickleWriter().name("collections", "defaultdict").name("builtins", "list").raw("\x85R").text("k").raw("]s"))
          .as_dict()
          .items()
          .size(),
      1u);
  EXPECT_EQ(read(PickleWriter()
                     .name("__builtin__", "set")
                     .raw("](K\x01K\x02"
                          "e\x85R"))
                .kind(),
            Value::Kind::set);
  EXPECT_EQ(read(PickleWriter().name("pathlib", "PosixPath").raw("(").text("/").text("data").text("ffhq").raw("tR"))
                .as_string(),
            "/data/ffhq");
  EXPECT_EQ(read(PickleWriter().name("torch", "device").text("cuda").raw("K\x01\x86R")).as_string(), "cuda:1");
  EXPECT_EQ(read(PickleWriter().name("torch", "Size").raw("K\x01K\x02\x86\x85R")).as_sequence().size(), 2u);
  EXPECT_EQ(read(PickleWriter().name("torch", "float32")).as_name().text(), "torch.float32");
  EXPECT_EQ(read(PickleWriter().name("dnnlib.util", "EasyDict").raw(")\x81").text("k").raw("K\x05s")).at("k").as_int(),
            5);
}

void write_dtype(PickleWriter& pickle, std::string_view code) {
  pickle.name("numpy", "dtype")
      .text(code)
      .raw("\x89\x88\x87R(K\x03")
      .text("<")
      .raw("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK");
  pickle.bytes += std::string("\0tb", 3);
}

TEST(Pickle, NumpyScalarsAndArrays) {
  PickleWriter scalar;
  scalar.name("numpy.core.multiarray", "scalar");
  write_dtype(scalar, "f8");
  EXPECT_EQ(read(scalar.data(test::bytes_of<double>({0.25})).raw("\x86R")).as_double(), 0.25);

  const auto array = [](bool column_major) {
    PickleWriter pickle;
    pickle.name("numpy._core.multiarray", "_reconstruct")
        .raw("(")
        .name("numpy", "ndarray")
        .integers({0})
        .data("b")
        .raw("tR");
    pickle.put(1).raw("(K\x01").integers({2, 3});
    write_dtype(pickle, "f4");
    pickle.raw(column_major ? "\x88" : "\x89").data(test::bytes_of<float>({0, 1, 2, 3, 4, 5})).raw("tb");
    return read(pickle.raw("0").get(1)).as_tensor();  // through the memo, as a second reference would
  };
  EXPECT_TRUE(torch::equal(array(false), torch::arange(6, torch::kFloat32).view({2, 3})));
  EXPECT_TRUE(torch::equal(array(true), torch::arange(6, torch::kFloat32).view({3, 2}).t()));
}

TEST(Pickle, BytesOfProtocol2) {
  EXPECT_EQ(
      read(PickleWriter().name("_codecs", "encode").text("a\xc3\xbf").text("latin1").raw("\x86R")).as_bytes().text(),
      "a\xff");
}

template <typename T>
void expect_dtype(std::string_view storage, torch::ScalarType dtype, const std::vector<T>& values) {
  const auto count = static_cast<int64_t>(values.size());
  const torch::Tensor tensor =
      read_zip(PickleWriter().tensor(storage, "0", count, {0, {count}, {1}}), {test::bytes_of(values)}).as_tensor();
  EXPECT_EQ(tensor.scalar_type(), dtype);
  EXPECT_EQ(tensor.to(torch::kFloat64)[1].template item<double>(), 2) << storage;
}

TEST(PytorchZip, EveryDtype) {
  expect_dtype<double>("DoubleStorage", torch::kFloat64, {1, 2});
  expect_dtype<float>("FloatStorage", torch::kFloat32, {1, 2});
  expect_dtype<uint16_t>("HalfStorage", torch::kFloat16, {0x3c00, 0x4000});
  expect_dtype<uint16_t>("BFloat16Storage", torch::kBFloat16, {0x3f80, 0x4000});
  expect_dtype<int64_t>("LongStorage", torch::kInt64, {1, 2});
  expect_dtype<int32_t>("IntStorage", torch::kInt32, {1, 2});
  expect_dtype<int16_t>("ShortStorage", torch::kInt16, {1, 2});
  expect_dtype<int8_t>("CharStorage", torch::kInt8, {1, 2});
  expect_dtype<uint8_t>("ByteStorage", torch::kUInt8, {1, 2});
  const auto flags =
      read_zip(PickleWriter().tensor("BoolStorage", "0", 2, {0, {2}, {1}}), {std::string("\0\1", 2)}).as_tensor();
  EXPECT_TRUE(torch::equal(flags, torch::tensor({false, true})));
}

TEST(PytorchZip, SharedStoragesStayShared) {
  PickleWriter pickle;
  pickle.raw("(")
      .tensor("FloatStorage", "0", 6, {0, {6}, {1}})
      .tensor("FloatStorage", "0", 6, {1, {2, 2}, {3, 1}})
      .raw("t");
  const auto tensors = read_zip(pickle, {test::bytes_of<float>({0, 1, 2, 3, 4, 5})}).as_sequence();
  const torch::Tensor whole = tensors[0].as_tensor(), part = tensors[1].as_tensor();
  EXPECT_TRUE(torch::equal(part, torch::tensor({{1.f, 2.f}, {4.f, 5.f}})));
  whole[4] = 9;
  EXPECT_EQ(part[1][0].item<float>(), 9);
}

TEST(PytorchZip, EmptyAndScalarTensors) {
  PickleWriter pickle;
  pickle.raw("(")
      .tensor("FloatStorage", "0", 0, {0, {0, 3}, {3, 1}})
      .tensor("FloatStorage", "1", 1, {0, {}, {}})
      .raw("t");
  const auto tensors = read_zip(pickle, {"", test::bytes_of<float>({4})}).as_sequence();
  EXPECT_EQ(tensors[0].as_tensor().sizes(), torch::IntArrayRef({0, 3}));
  EXPECT_EQ(tensors[1].as_tensor().item<float>(), 4);
}

TEST(PytorchLegacy, ViewsOfStorages) {
  PickleWriter pickle;
  pickle.name("torch._utils", "_rebuild_tensor")
      .raw("((")
      .text("storage")
      .name("torch", "FloatStorage")
      .text("5")
      .text("cpu");
  pickle.integer(4).raw("(").text("6").integer(1).integer(2).raw("ttQ").integer(0).integers({2}).integers({1}).raw(
      "tR");
  const std::string content = test::little_endian<int64_t>(4) + test::bytes_of<float>({0, 1, 2, 3});
  const Value tensor = read_checkpoint(source_of(test::legacy_checkpoint(pickle.stop(), {{"5", content}}))).root;
  EXPECT_TRUE(torch::equal(tensor.as_tensor(), torch::tensor({1.f, 2.f})));
}

TEST(Describe, ListsTensorsScalarsAndBrokenValues) {
  const float nan = NAN, infinity = INFINITY;
  PickleWriter pickle;
  pickle.raw("}(").text("model").raw("}").text("w").tensor("FloatStorage", "0", 6, {0, {2, 3}, {3, 1}}).raw("s");
  pickle.text("epoch").raw("K\x07").text("betas").integers({0, 1}).text("args").raw("}").text("name").text("ffhq").raw(
      "su");
  const Value root = read_zip(PickleWriter{pickle}, {test::bytes_of<float>({1, nan, 3, infinity, -infinity, nan})});
  const Description description = describe(root);
  ASSERT_EQ(description.tensors.size(), 1u);
  const TensorEntry& entry = description.tensors[0];
  EXPECT_EQ(entry.path, "model.w");
  EXPECT_EQ(entry.dtype, "float32");
  EXPECT_EQ(entry.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(entry.bytes, 24u);
  EXPECT_EQ(entry.nan, 2);
  EXPECT_EQ(entry.infinite, 2);
  EXPECT_EQ(description.broken_tensors(), 1);
  EXPECT_EQ(description.elements(), 6u);
  ASSERT_EQ(description.scalars.size(), 3u);
  EXPECT_EQ(description.scalars[0].path + "=" + description.scalars[0].text, "epoch=7");
  EXPECT_EQ(description.scalars[1].path + "=" + description.scalars[1].text, "betas=[0,1]");
  EXPECT_EQ(description.scalars[2].path + "=" + description.scalars[2].text, "args.name=\"ffhq\"");
}

TEST(Describe, NvidiaNetworksAppearAsStateDicts) {
  LIFTED_GOLDEN_OR_SKIP(path, "nvidia-ada-64.pkl");
  const Description description = describe(read_checkpoint(path).root);
  const auto has = [&](const std::string& wanted) {
    return std::any_of(description.tensors.begin(), description.tensors.end(),
                       [&](const auto& e) { return e.path == wanted; });
  };
  EXPECT_TRUE(has("G_ema.synthesis.b64.conv1.weight"));
  EXPECT_TRUE(has("D.b4.out.bias"));
  EXPECT_EQ(description.broken_tensors(), 0);
  EXPECT_TRUE(description.complete);
}

}  // namespace
}  // namespace lifted::formats
