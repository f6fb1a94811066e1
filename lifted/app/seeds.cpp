#include "lifted/app/seeds.h"

#include <charconv>
#include <string_view>

#include "lifted/base/error.h"

namespace lifted::app {
namespace {

constexpr uint64_t max_seeds = 1'000'000;

std::string_view without_blanks(std::string_view word) {
  while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
  while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
  return word;
}

uint64_t parse_seed(std::string_view padded, const std::string& text, const char* option) {
  const std::string_view word = without_blanks(padded);
  uint64_t seed = 0;
  const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), seed);
  if (word.empty() || end != word.data() + word.size() || status == std::errc::invalid_argument) {
    usage_error("{} {}: '{}' is not a seed; expected a list such as 0-15,20", option, text, word);
  }
  if (status == std::errc::result_out_of_range || seed > UINT32_MAX) {
    usage_error("{} {}: {} is out of range; seeds go from 0 to 4294967295", option, text, word);
  }
  return seed;
}

}  // namespace

std::vector<uint32_t> parse_seeds(const std::string& text, const char* option) {
  std::vector<uint32_t> seeds;
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    const std::string_view word = without_blanks(rest.substr(0, comma));
    const size_t dash = word.find('-', 1);
    const uint64_t first = parse_seed(word.substr(0, dash), text, option);
    const uint64_t last = dash == std::string_view::npos ? first : parse_seed(word.substr(dash + 1), text, option);
    if (last < first) usage_error("{} {}: the range {} runs backwards", option, text, word);
    if (last - first + seeds.size() >= max_seeds) usage_error("{} {}: more than {} seeds", option, text, max_seeds);
    for (uint64_t seed = first; seed <= last; ++seed) seeds.push_back(static_cast<uint32_t>(seed));
    if (comma == std::string_view::npos) return seeds;
    rest.remove_prefix(comma + 1);
  }
}

std::string seed_name(uint32_t seed) {
  return fmt::format("seed{:04}", seed);
}

std::optional<uint32_t> seed_of_name(const std::string& name) {
  uint32_t seed = 0;
  if (!name.starts_with("seed")) return std::nullopt;
  std::from_chars(name.data() + 4, name.data() + name.size(), seed);
  return seed_name(seed) == name ? std::optional(seed) : std::nullopt;
}

}  // namespace lifted::app
