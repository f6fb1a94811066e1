// Which algorithm computes a convolution: by rules, or by a measurement that is remembered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace lifted::ops {

enum class ConvolutionAlgorithm { libtorch, libtorch_planar, direct, winograd };
enum class ConvolutionMap { forward, input_gradient, weight_gradient };

/// All that a choice depends on: nothing of the batch, so that a sample's result does not depend on its company.
struct ConvolutionKind {
  ConvolutionMap map = ConvolutionMap::forward;
  int64_t in = 0, out = 0, kernel_y = 0, kernel_x = 0, stride = 1, padding_y = 0, padding_x = 0;
  int64_t height = 0, width = 0;  // of the output

  /// "forward 32→64 3×3/2+1×1 at 64×64"
  std::string name() const;
};

/// LIFTED_CONVOLUTION: libtorch|direct|winograd is the most that rules may take, each including what stands before it
/// (not set: winograd); measured takes what measured fastest here.
enum class ConvolutionPolicy { libtorch, direct, winograd, measured };
/// UsageError for another word.
ConvolutionPolicy convolution_policy();

/// Whether an algorithm can compute such a convolution on this processor.
bool can_compute(ConvolutionAlgorithm algorithm, const ConvolutionKind& kind);

/// The algorithm by rules alone: what measured best on AVX2 and AVX-512.
ConvolutionAlgorithm algorithm_by_rule(const ConvolutionKind& kind, ConvolutionPolicy policy);

/// Measurements that are kept: for each processor, libtorch and number of threads the fastest algorithm of each kind,
/// in a JSON file that may be deleted at any time. Without a file (empty path, or one that cannot be written) they last
/// as long as the program.
class MeasuredConvolutions {
 public:
  explicit MeasuredConvolutions(std::filesystem::path file, std::string machine);

  /// What is remembered of `kind`, or what run(algorithm) shows now: the fastest of three runs of each that can compute
  /// it; the rule's choice unless another takes less than 95 % of its time.
  ConvolutionAlgorithm fastest(const ConvolutionKind& kind, const std::function<void(ConvolutionAlgorithm)>& run);
  size_t size() const { return known_.size(); }

 private:
  void read();
  void write() const;

  std::filesystem::path file_;
  std::string machine_;
  std::map<std::string, ConvolutionAlgorithm> known_;
};

/// The program's own, in the user's cache folder ("convolutions.json"), for this machine and number of threads.
ConvolutionAlgorithm measured_algorithm(const ConvolutionKind& kind,
                                        const std::function<void(ConvolutionAlgorithm)>& run);

/// What computes convolutions here, in words: "Winograd F(4×4, 3×3), direct, libtorch".
std::string convolution_algorithms();

}  // namespace lifted::ops
