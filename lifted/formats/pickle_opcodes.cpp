// The pickle machine's opcodes: the table at the end of this file is the language.
#include <algorithm>
#include <array>
#include <bit>

#include "lifted/formats/pickle_literals.h"
#include "lifted/formats/pickle_machine.h"

namespace lifted::formats {
namespace {

Name name_of(const Value& module, const Value& name) {
  return {module.as_string(), name.as_string()};
}

}  // namespace

/// One static function per opcode that does more than a line.
struct PickleOpcodes {
  using Machine = PickleMachine;
  using Execute = void (*)(Machine&);

  // Numbers.
  static void int_text(Machine& m) {
    const std::string_view text = m.reader_.take_line("an integer");
    if (text == "00" || text == "01") return m.push_new(text == "01");
    m.push_new(integer_from_text(text));
  }
  template <typename T>
  static void integer(Machine& m) {
    m.push_new(static_cast<int64_t>(m.reader_.take_number<T>("an integer")));
  }
  template <typename Length>
  static void long_integer(Machine& m) {
    const auto length = m.reader_.take_number<Length>("an integer's length");
    require(length <= 256, "an integer of {} bytes, expected at most 256", length);
    m.push(integer_from_bytes(m.reader_.take_text(length, "a long integer")));
  }
  static void real(Machine& m) {
    std::array<char, sizeof(double)> bytes{};
    m.reader_.take_text(bytes.size(), "a number").copy(bytes.data(), bytes.size());
    std::reverse(bytes.begin(), bytes.end());  // the one big-endian number of the format
    m.push_new(std::bit_cast<double>(bytes));
  }

  // Text and bytes.
  template <typename Length>
  static void text(Machine& m) {
    const auto length = m.reader_.take_number<Length>("a string's length");
    m.push_new(std::string(m.reader_.take_text(length, "a string")));
  }
  template <typename Length>
  static void bytes(Machine& m) {
    const auto length = m.reader_.take_number<Length>("a length of bytes");
    m.push_new(m.reader_.take(length, "bytes"));
  }

  // Containers.
  template <typename Container>
  static void empty(Machine& m) {
    m.push_container(Value::of(Container{}));
  }
  template <typename Container>
  static void from_mark(Machine& m) {
    m.push_container(Value::of(Container{m.pop_to_mark()}));
  }
  template <int count>
  static void small_tuple(Machine& m) {
    std::vector<Value> items(count);
    for (int i = count; i-- > 0;) items[i] = m.pop();
    m.push_container(Value::of(Tuple{std::move(items)}));
  }
  static void dict_from_mark(Machine& m) {
    const auto items = m.pop_to_mark();
    empty<Dict>(m);
    m.set_items(m.top(), items);
  }
  static void append(Machine& m) {
    Value item = m.pop();
    m.append(m.top(), {std::move(item)});
  }
  static void append_all(Machine& m) {
    auto items = m.pop_to_mark();
    m.append(m.top(), std::move(items));
  }
  static void add_all(Machine& m) {
    auto items = m.pop_to_mark();
    m.add_items(m.top(), std::move(items));
  }
  static void set_item(Machine& m) {
    Value value = m.pop(), key = m.pop();
    m.set_items(m.top(), {std::move(key), std::move(value)});
  }
  static void set_all(Machine& m) {
    const auto items = m.pop_to_mark();
    m.set_items(m.top(), items);
  }

  // Stack and memo.
  static void pop(Machine& m) {
    if (!m.marks_.empty() && m.marks_.back() == m.stack_.size()) {
      m.marks_.pop_back();
    } else {
      m.pop();
    }
  }
  template <typename Index>
  static void put(Machine& m) {
    m.remember(m.reader_.take_number<Index>("a memo index"));
  }
  template <typename Index>
  static void get(Machine& m) {
    m.push(Value(m.recall(m.reader_.take_number<Index>("a memo index"))));
  }
  static uint64_t index_text(Machine& m) {
    return static_cast<uint64_t>(integer_from_text(m.reader_.take_line("a memo index")));
  }

