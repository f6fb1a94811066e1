#include "lifted/formats/image.h"

#include <gmock/gmock.h>
#include <png.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>

#include <jpeglib.h>

#include "lifted/base/error.h"
#include "lifted/base/random.h"
#include "lifted/formats/color_map.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::formats {
namespace {

using test::error_of;
using test::smooth_image;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

Image read_back(const Bytes& bytes) {
  return read_image(bytes.data(), bytes.size(), "memory");
}

TEST(Png, RoundTripsEveryChannelCountAndSize) {
  for (const int width : {1, 2, 7, 64}) {
    const Image rgb = smooth_image(width, 9);
    EXPECT_EQ(read_back(encode_png(rgb)), rgb);
  }
  Image grey{3, 1, 1, {0, 128, 255}};
  EXPECT_EQ(read_back(encode_png(grey)).pixels, (std::vector<uint8_t>{0, 0, 0, 128, 128, 128, 255, 255, 255}));
}

TEST(Png, WritesAtomicallyIntoANewFolder) {
  const TemporaryFolder folder;
  write_png(folder / "a/b/c.png", smooth_image(16, 8));
  EXPECT_EQ(read_image(folder / "a/b/c.png"), smooth_image(16, 8));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "a/b"), {}), 1);
}

TEST(Png, CarriesTextAndTheSamePixels) {
  const PngText text = {{"Software", "liftedgan"}, {"Network", "a.pth\nb.pth"}, {"Sample", "Žofie 3"}, {"Empty", ""}};
  const Image image = smooth_image(16, 8);
  const Bytes plain = encode_png(image), told = encode_png(image, {.text = text});
  EXPECT_EQ(test::png_text(told), text);
  EXPECT_TRUE(test::png_text(plain).empty());
  EXPECT_EQ(read_back(told), image);
  // All but the text is as it was: header before it, pixels after.
  EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + 33, told.begin()));
  EXPECT_TRUE(std::equal(plain.rbegin(), plain.rend() - 33, told.rbegin()));
  EXPECT_THAT(error_of([&] { encode_png(image, {.text = {{"", "x"}}}); }), HasSubstr("cannot encode a PNG"));
}

TEST(Png, TransparencyIsCompositedOnWhite) {
  const Image rgba{3, 1, 4, {10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 128}};
  EXPECT_EQ(read_back(encode_png(rgba)).pixels, (std::vector<uint8_t>{10, 20, 30, 255, 255, 255, 127, 177, 227}));
}

TEST(Png, SixteenBitsAreScaledWithRounding) {
  // Values 0, 128.0039·257, 65535: exactly representable ones and one that truncation would get wrong (0x80FF is 128.5
  // of 255).
  const auto bytes = test::png_with({.width = 4,
                                     .height = 1,
                                     .bit_depth = 16,
                                     .color_type = PNG_COLOR_TYPE_GRAY,
                                     .rows = {0x00, 0x00, 0x80, 0x80, 0x80, 0xFF, 0xFF, 0xFF}});
  const Image image = read_back(bytes);
  EXPECT_EQ(image.at(0, 0)[0], 0);
  EXPECT_EQ(image.at(1, 0)[0], 128);
  EXPECT_EQ(image.at(2, 0)[0], 128);
  EXPECT_EQ(image.at(3, 0)[2], 255);
}

TEST(Png, OneBitPaletteIsExpanded) {
  const auto bytes = test::png_with({.width = 8,
                                     .height = 1,
                                     .bit_depth = 1,
                                     .color_type = PNG_COLOR_TYPE_PALETTE,
                                     .rows = {0b10100000},
                                     .palette = {{255, 0, 0}, {0, 0, 255}}});
  const Image image = read_back(bytes);
  EXPECT_EQ(image.at(0, 0)[2], 255);
  EXPECT_EQ(image.at(0, 0)[0], 0);
  EXPECT_EQ(image.at(1, 0)[0], 255);
}

TEST(Jpeg, RoundTripIsCloseAndQualityMatters) {
  const Image image = smooth_image(64, 48);
  const Bytes best = encode_jpeg(image, 100), poor = encode_jpeg(image, 10);
  EXPECT_LE(test::mean_difference(read_back(best), image), 0.8);
  EXPECT_LT(poor.size(), best.size() / 2);
  EXPECT_THROW(encode_jpeg(image, 0), Error);
}

