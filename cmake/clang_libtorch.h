// Included before everything else, because clang compiles here against libtorch 1.13. In C++20, libstdc++'s std::vector
// is constexpr, which makes clang instantiate members of std::vector<c10::IValue> at once, in headers where IValue is
// not yet complete. GCC waits, and so does clang if the vector is not constexpr; nothing here needs it to be.
#pragma once

#include <string>

#pragma push_macro("_GLIBCXX20_CONSTEXPR")
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#define __fill_a1 __fill_a1_of_bits  // declared constexpr already; only std::fill on std::vector<bool> uses it
#include <vector>
#undef __fill_a1
#pragma pop_macro("_GLIBCXX20_CONSTEXPR")
