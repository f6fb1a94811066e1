#include "lifted/app/spelling.h"

#include <algorithm>

namespace lifted::app {

int edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<int>> table(a.size() + 1, std::vector<int>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      int& best = table[i][j];
      if (i == 0 || j == 0) {
        best = static_cast<int>(i + j);
        continue;
      }
      best = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = std::min(best, table[i - 2][j - 2] + 1);
    }
  }
  return table[a.size()][b.size()];
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  if (word.size() < 2 || word.size() > 100) return {};
  std::vector<std::string> begun;
  for (const auto& candidate : known)
    if (candidate.starts_with(word)) begun.push_back(candidate);
  if (begun.size() == 1) return begun[0];
  std::string best;
  int least = 0;
  for (const auto& candidate : known) {
    const int distance = edit_distance(word, candidate);
    const auto allowed = static_cast<int>(2 * std::max(word.size(), candidate.size()) / 5);
    if (distance <= allowed && (best.empty() || distance < least)) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::string meant = nearest(word, known);
  return meant.empty() ? std::string() : "; did you mean " + meant + "?";
}

}  // namespace lifted::app
