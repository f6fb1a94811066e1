// Rendering synthetic heads at the recipe's supersampling. LIFTED_FACE_MODEL names an ICT-FaceKit folder or packed
// file; without it only the built-in head is measured.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "lifted/base/runtime.h"
#include "lifted/data/heads/render.h"

namespace {

using namespace lifted::data::heads;

void render(benchmark::State& state, const std::shared_ptr<const FaceModel>& model, int size) {
  uint64_t index = 1000 * static_cast<uint64_t>(state.thread_index());
  for (auto _ : state) benchmark::DoNotOptimize(render_head(*model, HeadRecipe{}, 2024, index++, size).image.data());
  state.counters["images"] = benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void add(const std::string& name, const std::shared_ptr<const FaceModel>& model) {
  for (int size : {64, 128, 256})
    for (int threads : {1, 2})
      benchmark::RegisterBenchmark((name + "/" + std::to_string(size) + "px").c_str(), render, model, size)
          ->Threads(threads)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  benchmark::Initialize(&argc, argv);
  add("built-in", std::make_shared<const FaceModel>(analytic_face_model()));
  if (const char* path = std::getenv("LIFTED_FACE_MODEL"))
    add("face model", std::make_shared<const FaceModel>(open_face_model(path)));
  benchmark::RunSpecifiedBenchmarks();
}