TEST(Jpeg, CmykBecomesRgbWithAndWithoutAdobesInversion) {
  for (const bool adobe : {true, false}) {
    const Image image = read_back(test::cmyk_jpeg(16, 16, {255, 0, 0, 0}, adobe));  // full cyan, nothing else
    EXPECT_NEAR(image.at(8, 8)[0], 0, 3) << adobe;
    EXPECT_NEAR(image.at(8, 8)[1], 255, 3) << adobe;
    EXPECT_NEAR(image.at(8, 8)[2], 255, 3) << adobe;
    const Image dark = read_back(test::cmyk_jpeg(16, 16, {0, 0, 0, 155}, adobe));
    EXPECT_NEAR(dark.at(8, 8)[1], 100, 3) << adobe;
  }
}

TEST(Jpeg, ExifOrientationIsApplied) {
  // Left half red, right half blue; upper half of both darker. After turning, red must be where the orientation says.
  Image image = filled_image(32, 16, 3, 0);
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 32; ++x) image.at(x, y)[x < 16 ? 0 : 2] = y < 8 ? 120 : 250;
  }
  struct Expected {
    int orientation, width;
    int dark_red_x, dark_red_y;  // where the stored top left corner must be shown
  };
  for (const auto& expected :
       {Expected{1, 32, 1, 1}, Expected{2, 32, 30, 1}, Expected{3, 32, 30, 14}, Expected{4, 32, 1, 14},
        Expected{5, 16, 1, 1}, Expected{6, 16, 14, 1}, Expected{7, 16, 14, 30}, Expected{8, 16, 1, 30}}) {
    for (const bool little : {true, false}) {
      const Image turned =
          read_back(test::with_exif_orientation(encode_jpeg(image, 100), expected.orientation, little));
      ASSERT_EQ(turned.width, expected.width) << expected.orientation;
      const uint8_t* corner = turned.at(expected.dark_red_x, expected.dark_red_y);
      EXPECT_NEAR(corner[0], 120, 12) << expected.orientation;
      EXPECT_LT(corner[2], 40) << expected.orientation;
    }
  }
}

TEST(WebP, StillIsReadLosslesslyWithAlphaOnWhite) {
  const Image image = smooth_image(33, 20);
  EXPECT_EQ(read_back(test::encode_webp(image)), image);
  const Image rgba{2, 1, 4, {10, 20, 30, 255, 1, 2, 3, 0}};
  EXPECT_EQ(read_back(test::encode_webp(rgba)).pixels, (std::vector<uint8_t>{10, 20, 30, 255, 255, 255}));
}

TEST(Hostile, TextAndEmptyFilesAreNamed) {
  const TemporaryFolder folder;
  std::ofstream(folder / "text.png") << "not an image at all";
  std::ofstream(folder / "empty.png");
  EXPECT_THAT(error_of([&] { read_image(folder / "text.png"); }), AllOf(HasSubstr("text.png"), HasSubstr("not a PNG")));
  EXPECT_THAT(error_of([&] { read_image(folder / "empty.png"); }), AllOf(HasSubstr("empty.png"), HasSubstr("empty")));
  EXPECT_THAT(error_of([&] { read_image(folder / "absent.png"); }), HasSubstr("absent.png"));
  EXPECT_THAT(error_of([&] { read_image(folder.path()); }), HasSubstr("folder"));
}

TEST(Hostile, EveryTruncationIsAnErrorThatNamesTheFile) {
  const Image image = smooth_image(40, 40);
  for (const Bytes& whole : {encode_png(image), encode_jpeg(image, 90), test::encode_webp(image)}) {
    for (size_t size = 0; size + 2 < whole.size(); size += 1 + whole.size() / 97) {
      EXPECT_THAT(error_of([&] { read_image(whole.data(), size, "cut.img"); }), HasSubstr("cut.img"))
          << size << " of " << whole.size();
    }
  }
}

TEST(Hostile, HugeDeclaredSizesAreRefusedBeforeAllocation) {
  const auto lying_png = [](uint32_t width, uint32_t height) {
    return test::with_png_size(encode_png(smooth_image(8, 8)), width, height);
  };
  EXPECT_THAT(error_of([&] { read_back(lying_png(1000000, 1000000)); }), HasSubstr("expected at most"));
  EXPECT_THAT(error_of([&] { read_back(lying_png(8000, 8000)); }), HasSubstr("truncated"));
  EXPECT_THAT(error_of([&] { read_back(lying_png(0x80000000u, 4)); }), HasSubstr("PNG"));
  EXPECT_THAT(error_of([&] { read_back(lying_png(0, 8)); }), HasSubstr("PNG"));
  EXPECT_THAT(error_of([&] { read_back(test::with_jpeg_size(encode_jpeg(smooth_image(8, 8), 90), 65000, 65000)); }),
              HasSubstr("expected at most"));
}

