#include "lifted/formats/safetensors.h"

#include <gmock/gmock.h>

#include "lifted/formats/checkpoint.h"
#include "tests/formats/writers.h"
#include "tests/support/golden.h"

namespace lifted::formats {
namespace {

using lifted::test::TemporaryFolder;
using test::little_endian;
using test::source_of;
using testing::HasSubstr;

std::string file_of(const std::string& header, const std::string& data = "") {
  return little_endian(static_cast<uint64_t>(header.size())) + header + data;
}

std::string refusal(const std::string& bytes) {
  try {
    read_safetensors(source_of(bytes));
  } catch (const Error& error) {
    return error.what();
  }
  return "(was accepted)";
}

StateDict all_dtypes() {
  StateDict tensors;
  for (const auto dtype : {torch::kFloat16, torch::kBFloat16, torch::kFloat32, torch::kFloat64, torch::kInt8,
                           torch::kInt16, torch::kInt32, torch::kInt64, torch::kUInt8, torch::kBool}) {
    tensors[std::string("weights.") + c10::toString(dtype)] = torch::arange(6).view({2, 3}).remainder(2).to(dtype);
  }
  tensors["scalar"] = torch::tensor(2.5f);
  tensors["empty"] = torch::empty({0, 4});
  tensors["transposed"] = torch::arange(6, torch::kFloat32).view({2, 3}).t();
  return tensors;
}

TEST(Safetensors, RoundTripOfEveryDtype) {
  const TemporaryFolder folder;
  const StateDict written = all_dtypes();
  write_safetensors(folder / "all.safetensors", written, {{"name", "test"}, {"config", {{"size", 64}}}});
  nlohmann::json metadata;
  const StateDict read = read_safetensors(folder / "all.safetensors", &metadata);
  ASSERT_EQ(read.size(), written.size());
  for (const auto& [name, tensor] : written) {
    EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(torch::equal(read.at(name), tensor)) << name;
  }
  EXPECT_EQ(metadata, (nlohmann::json{{"name", "test"}, {"config", R"({"size":64})"}}));
}

TEST(Safetensors, EqualInputGivesEqualBytesAndAlignedTensors) {
  const TemporaryFolder folder;
  write_safetensors(folder / "a", all_dtypes());
  write_safetensors(folder / "b", all_dtypes());
  EXPECT_EQ(sha256_of_file(folder / "a"), sha256_of_file(folder / "b"));
  const auto file = ByteSource::map_file(folder / "a");
  uint64_t length = 0;
  std::memcpy(&length, file.text().data(), sizeof length);
  EXPECT_EQ((length + 8) % 64, 0u);
  for (const auto& [name, tensor] : read_safetensors(file)) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data_ptr()) % tensor.element_size(), 0u) << name;
  }
}

TEST(Safetensors, IsACheckpoint) {
  const TemporaryFolder folder;
  write_safetensors(folder / "a", {{"x", torch::ones({3})}}, {{"kind", "generator"}});
  const Checkpoint checkpoint = read_checkpoint(folder / "a");
  EXPECT_EQ(checkpoint.kind, FileKind::safetensors);
  EXPECT_EQ(checkpoint.metadata.at("kind"), "generator");
  EXPECT_TRUE(torch::equal(tensors_of(checkpoint.root).at("x"), torch::ones({3})));
}

TEST(Safetensors, ReadsFilesOfTheReferenceImplementation) {
  LIFTED_GOLDEN_OR_SKIP(path, "fid.safetensors");
  const StateDict tensors = read_safetensors(path);
  EXPECT_EQ(tensors.at("features_a").sizes(), torch::IntArrayRef({200, 64}));
  EXPECT_EQ(tensors.at("fid").scalar_type(), torch::kFloat64);
  EXPECT_EQ(tensors.at("fid").dim(), 0);
}

TEST(Safetensors, WritingRefusesWhatTheFormatCannotHold) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_safetensors(folder / "a", {{"x", torch::Tensor()}}), Error);
  EXPECT_THROW(write_safetensors(folder / "a", {{"x", torch::zeros({2}, torch::kComplexFloat)}}), Error);
  EXPECT_THROW(write_safetensors(folder / "a", {}, nlohmann::json::array()), Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
  EXPECT_THROW(write_safetensors("/proc/nowhere/a", {}), Error);
}

TEST(Safetensors, InconsistentHeadersAreRefused) {
  const std::string eight(8, '\0');
  EXPECT_EQ(refusal(file_of("{}")), "(was accepted)");
  EXPECT_EQ(refusal(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", eight)), "(was accepted)");
  const auto one = [&](const std::string& info) { return refusal(file_of("{\"a\":" + info + "}", eight)); };
  EXPECT_THAT(one(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"),
              HasSubstr("tensor 'a' has 8 bytes, but F32 of shape [3]"));
  EXPECT_THAT(one(R"({"dtype":"F32","shape":[3],"data_offsets":[0,12]})"), HasSubstr("holds 8 bytes"));
  EXPECT_THAT(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"), HasSubstr("need 4 bytes, but 8"));
  EXPECT_THAT(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), HasSubstr("unused bytes"));
  EXPECT_THAT(one(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), HasSubstr("bytes 8 to 0"));
  EXPECT_THAT(one(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), HasSubstr("-2"));
  EXPECT_THAT(one(R"({"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]})"),
              HasSubstr("more elements"));
  EXPECT_THAT(one(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})"), HasSubstr("tensor 'a'"));
  EXPECT_THAT(one(R"({"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]})"), HasSubstr("F8_E4M3"));
  EXPECT_THAT(one(R"({"dtype":"F32","shape":[2]})"), HasSubstr("data_offsets"));
  EXPECT_THAT(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,9]})"), HasSubstr("[begin, end]"));
  EXPECT_THAT(one(R"({"dtype":"BOOL","shape":[8],"data_offsets":[0,8]},"a":1)"), HasSubstr("'a' twice"));
  EXPECT_THAT(one("[[[[[[1]]]]]]"), HasSubstr("nests too deep"));
  EXPECT_THAT(
      refusal(file_of(
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})",
          eight)),
      HasSubstr("overlap"));
  EXPECT_THAT(refusal(file_of(R"({"__metadata__":{"a":1}})")), HasSubstr("no string"));
  EXPECT_THAT(refusal(file_of("{\"a\"")), HasSubstr("is no valid JSON: parse error at line 1, column 5"));
  EXPECT_THAT(refusal(little_endian(UINT64_MAX) + "{}"), HasSubstr("expected at most"));
  EXPECT_THAT(refusal(little_endian(uint64_t{100}) + "{}"), HasSubstr("ends inside the header"));
}

TEST(Safetensors, TruncatedOrChangedAnywhereIsSurvived) {
  const TemporaryFolder folder;
  write_safetensors(folder / "a", {{"x", torch::ones({3})}, {"y", torch::ones({2}, torch::kBool)}}, {{"k", "v"}});
  const std::string whole(ByteSource::map_file(folder / "a").text());
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(refusal(whole.substr(0, size)), "(was accepted)") << size;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned char change : {0x01, 0x80, 0xff}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
      refusal(changed);
    }
  }
}

}  // namespace
}  // namespace lifted::formats
