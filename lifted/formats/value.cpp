#include "lifted/formats/value.h"

#include <algorithm>

#include "lifted/base/printable.h"

namespace lifted::formats {
namespace {

constexpr size_t kNamedKeys = 8;  // as many keys as a message lists

std::string in_quotes(std::string_view text) {
  return fmt::format("'{}'", printable(text, 60));
}

/// "package.module.Class" or the class alone, at a length fit for messages.
std::string class_text(const Object& object) {
  const std::string name = object.known ? object.class_name : object.module + "." + object.class_name;
  return printable(name, 120);
}

/// A text that is equal for equal keys only. Tuples nest one level, which bounds the work.
std::string key_text(const Value& key, bool inside_tuple = false) {
  switch (key.kind()) {
    case Value::Kind::none:
      return "n";
    case Value::Kind::boolean:
      return fmt::format("i{}", key.as_bool() ? 1 : 0);
    case Value::Kind::integer:
      return fmt::format("i{}", key.as_int());
    case Value::Kind::real:
      return fmt::format("f{}", key.as_double());
    case Value::Kind::string:
      return "s" + key.as_string();
    case Value::Kind::bytes:
      return fmt::format("b{}", key.as_bytes().text());
    case Value::Kind::name:
      return fmt::format("g{}", key.as_name().text());
    case Value::Kind::tensor:
    case Value::Kind::set:
    case Value::Kind::object:
      return fmt::format("o{}", key.identity());
    case Value::Kind::tuple:
      if (!inside_tuple) {
        std::string text = "t";
        for (const Value& item : key.as_sequence()) {
          const std::string part = key_text(item, true);
          text += fmt::format("{}:{}", part.size(), part);
        }
        return text;
      }
      [[fallthrough]];
    default:
      fail("a dict's key must be a scalar or a tuple of scalars, found {}", key.summary());
  }
}

std::string known_keys(const Dict& dict) {
  std::string text;
  for (size_t i = 0; i < std::min(kNamedKeys, dict.items().size()); ++i) {
    const Value& key = dict.items()[i].first;
    text += fmt::format("{}{}", i == 0 ? "" : ", ", key.is_string() ? in_quotes(key.as_string()) : key.summary());
  }
  if (dict.items().size() > kNamedKeys) text += fmt::format(" and {} more", dict.items().size() - kNamedKeys);
  return text.empty() ? "nothing" : text;
}

}  // namespace

Value::Kind Value::kind() const {
  return node_ ? static_cast<Kind>(node_->content.index()) : Kind::none;
}

bool Value::is_sequence() const {
  return kind() == Kind::list || kind() == Kind::tuple || kind() == Kind::set;
}

template <typename Content>
const Content& Value::get(const char* expected) const {
  const Content* content = node_ ? std::get_if<Content>(&node_->content) : nullptr;
  if (!content) fail("expected {}, found {}", expected, summary());
  return *content;
}

bool Value::as_bool() const {
  return get<bool>("a boolean");
}
int64_t Value::as_int() const {
  return get<int64_t>("an integer");
}
double Value::as_double() const {
  return kind() == Kind::integer ? static_cast<double>(as_int()) : get<double>("a number");
}
const std::string& Value::as_string() const {
  return get<std::string>("a string");
}
const ByteSource& Value::as_bytes() const {
  return get<ByteSource>("bytes");
}
const Name& Value::as_name() const {
  return get<Name>("a Python name");
}
const torch::Tensor& Value::as_tensor() const {
  return get<torch::Tensor>("a tensor");
}
const Dict& Value::as_dict() const {
  return get<Dict>("a dict");
}
const Object& Value::as_object() const {
  return get<Object>("an object");
}

const std::vector<Value>& Value::as_sequence() const {
  if (kind() == Kind::tuple) return get<Tuple>("").items;
  if (kind() == Kind::set) return get<Set>("").items;
  return get<List>("a list or tuple").items;
}

const Value* Value::find(std::string_view key) const {
  return as_dict().find(key);
}

Value Value::at(std::string_view key) const {
  const Value* value = find(key);
  if (!value) fail("no entry {}; there is {}", in_quotes(key), known_keys(as_dict()));
  return *value;
}

std::string Value::summary() const {
  switch (kind()) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return as_bool() ? "True" : "False";
    case Kind::integer:
      return fmt::format("the integer {}", as_int());
    case Kind::real:
      return fmt::format("the number {}", as_double());
    case Kind::string:
      return "the string " + in_quotes(as_string());
    case Kind::bytes:
      return fmt::format("{} bytes", as_bytes().size());
    case Kind::name:
      return "the Python name " + printable(as_name().text(), 120);
    case Kind::tensor:
      return fmt::format("a {} tensor of shape [{}]", dtype_name(as_tensor().scalar_type()),
                         fmt::join(as_tensor().sizes(), ", "));
    case Kind::list:
      return fmt::format("a list of {} items", as_sequence().size());
    case Kind::tuple:
      return fmt::format("a tuple of {} items", as_sequence().size());
    case Kind::set:
      return fmt::format("a set of {} items", as_sequence().size());
    case Kind::dict:
      return fmt::format("a dict of {} entries", as_dict().items().size());
    case Kind::object:
      return fmt::format("an object of class {}", class_text(as_object()));
  }
  return "an unknown value";
}

const Value* Dict::find(std::string_view key) const {
  const auto found = index_.find(std::string("s").append(key));
  return found == index_.end() ? nullptr : &items_[found->second].second;
}

void Dict::set(const Value& key, Value value) {
  const auto [entry, is_new] = index_.try_emplace(key_text(key), items_.size());
  if (is_new) {
    items_.emplace_back(key, std::move(value));
  } else {
    items_[entry->second].second = std::move(value);
  }
}

void Dict::clear() {
  items_.clear();
  index_.clear();
}

std::string dtype_name(torch::ScalarType dtype) {
  switch (dtype) {
    case torch::kFloat16:
      return "float16";
    case torch::kBFloat16:
      return "bfloat16";
    case torch::kFloat32:
      return "float32";
    case torch::kFloat64:
      return "float64";
    case torch::kInt8:
      return "int8";
    case torch::kInt16:
      return "int16";
    case torch::kInt32:
      return "int32";
    case torch::kInt64:
      return "int64";
    case torch::kUInt8:
      return "uint8";
    case torch::kBool:
      return "bool";
    case torch::kComplexFloat:
      return "complex64";
    case torch::kComplexDouble:
      return "complex128";
    default:
      return c10::toString(dtype);
  }
}

}  // namespace lifted::formats