TEST(Hostile, FlippedBytesNeverCrash) {
  const Image image = smooth_image(24, 24);
  std::mt19937 random(7);
  int refused = 0;
  for (const Bytes& whole : {encode_png(image), encode_jpeg(image, 90), test::encode_webp(image)}) {
    for (int i = 0; i < 300; ++i) {
      Bytes damaged = whole;
      for (int k = 0; k < 4; ++k) damaged[random() % damaged.size()] = static_cast<std::byte>(random());
      try {
        const Image read = read_back(damaged);
        EXPECT_EQ(read.pixels.size(), static_cast<size_t>(read.width) * read.height * 3);
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 300);
}

/// Appends chunks behind the PNG's header.
Bytes with_chunks(const Bytes& png, const std::string& type, const std::string& content, int count) {
  const auto big_endian = [](uint32_t value) {
    return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                       static_cast<char>(value)};
  };
  const std::string body = type + content;
  const auto sum = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size()));
  const std::string chunk = big_endian(static_cast<uint32_t>(content.size())) + body + big_endian(sum);
  Bytes result(png.begin(), png.begin() + 33);
  for (int i = 0; i < count; ++i) {
    const auto* begin = reinterpret_cast<const std::byte*>(chunk.data());
    result.insert(result.end(), begin, begin + chunk.size());
  }
  result.insert(result.end(), png.begin() + 33, png.end());
  return result;
}

TEST(Hostile, TextsAndProfilesOfPngsStayPacked) {
  const Image image = smooth_image(16, 16);
  const std::string zeros(16 << 20, 0);
  std::string packed(1 << 16, 0);
  uLongf size = packed.size();
  ASSERT_EQ(compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(zeros.data()),
                      zeros.size(), 9),
            Z_OK);
  packed.resize(size);
  const std::clock_t start = std::clock();
  for (const char* type : {"zTXt", "iCCP"})  // 4.8 GB of text
    EXPECT_EQ(read_back(with_chunks(encode_png(image), type, std::string("name\0\0", 6) + packed, 300)), image) << type;
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 1.0);
}

/// A lossless WebP of one colour needs no bits for its pixels: any size can stand in its header.
Bytes with_webp_size(Bytes webp, uint32_t width, uint32_t height) {
  EXPECT_EQ(webp[20], std::byte{0x2f});
  uint32_t bits = 0;
  std::memcpy(&bits, webp.data() + 21, 4);
  bits = (bits & 0xf0000000u) | (width - 1) | (height - 1) << 14;
  std::memcpy(webp.data() + 21, &bits, 4);
  return webp;
}

TEST(Hostile, PicturesThatTakeTooMuchMemoryAreRefused) {
  const Bytes webp = test::encode_webp(filled_image(8, 8, 3, 50));
  EXPECT_EQ(read_back(with_webp_size(webp, 300, 200)), filled_image(300, 200, 3, 50));
  EXPECT_THAT(error_of([&] { read_back(with_webp_size(webp, 16383, 8192)); }), HasSubstr("expected at most 67108864"));
  EXPECT_THAT(error_of([&] { read_back(with_webp_size(webp, 8191, 8191)); }),  // few enough pixels, at 7 bytes each
              AllOf(HasSubstr("447 MB to decode"), HasSubstr("expected at most 320")));
  // What is allowed can be chosen.
  const Bytes png = encode_png(smooth_image(40, 30));
  EXPECT_EQ(read_image(png.data(), png.size(), "a", 1200), smooth_image(40, 30));
  EXPECT_THAT(error_of([&] { read_image(png.data(), png.size(), "a", 1199); }), HasSubstr("expected at most 1199"));
}

