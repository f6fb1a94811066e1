// Which known word was meant.
#pragma once

#include <string>
#include <vector>

namespace lifted::app {

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
int edit_distance(const std::string& a, const std::string& b);

/// The known word nearest to one that is not known, or "" where none is near: two in five letters may differ, or it is
/// the beginning of exactly one.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

/// " did you mean generate?" with a semicolon before it, or "".
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace lifted::app
