#include "lifted/formats/pickle_machine.h"

#include <algorithm>

#include "lifted/formats/python_calls.h"

namespace lifted::formats {
namespace {

void clear(Value& value) {
  auto& content = value.node().content;
  if (auto* dict = std::get_if<Dict>(&content)) {
    dict->clear();
  } else if (!std::holds_alternative<torch::Tensor>(content)) {
    content = std::monostate();
  }
}

bool can_hold_others(const Value& value) {
  return value.is_sequence() || value.is_dict() || value.is_object();
}

}  // namespace

std::vector<const Value*> children_of(const Value& value) {
  std::vector<const Value*> children;
  if (value.is_sequence()) {
    for (const Value& item : value.as_sequence()) children.push_back(&item);
  } else if (value.is_dict()) {
    for (const auto& [key, item] : value.as_dict().items()) children.insert(children.end(), {&key, &item});
  } else if (value.is_object()) {
    const Object& object = value.as_object();
    children = {&object.arguments, &object.keyword_arguments, &object.state};
  }
  return children;
}

PickleMachine::~PickleMachine() {
  if (sound_) return;
  // The pickle failed, perhaps because of cycles or endless nesting: empty every container before any is destroyed.
  for (auto& [container, offset] : made_) clear(container);
}

// ---- stack and memo ----

void PickleMachine::push(Value value) {
  environment_.budget->spend_object(kSlotBytes);
  stack_.push_back(std::move(value));
}

Value& PickleMachine::top() {
  require(stack_.size() > (marks_.empty() ? 0 : marks_.back()), "the stack is empty");
  return stack_.back();
}

Value PickleMachine::pop() {
  Value value = std::move(top());
  stack_.pop_back();
  return value;
}

std::vector<Value> PickleMachine::pop_to_mark() {
  require(!marks_.empty(), "no mark on the stack");
  const auto start = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<Value> values(std::make_move_iterator(start), std::make_move_iterator(stack_.end()));
  stack_.erase(start, stack_.end());
  marks_.pop_back();
  return values;
}

void PickleMachine::remember(uint64_t index) {
  environment_.budget->spend_object(kMemoBytes);
  memo_[index] = top();
}

const Value& PickleMachine::recall(uint64_t index) const {
  const auto found = memo_.find(index);
  require(found != memo_.end(), "memo entry {} was never stored", index);
  return found->second;
}

// ---- containers ----

void PickleMachine::push_container(Value value) {
  environment_.budget->spend_object(kNodeBytes + kContainerBytes);
  if (can_hold_others(value)) made_.emplace_back(value, opcode_offset_);
  push(std::move(value));
}

template <typename Container>
void PickleMachine::become(Value& target) {
  if (!target.is_object() || target.as_object().known) return;
  const std::string name = target.as_object().module + "." + target.as_object().class_name;
  if constexpr (std::is_same_v<Container, Dict>) {
    target.node().content = Dict(name);
  } else {
    target.node().content = Container{};
  }
}

void PickleMachine::append(Value& target, std::vector<Value> items) {
  become<List>(target);
  if (target.kind() != Value::Kind::list) fail("expected a list to append to, found {}", target.summary());
  auto& list = std::get<List>(target.node().content).items;
  list.insert(list.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
}

void PickleMachine::add_items(Value& target, std::vector<Value> items) {
  become<Set>(target);
  if (target.kind() != Value::Kind::set) fail("expected a set to add to, found {}", target.summary());
  auto& set = std::get<Set>(target.node().content).items;
  set.insert(set.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
}

void PickleMachine::set_items(Value& target, const std::vector<Value>& keys_and_values) {
  become<Dict>(target);
  if (!target.is_dict()) fail("expected a dict to put entries into, found {}", target.summary());
  require(keys_and_values.size() % 2 == 0, "a key without a value");
  auto& dict = std::get<Dict>(target.node().content);
  for (size_t i = 0; i < keys_and_values.size(); i += 2) {
    const Value& key = keys_and_values[i];
    spend_for(key);
    environment_.budget->spend_object(kEntryBytes);
    dict.set(key, keys_and_values[i + 1]);
  }
}

void PickleMachine::spend_for(const Value& value) {
  if (value.is_string()) environment_.budget->spend_bytes(value.as_string().size());
  if (value.kind() == Value::Kind::bytes) environment_.budget->spend_bytes(value.as_bytes().size());
  if (!value.is_sequence()) return;
  for (const Value& item : value.as_sequence()) {
    environment_.budget->spend_bytes(sizeof(Node));
    if (item.is_string()) environment_.budget->spend_bytes(item.as_string().size());
  }
}

/// Walks everything made, depth first and without recursion. Sharing is fine, and each node is visited once.
void PickleMachine::check_no_cycles() const {
  constexpr int open = -1;  // being walked: meeting it again means a cycle
  std::unordered_map<const void*, int> height;
  struct Visit {
    const Value* value;
    std::vector<const Value*> children;
    size_t next = 0;
    int height = 0;
  };
  for (const auto& [root, offset] : made_) {
    std::vector<Visit> path;
    const auto enter = [&](const Value& value) {
      height.emplace(value.identity(), open);
      path.push_back({&value, children_of(value)});
    };
    if (!height.contains(root.identity())) enter(root);
    while (!path.empty()) {
      Visit& visit = path.back();
      if (visit.next == visit.children.size()) {
        const int done = visit.height + 1;
        if (done > kMaxPickleDepth) reader_.fail_at(offset, "containers nest deeper than {} levels", kMaxPickleDepth);
        height[visit.value->identity()] = done;
        path.pop_back();
        if (!path.empty()) path.back().height = std::max(path.back().height, done);
        continue;
      }
      const Value& child = *visit.children[visit.next++];
      if (!can_hold_others(child)) continue;
      const auto known = height.find(child.identity());
      if (known == height.end()) {
        enter(child);
      } else if (known->second == open) {
        reader_.fail_at(offset, "{} contains itself; a checkpoint is expected to be a tree", root.summary());
      } else {
        visit.height = std::max(visit.height, known->second);
      }
    }
  }
}

// ---- names ----

void PickleMachine::call(const Value& function, const Value& arguments) {
  if (function.is_object() && !function.as_object().known) return push_container(Value(function));
  if (function.kind() != Value::Kind::name) fail("expected a function to call, found {}", function.summary());
  push_container(call_python(function.as_name(), arguments.as_sequence(), environment_));
}

void PickleMachine::construct(const Value& type, const Value& arguments, const Value& keyword_arguments) {
  if (type.is_object() && !type.as_object().known) return push_container(Value(type));
  if (type.kind() != Value::Kind::name) fail("expected a class to construct, found {}", type.summary());
  if (!is_known_to_python(type.as_name())) return call(type, arguments);
  require(keyword_arguments.is_none() || keyword_arguments.as_dict().items().empty(),
          "{} is constructed with keyword arguments, which this reader does not expect", type.as_name().text());
  call(type, arguments);
}

void PickleMachine::set_state(Value& target, const Value& state) {
  set_python_state(target, state, environment_);
}

void PickleMachine::load_persistent(const Value& id) {
  if (!environment_.persistent_load)
    fail("the pickle refers to data outside of itself (persistent id {}), which only PyTorch files may", id.summary());
  spend_for(id);
  push(environment_.persistent_load(id));
}

}  // namespace lifted::formats