  // Names.
  static void name(Machine& m) {
    const std::string module(m.reader_.take_line("a module's name"));
    m.push_new(Name{module, std::string(m.reader_.take_line("a name"))});
  }
  static void name_from_stack(Machine& m) {
    const Value name = m.pop(), module = m.pop();
    const Name result = name_of(module, name);
    m.environment_.budget->spend_bytes(result.module.size() + result.name.size());
    m.push_new(result);
  }
  static void call(Machine& m) {
    const Value arguments = m.pop(), function = m.pop();
    m.call(function, arguments);
  }
  static void construct(Machine& m) {
    const Value arguments = m.pop(), type = m.pop();
    m.construct(type, arguments, {});
  }
  static void construct_with_keywords(Machine& m) {
    const Value keywords = m.pop(), arguments = m.pop(), type = m.pop();
    m.construct(type, arguments, keywords);
  }
  static void instance(Machine& m) {
    name(m);
    const Value type = m.pop();
    m.construct(type, Value::of(Tuple{m.pop_to_mark()}), {});
  }
  static void object(Machine& m) {
    auto items = m.pop_to_mark();
    require(!items.empty(), "expected a class to construct, found nothing");
    const Value type = items.front();
    items.erase(items.begin());
    m.construct(type, Value::of(Tuple{std::move(items)}), {});
  }
  static void set_state(Machine& m) {
    const Value state = m.pop();
    m.set_state(m.top(), state);
  }
  static void extension(Machine&) { fail("the pickle uses Python's extension registry, which checkpoints do not"); }
  static void buffer(Machine&) { fail("the pickle refers to an out-of-band buffer, which a file cannot have"); }

  static void protocol(Machine& m) {
    const int version = m.reader_.take_number<uint8_t>("the protocol");
    require(version <= 5, "pickle protocol {}, expected at most 5", version);
  }