TEST(Hostile, ArithmeticJpegsAreRefusedInWords) {
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &buffer, &size);
  encoder.image_width = encoder.image_height = 16;
  encoder.input_components = 3;
  encoder.in_color_space = JCS_RGB;
  jpeg_set_defaults(&encoder);
  encoder.arith_code = TRUE;
  jpeg_start_compress(&encoder, TRUE);
  std::vector<uint8_t> row(48, 128);
  JSAMPROW pointer = row.data();
  while (encoder.next_scanline < 16) jpeg_write_scanlines(&encoder, &pointer, 1);
  jpeg_finish_compress(&encoder);
  EXPECT_THAT(error_of([&] { read_image(buffer, size, "a.jpg"); }), HasSubstr("arithmetic-coded"));
  jpeg_destroy_compress(&encoder);
  std::free(buffer);
}

TEST(Header, SaysWhatDecodingFinds) {
  const Image image = smooth_image(40, 24);
  const Bytes jpeg = encode_jpeg(image, 90);
  for (const Bytes& whole : {encode_png(image), jpeg, test::encode_webp(image),
                             test::encode_webp(Image{40, 24, 4, std::vector<uint8_t>(40 * 24 * 4, 9)}),
                             test::with_exif_orientation(jpeg, 6, true)}) {
    const Image decoded = read_back(whole);
    std::optional<ImageHeader> header;
    size_t needed = 12;
    while (!(header = read_image_header(whole.data(), needed, whole.size(), "head"))) ++needed;
    EXPECT_EQ(header->width, decoded.width);
    EXPECT_EQ(header->height, decoded.height);
    EXPECT_GE(header->memory, decoded.pixels.size() + whole.size());
    EXPECT_LT(needed, 700u);
    EXPECT_THAT(error_of([&] { read_image_header(whole.data(), 13, 13, "cut"); }), HasSubstr("cut: "));
  }
}

TEST(TensorImage, BothRoundings) {
  const auto x = torch::tensor({-2.0f, -1.0f, 0.0f, 0.999f, 1.0f, 3.0f}).reshape({1, 1, 6});
  const Image truncated = image_from_tensor(x), nvidia = image_from_tensor(x, Rounding::nvidia);
  const std::vector<int> expect_truncated{0, 0, 127, 254, 255, 255}, expect_nvidia{0, 0, 128, 255, 255, 255};
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(truncated.at(i, 0)[0], expect_truncated[static_cast<size_t>(i)]) << i;
    EXPECT_EQ(nvidia.at(i, 0)[2], expect_nvidia[static_cast<size_t>(i)]) << i;
  }
  EXPECT_THROW(image_from_tensor(torch::zeros({2, 4, 4})), Error);
}

TEST(TensorImage, CountsWhatIsNotFiniteAndRefusesIt) {
  auto x = torch::zeros({3, 4, 5});
  x[0][1][2] = std::nanf(""), x[2][3][4] = std::nanf(""), x[1][0][0] = -INFINITY;
  try {
    image_from_tensor(x);
    FAIL() << "a picture of NaN";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("5x4 pixels: 3 of its 60 values are NaN or infinite"), std::string::npos)
        << error.what();
  }
}

TEST(TensorImage, BytesSurviveTheTripThroughATensor) {
  const Image image = smooth_image(17, 5);
  const auto tensor = tensor_from_image(image);
  EXPECT_EQ(tensor.sizes(), (torch::IntArrayRef{3, 5, 17}));
  EXPECT_EQ(image_from_tensor(tensor, Rounding::nvidia), image);
}

TEST(ColorMap, LightnessGrowsAndNearIsBright) {
  double previous = -1;
  for (const auto& color : perceptual_colors()) {
    const double luma = 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2];
    EXPECT_GE(luma, previous - 1.0);  // 8-bit rounding of three channels
    previous = luma;
  }
  EXPECT_GT(previous, 200);
  const Image image = depth_image(torch::tensor({0.9, 1.0, 1.1}).reshape({1, 3}), 0.9, 1.1);
  EXPECT_GT(image.at(0, 0)[1], image.at(1, 0)[1]);
  EXPECT_GT(image.at(1, 0)[1], image.at(2, 0)[1]);
  EXPECT_EQ(depth_image(torch::tensor({0.9, 1.0, 1.1}).reshape({1, 1, 3})), image);
  EXPECT_EQ(depth_image(torch::full({2, 2}, NAN)).at(0, 0)[0], 255);
}

TEST(ColorMap, NormalTowardsTheViewerIsLightBlue) {
  const Image image = normal_image(torch::tensor({0.0f, 0.0f, 1.0f}).reshape({3, 1, 1}));
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{128, 128, 255}));
}

}  // namespace
}  // namespace lifted::formats
