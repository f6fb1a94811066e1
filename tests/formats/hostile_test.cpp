// Files made to break a reader: every one must end in an Error that says what is wrong, quickly and in little memory.
#include <gmock/gmock.h>

#include <fstream>

#include "lifted/formats/checkpoint.h"
#include "lifted/formats/describe.h"
#include "lifted/formats/nvidia_pickle.h"
#include "lifted/formats/pickle.h"
#include "tests/formats/writers.h"
#include "tests/support/golden.h"

namespace lifted::formats {
namespace {

using test::PickleWriter;
using test::source_of;
using testing::AllOf;
using testing::HasSubstr;

/// The message of the Error that reading must end in.
std::string refusal_of_checkpoint(std::string_view bytes) {
  try {
    read_checkpoint(source_of(bytes));
  } catch (const Error& error) {
    return error.what();
  }
  return "(was accepted)";
}

std::string refused_zip(const PickleWriter& pickle, const std::vector<std::string>& storages = {}) {
  return refusal_of_checkpoint(test::zip_checkpoint(pickle.stop(), storages));
}

/// Reads or refuses; anything but an Error fails the test by leaving it.
bool survives(std::string_view bytes) {
  try {
    describe(read_checkpoint(source_of(bytes)).root);
  } catch (const Error&) {
    return false;
  }
  return true;
}

std::string file_bytes(const std::string& name) {
  std::ifstream file(lifted::test::data_file(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// ---- code ----

TEST(HostilePickle, NamesReachNoTerminalRawOrWhole) {
  const std::string refusal = refusal_of_checkpoint("cos\n\x1b]0;pwned\x07\x1b[2Jsystem\n(S'true'\ntR.");
  EXPECT_THAT(refusal, HasSubstr("os.\\x1b]0;pwned\\x07\\x1b[2Jsystem"));
  EXPECT_EQ(refusal.find('\x1b'), std::string::npos);
  EXPECT_LT(refusal_of_checkpoint("cos\n" + std::string(1 << 20, 's') + "\n(S'true'\ntR.").size(), 600U);
}

TEST(HostilePickle, CallsAreRefusedByName) {
  EXPECT_THAT(refusal_of_checkpoint("cos\nsystem\n(S'true'\ntR."),
              AllOf(HasSubstr("os.system"), HasSubstr("test file: at byte")));
  EXPECT_THAT(refused_zip(PickleWriter().name("os", "system").text("true").raw("\x85R")), HasSubstr("os.system"));
  EXPECT_THAT(refused_zip(PickleWriter().name("posix", "system").text("true").raw("\x85R")), HasSubstr("posix.system"));
  EXPECT_THAT(refused_zip(PickleWriter().text("os").text("system").raw("\x93").text("true").raw("\x85R")),
              HasSubstr("os.system"));
  EXPECT_THAT(refused_zip(PickleWriter().name("builtins", "eval").text("1").raw("\x85R")), HasSubstr("builtins.eval"));
}

TEST(HostilePickle, EveryWayOfConstructingIsRefusedByName) {
  EXPECT_THAT(refused_zip(PickleWriter().name("subprocess", "Popen").text("x").raw("\x85\x81")),
              HasSubstr("subprocess.Popen"));
  EXPECT_THAT(refused_zip(PickleWriter().name("subprocess", "Popen").raw(")}\x92")), HasSubstr("subprocess.Popen"));
  EXPECT_THAT(refused_zip(PickleWriter().raw("(").text("x").raw("isubprocess\nPopen\n")),
              HasSubstr("subprocess.Popen"));
  EXPECT_THAT(refused_zip(PickleWriter().raw("(").name("subprocess", "Popen").raw("o")), HasSubstr("subprocess.Popen"));
  EXPECT_THAT(refused_zip(PickleWriter().name("subprocess", "Popen").raw("}b")), HasSubstr("subprocess.Popen"));
  EXPECT_THAT(
      refused_zip(PickleWriter().name("copyreg", "_reconstructor").raw("(").name("subprocess", "Popen").raw("NNtR")),
      HasSubstr("subprocess.Popen"));
  EXPECT_THAT(
      refused_zip(
          PickleWriter().name("torch._tensor", "_rebuild_from_type_v2").raw("(").name("os", "system").raw("N)NtR")),
      HasSubstr("os.system"));
}

/// What becomes of an object of a class that means nothing here.
Value unknown(const PickleWriter& pickle) {
  return read_checkpoint(source_of(test::zip_checkpoint(pickle.stop()))).root;
}

TEST(UnknownClasses, BecomeObjectsWithoutContents) {
  const Value made =
      unknown(PickleWriter().name("pkg.model", "Version").text("1.0").raw("\x85\x81}").text("a").raw("Nsb"));
  EXPECT_EQ(made.summary(), "an object of class pkg.model.Version");
  EXPECT_FALSE(made.as_object().known);
  EXPECT_TRUE(made.as_object().state.is_none());
  // By call, with keywords, and what calling the result of a call makes.
  EXPECT_TRUE(unknown(PickleWriter().name("builtins", "getattr").name("a", "B").text("c").raw("\x86R")).is_object());
  EXPECT_TRUE(unknown(PickleWriter().name("a", "B").raw(")}").text("k").raw("Ns\x92")).is_object());
  EXPECT_TRUE(unknown(PickleWriter().name("a", "partial").raw(")R)R")).is_object());
  EXPECT_TRUE(
      unknown(PickleWriter().name("numpy.core.multiarray", "_reconstruct").raw("(").name("a", "Array").raw("K\x01tR"))
          .is_object());
}

TEST(UnknownClasses, ThatAreGivenEntriesAreContainers) {
  const Value dict = unknown(PickleWriter().name("box", "Box").raw(")\x81").text("a").raw("K\x05s"));
  EXPECT_EQ(dict.as_dict().python_type, "box.Box");
  EXPECT_EQ(dict.at("a").as_int(), 5);
  const Value list = unknown(PickleWriter().name("my", "List").raw(")\x81(K\x01K\x02").raw("e"));
  EXPECT_EQ(list.as_sequence().size(), 2u);
}

TEST(UnknownClasses, MayReferToThemselves) {
  // An optimizer that knows its scheduler, which knows its optimizer.
  const Value loop = unknown(PickleWriter()
                                 .raw("}")
                                 .text("x")
                                 .name("torch.optim", "Adam")
                                 .raw(")\x81")
                                 .put(1)
                                 .raw("}")
                                 .text("me")
                                 .get(1)
                                 .raw("sbs"));
  EXPECT_EQ(loop.at("x").summary(), "an object of class torch.optim.Adam");
}

TEST(UnknownClasses, ThatAreModulesKeepTheirTensors) {
  PickleWriter module;
  module.name("model", "Generator").raw(")\x81}(").text("_parameters").raw("}").text("w");
  module.tensor("FloatStorage", "0", 3, {0, {3}, {1}}).raw("s").text("_buffers").raw("}").text("_modules").raw("}");
  module.text("training").raw("\x88ub");
  const Value read = read_checkpoint(source_of(test::zip_checkpoint(module.stop(), {std::string(12, '\0')}))).root;
  ASSERT_TRUE(is_module(read));
  EXPECT_TRUE(torch::equal(module_state_dict(read).at("w"), torch::zeros({3})));
  EXPECT_EQ(read.as_object().state.find("training"), nullptr);
}

TEST(UnknownClasses, MayBeKeys) {
  const Value dict =
      unknown(PickleWriter().raw("}").name("a", "Key").raw(")\x81").raw("K\x01s").name("a", "Key").raw(")\x81K\x02s"));
  EXPECT_EQ(dict.as_dict().items().size(), 2u) << "equal only to themselves";
}

/// numpy.ndarray of one dimension with this dtype and content.
PickleWriter& numpy_array(PickleWriter& pickle, const char* code, const char* order, int64_t count,
                          const std::string& content) {
  pickle.name("numpy.core.multiarray", "_reconstruct")
      .raw("(")
      .name("numpy", "ndarray")
      .raw("K\x01\x85")
      .data("b")
      .raw("tR");
  pickle.raw("(K\x01").integers({count}).name("numpy", "dtype").raw("(").text(code).raw("\x89\x88tR");
  pickle.raw("(K\x03").text(order).raw("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff").raw(std::string("K\0tb", 4));
  return pickle.raw("\x89").data(content).raw("tb");
}

TEST(NumpyValues, OfDtypesThatTorchLacksStayUnread) {
  for (const char* code : {"u2", "u4", "u8", "O8", "U3", "M8", "V12"}) {
    PickleWriter state;
    numpy_array(state.raw("}").text("rng"), code, "<", 2, std::string(8, '\1')).raw("s").text("n").raw("K\x07s");
    const Value dict = unknown(state);
    EXPECT_THAT(dict.at("rng").summary(), HasSubstr(code));
    EXPECT_EQ(dict.at("n").as_int(), 7);
  }
  PickleWriter big, good;
  EXPECT_THAT(unknown(numpy_array(big, "f4", ">", 2, std::string(8, '\1'))).summary(), HasSubstr("ndarray"));
  EXPECT_TRUE(torch::equal(unknown(numpy_array(good, "i4", "<", 2, test::bytes_of<int32_t>({3, -4}))).as_tensor(),
                           torch::tensor({3, -4}, torch::kInt32)));
}

TEST(PythonValues, OfRandomStatesAndOldProtocolsAreRead) {
  const Value dict = unknown(PickleWriter().raw("}").text("seed").raw("L340282366920938463463374607431768211455L\ns"));
  EXPECT_EQ(dict.at("seed").as_string(), "340282366920938463463374607431768211455L");
  EXPECT_EQ(unknown(PickleWriter().raw("L-12L\n")).as_int(), -12);
  EXPECT_EQ(unknown(PickleWriter().raw("S'a\\x41\\n\\'b'\n")).as_string(), "aA\n'b");
  EXPECT_THAT(refused_zip(PickleWriter().raw("S'\\q'\n")), HasSubstr("escape"));
  EXPECT_THAT(refused_zip(PickleWriter().raw("S'a\\'\n")), HasSubstr("half an escape"));
}

TEST(HostilePickle, NamesAloneAreHarmless) {
  const Checkpoint checkpoint = read_checkpoint(
      source_of(test::zip_checkpoint(PickleWriter().raw("}").text("f").name("os", "system").raw("s").stop())));
  EXPECT_EQ(checkpoint.root.at("f").as_name().text(), "os.system");
}

TEST(HostilePickle, TensorFlowNetworksAreNamedWithAdvice) {
  EXPECT_THAT(refusal_of_checkpoint(PickleWriter().name("dnnlib.tflib.network", "Network").raw(")\x81}b").stop()),
              AllOf(HasSubstr("TensorFlow"), HasSubstr("legacy.py")));
}

// ---- shape of the tree ----

TEST(HostilePickle, NestedBombs) {
  constexpr int levels = 100'000;
  PickleWriter tuples, lists, dicts, unfinished;
  tuples.raw("N").raw(std::string(levels, '\x85'));
  lists.raw(std::string(levels, ']')).raw(std::string(levels - 1, 'a'));
  for (int i = 0; i < levels; ++i) dicts.raw("}K\x01");
  dicts.raw("N").raw(std::string(levels, 's'));
  unfinished.raw(std::string(levels, '('));
  for (const auto& bomb : {tuples, lists, dicts}) EXPECT_THAT(refused_zip(bomb), HasSubstr("nest deeper"));
  EXPECT_THAT(refused_zip(unfinished), HasSubstr("stack is empty"));
  // Built outermost first: each list is still empty when it is put into the one before.
  PickleWriter outermost_first;
  outermost_first.raw("]").put(1);
  for (int i = 0; i < levels; ++i) outermost_first.put(1).raw("]").put(2).raw("a0").get(2);
  EXPECT_THAT(refused_zip(outermost_first), HasSubstr("nest deeper"));
}

TEST(HostilePickle, CyclesAreRefused) {
  const char* message = "contains itself";
  EXPECT_THAT(refused_zip(PickleWriter().raw("]").put(7).get(7).raw("a")), HasSubstr(message));
  EXPECT_THAT(refused_zip(PickleWriter().raw("}").put(7).text("self").get(7).raw("s")), HasSubstr(message));
  EXPECT_THAT(refused_zip(PickleWriter().raw("]").put(7).get(7).raw("\x85\x85"
                                                                    "a")),
              HasSubstr(message));
  // Out of the result's reach, it would be a leak.
  EXPECT_THAT(refused_zip(PickleWriter().raw("]").put(7).get(7).raw("a0N")), HasSubstr(message));
}

TEST(HostilePickle, SharingIsNotExpanded) {
  // Each of 60 lists holds the one before ten times: 10^60 leaves in a kilobyte.
  PickleWriter laughs;
  laughs.raw("](").text("ha").raw("e").put(0).raw("0");
  for (uint32_t level = 1; level <= 60; ++level) {
    laughs.raw("](");
    for (int i = 0; i < 10; ++i) laughs.get(level - 1);
    laughs.raw("e").put(level).raw("0");
  }
  const Checkpoint checkpoint = read_checkpoint(source_of(test::zip_checkpoint(laughs.get(60).stop())));
  EXPECT_EQ(checkpoint.root.as_sequence().size(), 10u);
  EXPECT_FALSE(describe(checkpoint.root).complete);
  EXPECT_THROW(to_json(checkpoint.root), Error);
}

TEST(HostilePickle, CopyingOverAndOverIsRefused) {
  PickleWriter copies;
  copies.raw("](").text(std::string(100'000, 'x')).put(1).text("latin1").put(2).raw("0");
  for (int i = 0; i < 10'000; ++i) copies.name("_codecs", "encode").get(1).get(2).raw("\x86R");
  EXPECT_THAT(refused_zip(copies.raw("e")), HasSubstr("more memory"));
}

// ---- counts ----

TEST(HostilePickle, CountsBeyondTheFile) {
  using std::string_literals::operator""s;
  for (const std::string& opcodes :
       {"X\xff\xff\xff\xff"s, "B\xff\xff\xff\xff"s, "\x8b\xff\xff\xff\x7f"s, "\x8b\xff\xff\xff\xff"s,
        "\x8d\xff\xff\xff\xff\xff\xff\xff\xff"s, "\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"s,
        "\x96\xff\xff\xff\xff\xff\xff\xff\x7f"s, "U\xff"s, "\x8a\xff"s, "G"s, "M"s, "c"s, "I5"s}) {
    EXPECT_THAT(refused_zip(PickleWriter().raw(opcodes)), HasSubstr("at byte")) << opcodes;
  }
}

TEST(HostilePickle, MalformedPrograms) {
  for (const char* opcodes :
       {"R",     "a",     "}s",     "u",     "t",     "0",        "2",    "b",    "NNa",    "NNNs",
        "h\x05", "(]u",   "}(NNNu", "}]Ns",  "NNR",   "N)R",      "\x81", "\x93", "NN\x93", "Q",
        "NQ",    "I9x\n", "Fabc\n", "S'a\n", "g-1\n", "\x82\x01", "\x97", "\xff", "NN",     "\x80\x09"}) {
    EXPECT_NE(refused_zip(PickleWriter().raw(opcodes)), "(was accepted)") << opcodes;
  }
}

TEST(HostileTensor, LayoutsOutsideTheStorage) {
  const std::string storage(48, '\0');
  const auto refused = [&](const PickleWriter::Layout& layout, int64_t count = 12) {
    return refused_zip(PickleWriter().tensor("FloatStorage", "0", count, layout), {storage});
  };
  EXPECT_EQ(refused({0, {3, 4}, {4, 1}}), "(was accepted)");
  EXPECT_THAT(refused({1, {3, 4}, {4, 1}}), HasSubstr("reaches element 12 of a storage of 12"));
  EXPECT_THAT(refused({0, {3, 4}, {5, 1}}), HasSubstr("reaches"));
  EXPECT_THAT(refused({-1, {3}, {1}}), HasSubstr("negative storage offset"));
  EXPECT_THAT(refused({0, {-3}, {1}}), HasSubstr("negative size"));
  EXPECT_THAT(refused({11, {3}, {-1}}), HasSubstr("negative stride"));
  EXPECT_THAT(refused({0, {3, 4}, {1}}), HasSubstr("2 sizes but 1 strides"));
  EXPECT_THAT(refused({0, {INT64_MAX, INT64_MAX}, {0, 0}}), HasSubstr("more elements"));
  EXPECT_THAT(refused({0, {int64_t{1} << 40}, {0}}), HasSubstr("broadcast"));
  EXPECT_THAT(refused({0, {2, 2}, {INT64_MAX, INT64_MAX}}), HasSubstr("beyond"));
  EXPECT_THAT(refused({0, {0, INT64_MAX, INT64_MAX}, {1, 1, 1}}), HasSubstr("more elements"));
  EXPECT_THAT(refused({0, std::vector<int64_t>(65, 1), std::vector<int64_t>(65, 1)}), HasSubstr("65 dimensions"));
}

TEST(HostileTensor, StoragesThatAreNotThere) {
  const auto refused = [](std::string_view type, int64_t count) {
    return refused_zip(PickleWriter().tensor(type, "0", count, {0, {1}, {1}}), {std::string(48, '\x7f')});
  };
  EXPECT_EQ(refused("FloatStorage", 12), "(was accepted)");
  EXPECT_THAT(refused("FloatStorage", 13), HasSubstr("has 48 bytes, expected 52"));
  EXPECT_THAT(refused("FloatStorage", 11), HasSubstr("has 48 bytes, expected 44"));
  EXPECT_THAT(refused("FloatStorage", -12), HasSubstr("-12 elements"));
  EXPECT_THAT(refused("FloatStorage", INT64_MAX), HasSubstr("elements"));
  EXPECT_THAT(refused("BoolStorage", 48), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(refused("QInt8Storage", 48), HasSubstr("QInt8Storage"));
  EXPECT_THAT(refused_zip(PickleWriter().tensor("FloatStorage", "7", 12, {0, {1}, {1}})), HasSubstr("archive/data/7"));
  // One storage, two opinions about it.
  PickleWriter twice;
  twice.raw("(").tensor("FloatStorage", "0", 12, {0, {1}, {1}}).tensor("IntStorage", "0", 12, {0, {1}, {1}}).raw("t");
  EXPECT_THAT(refused_zip(twice, {std::string(48, '\0')}), HasSubstr("used as"));
}

TEST(HostileLegacy, StoragesThatAreNotThere) {
  const PickleWriter tensor = PickleWriter().tensor("FloatStorage", "5", 2, {0, {2}, {1}}, true);
  const std::string content = test::little_endian<int64_t>(2) + std::string(8, '\0');
  const auto refused = [&](const std::vector<std::pair<std::string, std::string>>& storages) {
    return refusal_of_checkpoint(test::legacy_checkpoint(tensor.stop(), storages));
  };
  EXPECT_EQ(refused({{"5", content}}), "(was accepted)");
  EXPECT_THAT(refused({}), HasSubstr("storage 5 is missing"));
  EXPECT_THAT(refused({{"6", content}}), HasSubstr("storage 6 is used by no tensor"));
  EXPECT_THAT(refused({{"5", content}, {"5", content}}), HasSubstr("twice"));
  EXPECT_THAT(refused({{"5", test::little_endian<int64_t>(3) + std::string(12, '\0')}}),
              HasSubstr("has 3 elements, expected 2"));
  EXPECT_THAT(refused({{"5", content.substr(0, 12)}}), HasSubstr("ends inside a storage"));
  const PickleWriter huge = PickleWriter().tensor("FloatStorage", "5", int64_t{1} << 40, {0, {2}, {1}}, true);
  EXPECT_THAT(refusal_of_checkpoint(test::legacy_checkpoint(huge.stop(), {{"5", content}})),
              HasSubstr("larger than the rest of the file"));
}

TEST(HostilePickle, EmbeddedFilesDoNotMultiply) {
  std::string inner =
      test::legacy_checkpoint(PickleWriter().storage("FloatStorage", "5", 100'000, true).stop(),
                              {{"5", test::little_endian<int64_t>(100'000) + std::string(400'000, '\0')}});
  PickleWriter many;
  many.raw("](").data(inner).put(1).raw("0");
  for (int i = 0; i < 5000; ++i) many.name("torch.storage", "_load_from_bytes").get(1).raw("\x85R");
  EXPECT_THAT(refusal_of_checkpoint(many.raw("e").stop()), HasSubstr("more memory"));

  std::string nested = PickleWriter().raw("N").stop();
  for (int i = 0; i < 5; ++i) {
    nested = test::legacy_checkpoint(
        PickleWriter().name("torch.storage", "_load_from_bytes").data(nested).raw("\x85R").stop(), {});
  }
  EXPECT_THAT(refusal_of_checkpoint(nested), HasSubstr("nested more than"));
}

// ---- zip ----

TEST(HostileZip, DirectoriesThatLie) {
  const std::string pickle = PickleWriter().raw("N").stop();
  const auto refused = [&](test::ZipPart part) {
    part.name = "archive/data.pkl";
    part.content = pickle;
    return refusal_of_checkpoint(test::zip_of({part}));
  };
  EXPECT_EQ(refused({}), "(was accepted)");
  EXPECT_EQ(refused({.name = "", .content = "", .deflate = true}), "(was accepted)");
  EXPECT_EQ(refused({.name = "", .content = "", .zip64 = true}), "(was accepted)");
  EXPECT_THAT(refused({.name = "", .content = "", .size = 0xfffffff0}), HasSubstr("impossible"));
  EXPECT_THAT(refused({.name = "", .content = "", .size = 0xfffffff0, .compressed_size = 0xfffffff0}),
              HasSubstr("but the file has"));
  EXPECT_THAT(refused({.name = "", .content = "", .deflate = true, .size = 0xfffffff0}),
              HasSubstr("claims 4294967280 bytes out of"));
  EXPECT_THAT(refused({.name = "", .content = "", .deflate = true, .size = 3}), HasSubstr("could be inflated"));
  EXPECT_THAT(refused({.name = "", .content = "", .deflate = true, .size = 30}), HasSubstr("could be inflated"));
  EXPECT_THAT(refused({.name = "", .content = "", .deflate = true, .crc = 1}), HasSubstr("checksum"));
  EXPECT_THAT(refused({.name = "", .content = "", .header_offset = 0xfffffff0}), HasSubstr("but the file has"));
  EXPECT_THAT(refused({.name = "", .content = "", .header_offset = 4}), HasSubstr("expected the header"));
  EXPECT_THAT(refused({.name = "", .content = "", .header_offset = 20}), HasSubstr("overlap"));
  EXPECT_THAT(refused({.name = "", .content = "", .flags = 1}), HasSubstr("encrypted"));
}

TEST(HostileZip, Archives) {
  const std::string pickle = PickleWriter().raw("N").stop();
  EXPECT_THAT(refusal_of_checkpoint(
                  test::zip_of({{.name = "a/data.pkl", .content = pickle}, {.name = "a/data.pkl", .content = pickle}})),
              HasSubstr("twice"));
  EXPECT_THAT(refusal_of_checkpoint(test::zip_of({{.name = "a/data.pkl", .content = pickle},
                                                  {.name = "a/data/0", .content = pickle, .header_offset = 0}})),
              HasSubstr("overlap"));
  EXPECT_THAT(refusal_of_checkpoint(test::zip_of({{.name = "dataset.json", .content = "{}"}})),
              HasSubstr("without data.pkl"));
  EXPECT_THAT(refusal_of_checkpoint(test::zip_of(
                  {{.name = "a/data.pkl", .content = pickle}, {.name = "a/constants.pkl", .content = pickle}})),
              HasSubstr("TorchScript archive"));
  EXPECT_THAT(refusal_of_checkpoint(
                  test::zip_of({{.name = "a/data.pkl", .content = pickle}, {.name = "a/byteorder", .content = "big"}})),
              HasSubstr("byte order"));
}

// ---- any damage ----

std::string small_nvidia_pickle() {
  const std::string storage = test::legacy_checkpoint(PickleWriter().storage("FloatStorage", "9", 2, true).stop(),
                                                      {{"9", test::little_endian<int64_t>(2) + std::string(8, '\1')}});
  PickleWriter pickle;
  pickle.raw("}")
      .text("G")
      .name("torch_utils.persistence", "_reconstruct_persistent_obj")
      .raw("}(")
      .text("type")
      .text("class");
  pickle.text("class_name").text("Net").text("state").raw("}(").text("_parameters").raw("}").text("w");
  pickle.name("torch._utils", "_rebuild_tensor_v2")
      .raw("(")
      .name("torch.storage", "_load_from_bytes")
      .data(storage)
      .raw("\x85R");
  pickle.integer(0).integers({2}).integers({1}).raw("\x89)tRs").text("_buffers").raw("}").text("_modules").raw("}u");
  return pickle.raw("u\x85Rs").stop();
}

class Damaged : public testing::TestWithParam<const char*> {
 protected:
  std::string bytes() const {
    if (GetParam() == std::string("nvidia")) return small_nvidia_pickle();
    return file_bytes(GetParam());
  }
};

TEST_P(Damaged, TruncatedAnywhereIsAnError) {
  const std::string whole = bytes();
  ASSERT_TRUE(survives(whole));
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(survives(std::string_view(whole).substr(0, size))) << size;
}

TEST_P(Damaged, AnyChangedByteIsSurvived) {
  const std::string whole = bytes();
  size_t accepted = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned char change : {0x01, 0x80, 0xff}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
      accepted += survives(changed);
    }
  }
  std::printf("  %zu of %zu changed files could still be read\n", accepted, 3 * whole.size());
}

INSTANTIATE_TEST_SUITE_P(Files, Damaged, testing::Values("tiny-cuda.pt", "tiny-cuda-legacy.pt", "nvidia"),
                         [](const auto& tested) {
                           return std::string(tested.index == 0 ? "Zip" : tested.index == 1 ? "Legacy" : "Nvidia");
                         });

// ---- files that are something else ----

TEST(MisplacedFile, IsNamed) {
  EXPECT_THAT(refusal_of_checkpoint(""), HasSubstr("empty"));
  EXPECT_THAT(refusal_of_checkpoint("\n<!DOCTYPE html><html>quota exceeded</html>"), HasSubstr("HTML page"));
  EXPECT_THAT(refusal_of_checkpoint("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
              HasSubstr("git lfs pull"));
  EXPECT_THAT(refusal_of_checkpoint("\x89PNG\r\n\x1a\n0000"), HasSubstr("PNG image"));
  EXPECT_THAT(refusal_of_checkpoint("\xff\xd8\xff\xe0"), HasSubstr("JPEG image"));
  EXPECT_THAT(refusal_of_checkpoint("\x1f\x8b\x08"), HasSubstr("gzip"));
  EXPECT_THAT(refusal_of_checkpoint("hello"), HasSubstr("not a checkpoint of a known kind"));
  EXPECT_THAT(refusal_of_checkpoint("hello"), HasSubstr("test file"));
}

TEST(MisplacedFile, FoldersAndMissingFiles) {
  const lifted::test::TemporaryFolder folder;
  const auto message = [](const std::filesystem::path& path) -> std::string {
    try {
      read_checkpoint(path);
    } catch (const Error& error) {
      return error.what();
    }
    return "(was accepted)";
  };
  EXPECT_THAT(message(folder.path()), HasSubstr("is a folder"));
  EXPECT_THAT(message(folder / "absent.pt"), HasSubstr("cannot open"));
  EXPECT_THAT(message("/dev/null"), HasSubstr("regular file"));
}

}  // namespace
}  // namespace lifted::formats