  static Execute find(unsigned char code, const char** name);
};

namespace {

using Op = PickleOpcodes;
using M = PickleMachine;

struct Opcode {
  unsigned char code;
  const char* name;
  Op::Execute execute;
};

}  // namespace

// Code, Python's name (pickletools), action. Frames only group bytes for buffered reading, so their length is skipped.
// clang-format off
PickleOpcodes::Execute PickleOpcodes::find(unsigned char code, const char** name) {
  static constexpr Opcode kTable[] = {
      {'N', "NONE", [](M& m) { m.push({}); }},
      {0x88, "NEWTRUE", [](M& m) { m.push_new(true); }},
      {0x89, "NEWFALSE", [](M& m) { m.push_new(false); }},
      {'I', "INT", Op::int_text},
      {'L', "LONG", [](M& m) { m.push(long_from_text(m.reader_.take_line("an integer"))); }},
      {'J', "BININT", Op::integer<int32_t>},
      {'K', "BININT1", Op::integer<uint8_t>},
      {'M', "BININT2", Op::integer<uint16_t>},
      {0x8a, "LONG1", Op::long_integer<uint8_t>},
      {0x8b, "LONG4", Op::long_integer<uint32_t>},
      {'F', "FLOAT", [](M& m) { m.push_new(real_from_text(m.reader_.take_line("a number"))); }},
      {'G', "BINFLOAT", Op::real},

      {'S', "STRING", [](M& m) { m.push_new(string_from_quoted(m.reader_.take_line("a string"))); }},
      {'T', "BINSTRING", Op::text<uint32_t>},
      {'U', "SHORT_BINSTRING", Op::text<uint8_t>},
      {'V', "UNICODE", [](M& m) { m.push_new(std::string(m.reader_.take_line("a string"))); }},
      {0x8c, "SHORT_BINUNICODE", Op::text<uint8_t>},
      {'X', "BINUNICODE", Op::text<uint32_t>},
      {0x8d, "BINUNICODE8", Op::text<uint64_t>},
      {'C', "SHORT_BINBYTES", Op::bytes<uint8_t>},
      {'B', "BINBYTES", Op::bytes<uint32_t>},
      {0x8e, "BINBYTES8", Op::bytes<uint64_t>},
      {0x96, "BYTEARRAY8", Op::bytes<uint64_t>},
      {0x97, "NEXT_BUFFER", Op::buffer},
      {0x98, "READONLY_BUFFER", Op::buffer},

      {'(', "MARK", [](M& m) { m.environment_.budget->spend_object(Op::Machine::kSlotBytes); m.marks_.push_back(m.stack_.size()); }},
      {')', "EMPTY_TUPLE", Op::empty<Tuple>},
      {0x85, "TUPLE1", Op::small_tuple<1>},
      {0x86, "TUPLE2", Op::small_tuple<2>},
      {0x87, "TUPLE3", Op::small_tuple<3>},
      {'t', "TUPLE", Op::from_mark<Tuple>},
      {']', "EMPTY_LIST", Op::empty<List>},
      {'l', "LIST", Op::from_mark<List>},
      {'a', "APPEND", Op::append},
      {'e', "APPENDS", Op::append_all},
      {'}', "EMPTY_DICT", Op::empty<Dict>},
      {'d', "DICT", Op::dict_from_mark},
      {'s', "SETITEM", Op::set_item},
      {'u', "SETITEMS", Op::set_all},
      {0x8f, "EMPTY_SET", Op::empty<Set>},
      {0x90, "ADDITEMS", Op::add_all},
      {0x91, "FROZENSET", Op::from_mark<Set>},

      {'0', "POP", Op::pop},
      {'1', "POP_MARK", [](M& m) { m.pop_to_mark(); }},
      {'2', "DUP", [](M& m) { m.push(Value(m.top())); }},
      {'p', "PUT", [](M& m) { m.remember(Op::index_text(m)); }},
      {'q', "BINPUT", Op::put<uint8_t>},
      {'r', "LONG_BINPUT", Op::put<uint32_t>},
      {0x94, "MEMOIZE", [](M& m) { m.remember(m.memo_.size()); }},
      {'g', "GET", [](M& m) { m.push(Value(m.recall(Op::index_text(m)))); }},
      {'h', "BINGET", Op::get<uint8_t>},
      {'j', "LONG_BINGET", Op::get<uint32_t>},

      {'c', "GLOBAL", Op::name},
      {0x93, "STACK_GLOBAL", Op::name_from_stack},
      {'R', "REDUCE", Op::call},
      {0x81, "NEWOBJ", Op::construct},
      {0x92, "NEWOBJ_EX", Op::construct_with_keywords},
      {'i', "INST", Op::instance},
      {'o', "OBJ", Op::object},
      {'b', "BUILD", Op::set_state},
      {'P', "PERSID", [](M& m) { m.load_persistent(Value::of(std::string(m.reader_.take_line("a persistent id")))); }},
      {'Q', "BINPERSID", [](M& m) { m.load_persistent(m.pop()); }},
      {0x82, "EXT1", Op::extension},
      {0x83, "EXT2", Op::extension},
      {0x84, "EXT4", Op::extension},

      {0x80, "PROTO", Op::protocol},
      {0x95, "FRAME", [](M& m) { m.reader_.take_number<uint64_t>("a frame's length"); }},
      {'.', "STOP", [](M& m) { m.stopped_ = true; }},
  };
  // clang-format on
  static const auto by_code = [] {
    std::array<const Opcode*, 256> index{};
    for (const Opcode& opcode : kTable) index[opcode.code] = &opcode;
    return index;
  }();
  const Opcode* opcode = by_code[code];
  require(opcode != nullptr, "0x{:02x} is no pickle opcode", code);
  *name = opcode->name;
  return opcode->execute;
}

Value PickleMachine::run() {
  const char* opcode = "opcode";
  try {
    while (!stopped_) {
      opcode_offset_ = reader_.position();
      opcode = "opcode";
      PickleOpcodes::find(reader_.take_number<uint8_t>("the pickle (no STOP yet)"), &opcode)(*this);
    }
    Value result = pop();
    require(stack_.empty(), "{} values are left on the stack, expected none", stack_.size());
    check_no_cycles();
    sound_ = true;
    return result;
  } catch (const LocatedError&) {
    throw;
  } catch (const Error& error) {
    reader_.fail_at(opcode_offset_, "{}: {}", opcode, error.what());
  } catch (const c10::Error& error) {
    reader_.fail_at(opcode_offset_, "{}: {}", opcode, error.what_without_backtrace());
  }
}

Value read_one_pickle(ByteReader& reader, const PickleEnvironment& environment) {
  return PickleMachine(reader, environment).run();
}

Value read_pickle(const ByteSource& source) {
  ByteReader reader(source);
  const PickleEnvironment environment{.budget = std::make_shared<ReadBudget>(source.size())};
  return read_one_pickle(reader, environment);
}

}  // namespace lifted::formats
