// Small files that ask for much memory or time: `inspect` refuses or reads each within 512 MB and two seconds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "lifted/base/file.h"
#include "tests/formats/writers.h"
#include "tests/support/golden.h"
#include "tests/support/measured_program.h"

namespace lifted {
namespace {

using test::PickleWriter;
using testing::HasSubstr;

constexpr uint64_t kMostBytes = 320u << 20;  // beyond libtorch itself
constexpr double kMostSeconds = 2;
constexpr size_t kMegabyte = 1 << 20;

struct HostileFile {
  const char* name;
  std::function<std::string()> make;
  const char* sentence;  // part of what the program says; empty: the file is read
};

std::string a_tensor_of(int64_t elements) {
  return PickleWriter().raw("}").text("a").tensor("FloatStorage", "0", elements, {0, {elements}, {1}}).raw("s").stop();
}

std::string storage_of_zeros(uint32_t megabytes) {
  return test::zip_of({{.name = "archive/data.pkl", .content = a_tensor_of(int64_t{megabytes} * 262144)},
                       test::deflated_repeat("archive/data/0", std::string(kMegabyte, '\0'), megabytes)});
}

std::string deflated_pickle(const std::string& opcode, uint32_t megabytes) {
  std::string chunk;
  while (chunk.size() < kMegabyte) chunk += opcode;
  return test::zip_of({test::deflated_repeat("archive/data.pkl", chunk, megabytes)});
}

std::string npz_of_zeros(uint32_t megabytes) {
  return test::zip_of({test::deflated_repeat("w.npy", std::string(kMegabyte, '\0'), megabytes)});
}

std::string repeated(const std::string& text, size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string pickle_of(const std::string& opcodes) {
  return PickleWriter().raw(opcodes).stop();
}

std::string safetensors_of(const std::string& header) {
  return test::little_endian(static_cast<uint64_t>(header.size())) + header;
}

std::string empty_tensors(size_t count) {
  std::string header = "{";
  for (size_t i = 0; i < count; ++i)
    header += fmt::format("{}\"t{}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", i ? "," : "", i);
  return header + "}";
}

std::string many_metadata(size_t count) {
  std::string header = "{\"__metadata__\":{";
  for (size_t i = 0; i < count; ++i) header += fmt::format("{}\"{}\":\"\"", i ? "," : "", i);
  return header + "}}";
}

/// Dicts that hold the one before ten times: 10^60 entries in a kilobyte.
std::string dicts_of_dicts() {
  PickleWriter laughs;
  laughs.raw("}").text("ha").raw("Ns").put(0).raw("0");
  for (uint32_t level = 1; level <= 60; ++level) {
    laughs.raw("}(");
    for (int i = 0; i < 10; ++i) laughs.text(std::string(1, static_cast<char>('a' + i))).get(level - 1);
    laughs.raw("u").put(level).raw("0");
  }
  return test::zip_checkpoint(laughs.get(60).stop());
}

/// A list of tensors that all are views of the same zeros.
std::string views_of_one_storage(int count, bool broadcast) {
  const int64_t stored = broadcast ? 1 : 4 << 20, seen = broadcast ? 1 << 20 : stored;
  PickleWriter list;
  list.raw("](").name("torch._utils", "_rebuild_tensor_v2").put(1).raw("0(");
  list.storage("FloatStorage", "0", stored).integer(0).integers({seen}).integers({broadcast ? 0 : 1}).raw("\x89");
  list.name("collections", "OrderedDict").raw(")Rt").put(2).raw("0");
  for (int i = 0; i < count; ++i) list.get(1).get(2).raw("R");
  return test::zip_checkpoint(list.raw("e").stop(), {std::string(static_cast<size_t>(stored) * 4, '\0')});
}

/// A list that holds a long text sixteen times, many times.
std::string texts_again_and_again() {
  PickleWriter lists;
  lists.raw("](").text(std::string(kMegabyte, 'x')).put(1).raw("0");
  for (int i = 0; i < 20'000; ++i) lists.raw("](" + repeated(PickleWriter{""}.get(1).bytes, 16) + "e");
  return lists.raw("e").stop();
}

// In the order of the review's table, then their neighbours.
const HostileFile kFiles[] = {
    {"storage.pt", [] { return storage_of_zeros(3200); }, "far more memory than the file holds"},
    {"pickle.pt", [] { return deflated_pickle("}", 3200); }, "far more memory than the file holds"},
    {"dicts.pkl", [] { return pickle_of(std::string(9'900'000, '}')); }, "far more values than a checkpoint has"},
    {"shape.safetensors", [] { return safetensors_of("{\"a\":{\"shape\":[" + repeated("1,", 45'000'000) + "1]}}"); },
     "a header of"},
    {"tensors.safetensors", [] { return safetensors_of(empty_tensors(1'400'000)); }, "a header of"},

    {"shape30.safetensors", [] { return safetensors_of("{\"a\":{\"shape\":[" + repeated("1,", 15'000'000) + "1]}}"); },
     "a shape of more than 64 sizes"},
    {"tensors30.safetensors", [] { return safetensors_of(empty_tensors(500'000)); }, "more than 50000 tensors"},
    {"tensors6.safetensors", [] { return safetensors_of(empty_tensors(40'000)); }, ""},
    {"metadata.safetensors", [] { return safetensors_of(many_metadata(2'000'000)); }, "metadata entries"},
    {"longtext.safetensors",
     [] { return safetensors_of("{\"__metadata__\":{\"a\":\"" + std::string(30'000'000, 'x') + "\"}}"); }, ""},
    {"nested.safetensors", [] { return safetensors_of(repeated("{\"a\":", 5'000'000)); }, "unknown field"},
    {"lists.pkl", [] { return pickle_of(std::string(9'900'000, ']')); }, "far more values"},
    {"nones.pkl", [] { return pickle_of("(" + std::string(20'000'000, 'N') + "l"); }, "far more values"},
    {"integers.pkl", [] { return pickle_of("(" + repeated("K\x01", 10'000'000) + "l"); }, "far more values"},
    {"marks.pkl", [] { return pickle_of(std::string(20'000'000, '(')); }, "far more values"},
    {"memo.pkl", [] { return pickle_of("N" + std::string(20'000'000, '\x94')); }, "far more values"},
    {"tuples.pkl", [] { return pickle_of("N" + std::string(9'900'000, '\x85')); }, "far more values"},
    {"entries.pkl", [] { return pickle_of("}(" + repeated("K\x01K\x02", 5'000'000) + "u"); }, "far more values"},
    {"classes.pkl", [] { return pickle_of("(" + repeated("ca\nb\n)\x81", 1'500'000) + "l"); }, "far more values"},
    {"pickle60.pt", [] { return deflated_pickle("}", 60); }, "far more values"},
    {"storage16.pt", [] { return storage_of_zeros(16); }, ""},
    {"npz.npz", [] { return npz_of_zeros(3200); }, "far more memory than the file holds"},
    {"laughs.pt", dicts_of_dicts, ""},
    {"views.pt", [] { return views_of_one_storage(3000, false); }, "its tensors are far more than the file holds"},
    {"broadcasts.pt", [] { return views_of_one_storage(100'000, true); }, "its tensors are far more"},
    {"texts.pkl", texts_again_and_again, ""},
};

class HostileFiles : public testing::TestWithParam<HostileFile> {};

TEST_P(HostileFiles, EndQuicklyAndInLittleMemory) {
  const test::TemporaryFolder folder;
  const auto path = folder / GetParam().name;
  size_t size = 0;
  {
    const std::string bytes = GetParam().make();
    size = bytes.size();
    write_file_atomically(path, bytes);
  }
  const auto run = test::measured_run({"inspect", path.string()});
  std::printf("  %-22s %9zu bytes %6.0f MB %5.2f s  %s\n", GetParam().name, size,
              static_cast<double>(test::bytes_beyond_idle(run)) / 1e6, run.user_seconds,
              run.errors.substr(0, 160).c_str());
  EXPECT_LT(test::bytes_beyond_idle(run), kMostBytes);
  EXPECT_LT(run.user_seconds, kMostSeconds);
  if (*GetParam().sentence) {
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.errors, HasSubstr(GetParam().sentence));
    EXPECT_THAT(run.errors, HasSubstr(path.string()));
    EXPECT_LT(run.errors.size(), 1000u);
  } else {
    EXPECT_EQ(run.exit_code, 0) << run.errors;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, HostileFiles, testing::ValuesIn(kFiles), [](const auto& tested) {
  std::string name = tested.param.name;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

}  // namespace
}  // namespace lifted
