// Seed lists as StyleGAN's tools write them: "0-15,20".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lifted::app {

/// Expands ranges and lists, keeping the order given; blanks do not matter. UsageError naming `option` for anything
/// else, for numbers above 2³²−1 (numpy.random.RandomState's limit), descending ranges, and more than a million seeds.
std::vector<uint32_t> parse_seeds(const std::string& text, const char* option = "--seeds");

/// "seed0007": the stem of every file made from one seed.
std::string seed_name(uint32_t seed);
/// The seed that `name` is of, if it is such a stem.
std::optional<uint32_t> seed_of_name(const std::string& name);

}  // namespace lifted::app
