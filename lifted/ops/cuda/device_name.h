// What a card is called.
#pragma once

#include <string>

namespace lifted::ops::cuda {

/// index: −1 for the current one. Empty if there is none of that number.
std::string card_name(int index);

}  // namespace lifted::ops::cuda
