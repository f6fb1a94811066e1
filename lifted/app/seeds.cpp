#include "lifted/app/seeds.h"

#include <charconv>
#include <string_view>

#include "lifted/base/error.h"

namespace lifted::app {
namespace {

constexpr uint64_t max_seeds = 1'000'000;

uint64_t parse_seed(std::string_view word, const std::string& text) {
  uint64_t seed = 0;
  const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), seed);
  if (word.empty() || end != word.data() + word.size() || status == std::errc::invalid_argument) {
    usage_error("--seeds {}: '{}' is not a seed; expected a list such as 0-15,20", text, word);
  }
  if (status == std::errc::result_out_of_range || seed > UINT32_MAX) {
    usage_error("--seeds {}: {} is out of range; seeds go from 0 to 4294967295", text, word);
  }
  return seed;
}

}  // namespace

std::vector<uint32_t> parse_seeds(const std::string& text) {
  std::vector<uint32_t> seeds;
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    const size_t dash = word.find('-', 1);
    const uint64_t first = parse_seed(word.substr(0, dash), text);
    const uint64_t last = dash == std::string_view::npos ? first : parse_seed(word.substr(dash + 1), text);
    if (last < first) usage_error("--seeds {}: the range {} runs backwards", text, word);
    if (last - first + seeds.size() >= max_seeds) usage_error("--seeds {}: more than {} seeds", text, max_seeds);
    for (uint64_t seed = first; seed <= last; ++seed) seeds.push_back(static_cast<uint32_t>(seed));
    if (comma == std::string_view::npos) return seeds;
    rest.remove_prefix(comma + 1);
  }
}

std::string seed_name(uint32_t seed) {
  return fmt::format("seed{:04}", seed);
}

}  // namespace lifted::app
