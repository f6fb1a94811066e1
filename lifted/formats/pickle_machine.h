// The state of a running pickle: its stack, marks and memo. Private to the pickle reader.
#pragma once

#include <unordered_map>
#include <utility>
#include <vector>

#include "lifted/formats/pickle.h"

namespace lifted::formats {

class PickleMachine {
 public:
  PickleMachine(ByteReader& reader, const PickleEnvironment& environment)
      : reader_(reader), environment_(environment) {}
  ~PickleMachine();
  PickleMachine(const PickleMachine&) = delete;
  PickleMachine& operator=(const PickleMachine&) = delete;

  Value run();

 private:
  friend struct PickleOpcodes;

  // Memory, roughly: of a node with its counts, of a place on the stack or in a list, of what is remembered about a
  // container, of a memo entry and of a dict's entry.
  static constexpr uint64_t kNodeBytes = sizeof(Node) + 24, kSlotBytes = 32, kContainerBytes = 112, kMemoBytes = 64,
                            kEntryBytes = 176;

  // Stack.
  void push(Value value);
  template <typename Content>
  void push_new(Content content) {
    environment_.budget->spend_object(kNodeBytes);
    push(Value::of(std::move(content)));
  }
  Value pop();
  Value& top();
  std::vector<Value> pop_to_mark();

  // Memo.
  void remember(uint64_t index);
  const Value& recall(uint64_t index) const;

  // Containers. Each one made is kept in `made_` with its place in the file, so that nothing is destroyed while the
  // pickle runs and a tangle can be taken apart without recursion.
  void push_container(Value value);
  void append(Value& target, std::vector<Value> items);
  void set_items(Value& target, const std::vector<Value>& keys_and_values);
  void add_items(Value& target, std::vector<Value> items);
  /// An object of unknown class that is given entries turns out to be a kind of `Container`.
  template <typename Container>
  static void become(Value& target);
  void check_no_cycles() const;

  /// Charges for text and items that may be used again and again, and are copied or compared each time.
  void spend_for(const Value& value);

  // Names: calls and constructors are looked up in the list of allowed ones.
  void call(const Value& function, const Value& arguments);
  void construct(const Value& type, const Value& arguments, const Value& keyword_arguments);
  void set_state(Value& target, const Value& state);
  void load_persistent(const Value& id);

  ByteReader& reader_;
  const PickleEnvironment& environment_;
  std::vector<Value> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Value> memo_;
  std::vector<std::pair<Value, uint64_t>> made_;
  uint64_t opcode_offset_ = 0;
  bool stopped_ = false;  // STOP was met
  bool sound_ = false;    // and the result is known to be a tree
};

/// The containers and tensors directly inside a value.
std::vector<const Value*> children_of(const Value& value);

}  // namespace lifted::formats
