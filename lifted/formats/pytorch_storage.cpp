#include "lifted/formats/pytorch_storage.h"

#include "lifted/formats/stored_tensor.h"

namespace lifted::formats {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 48;

std::string key_of(const Value& key) {
  return key.kind() == Value::Kind::integer ? std::to_string(key.as_int()) : key.as_string();
}

}  // namespace

std::optional<Value> class_of_module(const Value& persistent_id) {
  if (!persistent_id.is_sequence() || persistent_id.as_sequence().size() < 2) return {};
  const auto& parts = persistent_id.as_sequence();
  const bool is_module =
      parts[0].is_string() && parts[0].as_string() == "module" && parts[1].kind() == Value::Kind::name;
  return is_module ? std::optional(parts[1]) : std::nullopt;
}

StorageId parse_storage_id(const Value& persistent_id) {
  if (!(persistent_id.is_sequence() && !persistent_id.as_sequence().empty()))
    fail("a persistent id that is {}, expected a tuple", persistent_id.summary());
  const auto& parts = persistent_id.as_sequence();
  if (!(parts[0].is_string() && parts[0].as_string() == "storage"))
    fail("a persistent id of kind {}, expected 'storage'", parts[0].summary());
  require(parts.size() == 5 || parts.size() == 6, "a storage id of {} parts, expected 5 or 6", parts.size());

  const std::string type = parts[1].as_name().text();
  const auto dtype = storage_dtype(type);
  require(dtype.has_value(), "a storage of class {}, which is not supported", type);
  StorageId id{.key = key_of(parts[2]), .dtype = *dtype, .count = parts[4].as_int()};
  require(id.count >= 0 && id.count <= kMostElements, "a storage of {} elements", id.count);
  if (parts.size() == 6) id.view = parts[5];
  return id;
}

}  // namespace lifted::formats
