// What a checkpoint holds: a tree (with sharing, without cycles) of tensors and plain containers, as Python would see
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/formats/byte_source.h"

namespace lifted::formats {

struct Dict;
struct Object;
struct Name;
struct Node;

/// One node of what a checkpoint holds. A cheap handle: copies share the node, as names in Python do.
class Value {
 public:
  enum class Kind { none, boolean, integer, real, string, bytes, name, tensor, list, tuple, set, dict, object };

  Value() = default;
  /// A node with this content: one of the alternatives of Node::content.
  template <typename Content>
  static Value of(Content content);

  Kind kind() const;
  bool is_none() const { return kind() == Kind::none; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_tensor() const { return kind() == Kind::tensor; }
  bool is_dict() const { return kind() == Kind::dict; }
  bool is_object() const { return kind() == Kind::object; }
  /// A list, tuple or set.
  bool is_sequence() const;

  /// The content; Error "expected a tensor, found a dict of 3 entries" if it is of another kind.
  bool as_bool() const;
  int64_t as_int() const;
  double as_double() const;  // also of an integer
  const std::string& as_string() const;
  const ByteSource& as_bytes() const;
  const Name& as_name() const;
  const torch::Tensor& as_tensor() const;
  const std::vector<Value>& as_sequence() const;  // list, tuple or set
  const Dict& as_dict() const;
  const Object& as_object() const;

  /// The dict's entry of this key, or null. Error if this is not a dict.
  const Value* find(std::string_view key) const;
  /// The dict's entry of this key. Error naming the key and those that exist.
  Value at(std::string_view key) const;

  /// "a dict of 3 entries", "the string 'abc'", "a float32 tensor of shape [3, 4]": for messages.
  std::string summary() const;

  /// For the readers that build values: the node itself, shared by all copies of this handle. Not for none.
  Node& node() const { return *node_; }
  const void* identity() const { return node_.get(); }

 private:
  template <typename Content>
  const Content& get(const char* expected) const;

  std::shared_ptr<Node> node_;
};

/// A Python function or class the file refers to by name. It is never looked up.
struct Name {
  std::string module, name;
  std::string text() const { return module + "." + name; }
};

struct List {
  std::vector<Value> items;
};
struct Tuple {
  std::vector<Value> items;
};
struct Set {
  std::vector<Value> items;
};

/// Entries in the order of the file. Keys are scalars or tuples of scalars, equal by value, or tensors, sets and
/// objects, equal by identity.
struct Dict {
  Dict() = default;
  explicit Dict(std::string type) : python_type(std::move(type)) {}

  /// The Python type where it is not a plain dict: "collections.OrderedDict", "argparse.Namespace"…
  std::string python_type;

  const std::vector<std::pair<Value, Value>>& items() const { return items_; }
  const Value* find(std::string_view key) const;
  /// Adds the entry or replaces the one of an equal key. Error if the key is of a kind that cannot be one.
  void set(const Value& key, Value value);
  void clear();

 private:
  std::vector<std::pair<Value, Value>> items_;
  std::unordered_map<std::string, size_t> index_;
};

/// An instance of a Python class: what is known about it, without the class.
struct Object {
  std::string module, class_name;
  bool known = true;     // else the class means nothing here, and of its contents at most a module's tensors are kept
  Value arguments = {};  // positional constructor arguments: a sequence, or none
  Value keyword_arguments = {};  // a dict, or none
  Value state = {};
};

struct Node {
  using Content = std::variant<std::monostate, bool, int64_t, double, std::string, ByteSource, Name, torch::Tensor,
                               List, Tuple, Set, Dict, Object>;
  Content content;  // in the order of Value::Kind
};

template <typename Content>
Value Value::of(Content content) {
  Value value;
  value.node_ = std::make_shared<Node>(Node{std::move(content)});
  return value;
}

/// "float32", "int64", "bool"…: a dtype as Python writes it.
std::string dtype_name(torch::ScalarType dtype);

}  // namespace lifted::formats
