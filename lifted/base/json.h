// JSON that other people wrote: read within limits, strictly, and quoted briefly. Nothing else here parses JSON.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lifted/base/error.h"

namespace lifted {

struct JsonLimits {
  int depth = 32;                     // of lists and objects inside one another
  uint64_t text_bytes = 64 << 20;     // of the text
  uint64_t memory_bytes = 256 << 20;  // of the values read, about
};

/// Reads JSON. Error "WHAT: …", without a library's words, if it is none (saying at which line and column), if it goes
/// beyond a limit, or if an object has a key twice (of which most readers quietly keep the last).
nlohmann::json parse_json(std::string_view text, std::string_view what, const JsonLimits& limits = {});
/// The same of a whole file, which messages call by its path.
nlohmann::json read_json_file(const std::filesystem::path& path, const JsonLimits& limits = {});

/// A value as an error quotes it: at most about `longest` bytes, whatever its size and depth, and nothing that a
/// terminal would obey.
std::string shown(const nlohmann::json& value, size_t longest = 60);
std::string shown(const nlohmann::ordered_json& value, size_t longest = 60);

namespace detail {

template <typename T>
struct JsonType;
template <>
struct JsonType<bool> {
  static constexpr const char* name = "true or false";
  template <typename Json>
  static bool read(const Json& json, bool& value) {
    if (json.is_boolean()) value = json.template get<bool>();
    return json.is_boolean();
  }
};
template <>
struct JsonType<nlohmann::json> {
  static constexpr const char* name = "a value";
  static bool read(const nlohmann::json& json, nlohmann::json& value) {
    value = json;
    return true;
  }
};
template <>
struct JsonType<std::string> {
  static constexpr const char* name = "a text";
  template <typename Json>
  static bool read(const Json& json, std::string& value) {
    if (json.is_string()) value = json.template get<std::string>();
    return json.is_string();
  }
};
template <typename T>
requires std::is_floating_point_v<T>
struct JsonType<T> {
  static constexpr const char* name = "a number";
  template <typename Json>
  static bool read(const Json& json, T& value) {
    if (json.is_number()) value = json.template get<T>();
    return json.is_number();
  }
};
/// Whole numbers that the type can hold: nlohmann would cut 1e18 and 2.5 to fit.
template <typename T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) struct JsonType<T> {
  static constexpr const char* name = std::is_signed_v<T> ? "a whole number" : "a whole number of at least 0";
  template <typename Json>
  static bool read(const Json& json, T& value) {
    if (!json.is_number_integer()) return false;
    const bool fits = json.is_number_unsigned() ? std::in_range<T>(json.template get<uint64_t>())
                                                : std::in_range<T>(json.template get<int64_t>());
    if (fits) value = json.template get<T>();
    return fits;
  }
};
template <typename T>
struct JsonType<std::vector<T>> {
  inline static const std::string text = fmt::format("a list of which each is {}", JsonType<T>::name);
  inline static const char* const name = text.c_str();
  template <typename Json>
  static bool read(const Json& json, std::vector<T>& value) {
    if (!json.is_array()) return false;
    value.clear();
    for (const auto& item : json) {
      T one{};
      if (!JsonType<T>::read(item, one)) return false;
      value.push_back(std::move(one));
    }
    return true;
  }
};

template <typename Json>
void require_object(const Json& json, std::string_view what) {
  if (!json.is_object()) fail("{}: is {}, expected a JSON object", what, shown(json));
}

}  // namespace detail

/// Reads object[key]. Error "WHAT: …" naming the key and what was expected if `object` is none, or the entry is missing
/// or of another type; whole numbers must be written as such and fit into T.
template <typename T, typename Json>
T json_field(const Json& object, const char* key, std::string_view what) {
  detail::require_object(object, what);
  const auto found = object.find(key);
  if (found == object.end()) fail("{}: has no '{}', expected {}", what, key, detail::JsonType<T>::name);
  T value{};
  if (!detail::JsonType<T>::read(*found, value))
    fail("{}: '{}' is {}, expected {}", what, key, shown(*found), detail::JsonType<T>::name);
  return value;
}

/// The same, or `fallback` where the object has no such key.
template <typename T, typename Json>
T json_field(const Json& object, const char* key, std::string_view what, T fallback) {
  detail::require_object(object, what);
  return object.contains(key) ? json_field<T>(object, key, what) : fallback;
}

/// Reads object[key] into a variable.
template <typename T, typename Json>
void read_field(const Json& object, const char* key, std::string_view what, T& value) {
  value = json_field<T>(object, key, what);
}

}  // namespace lifted
