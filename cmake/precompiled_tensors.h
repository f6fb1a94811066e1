// What sources that know tensors but no modules need; precompiled once.
#pragma once
#include "lifted/base/tensor.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>
