// How many 64² PNG images a second the loader feeds from a zip (target: 1,500 on two cores).
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

#include "lifted/data/loader.h"
#include "lifted/formats/zip_writer.h"

namespace {

using namespace lifted;

/// Smooth shapes with a little noise: PNGs of about the size that rendered heads have.
formats::Image photo_like(int size, int seed) {
  std::mt19937 random(static_cast<unsigned>(seed));
  formats::Image image = formats::filled_image(size, size);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const double radius = std::hypot(x - size / 2.0, y - size / 2.0) / size;
      for (int c = 0; c < 3; ++c) {
        const double value = 128 + 90 * std::cos(6 * radius + c + seed) + static_cast<double>(random() % 7);
        image.at(x, y)[c] = static_cast<uint8_t>(value);
      }
    }
  }
  return image;
}

void loader(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("lifted-loader-bench-{}.zip", state.range(0));
  formats::DatasetZipWriter writer(path);
  for (int i = 0; i < 1000; ++i) writer.add(formats::encode_png(photo_like(static_cast<int>(state.range(0)), i)));
  writer.finish();
  const auto dataset = std::make_shared<data::Dataset>(path);
  data::Loader batches(dataset, {.batch = 32, .mirror = true, .workers = static_cast<int>(state.range(1))});
  for (int i = 0; i < 4; ++i) batches.next();
  for (auto _ : state) benchmark::DoNotOptimize(batches.next().as_float());
  state.SetItemsProcessed(state.iterations() * 32);
  state.counters["KB/image"] = static_cast<double>(std::filesystem::file_size(path)) / 1000 / 1024;
  std::filesystem::remove(path);
}
BENCHMARK(loader)->ArgNames({"size", "workers"})->Args({64, 1})->Args({64, 2})->Args({256, 2})->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
