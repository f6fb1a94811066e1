// Python's own containers and small types, as pickles construct them.
#include <array>

#include "lifted/formats/python_calls.h"

namespace lifted::formats {
namespace {

std::vector<Value> copied_items(const PythonCall& call) {
  if (call.arguments.empty()) return {};
  const auto& items = call.argument(0).as_sequence();
  call.environment.budget->spend_bytes(items.size() * sizeof(Value));
  return items;
}

/// dict(), OrderedDict(), Counter(): from nothing, another dict, or pairs.
Value new_dict(const PythonCall& call) {
  Dict dict(std::string(call.name == "builtins.dict" ? "" : call.name));
  if (!call.arguments.empty()) {
    const Value& source = call.argument(0);
    if (source.is_dict()) {
      for (const auto& [key, value] : source.as_dict().items()) {
        call.environment.budget->spend_object(sizeof(Node));
        dict.set(key, value);
      }
    } else {
      for (const Value& pair : copied_items(call)) {
        const auto& items = pair.as_sequence();
        call.environment.budget->spend_object(sizeof(Node));
        if (items.size() != 2) fail("{} from pairs, found {}", call.name, pair.summary());
        dict.set(items[0], items[1]);
      }
    }
  }
  return Value::of(std::move(dict));
}

/// defaultdict(factory): the factory is only ever called by Python.
Value new_default_dict(const PythonCall& call) {
  return Value::of(Dict(std::string(call.name)));
}

Value new_list(const PythonCall& call) {
  return Value::of(List{copied_items(call)});
}

Value new_tuple(const PythonCall& call) {
  return Value::of(Tuple{copied_items(call)});
}

Value new_set(const PythonCall& call) {
  return Value::of(Set{copied_items(call)});
}

/// complex(real, imaginary) becomes the pair.
Value new_complex(const PythonCall& call) {
  const double real = call.argument(0).as_double(), imaginary = call.argument(1).as_double();
  return Value::of(Tuple{{Value::of(real), Value::of(imaginary)}});
}

ByteSource owned_bytes(const PythonCall& call, std::string_view text) {
  call.environment.budget->spend_bytes(text.size());
  const auto* start = reinterpret_cast<const std::byte*>(text.data());
  return ByteSource::adopt(Bytes(start, start + text.size()), std::string(call.name));
}

/// The characters U+0000 to U+00FF of a UTF-8 text as one byte each.
std::string latin1(std::string_view utf8) {
  std::string bytes;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto first = static_cast<unsigned char>(utf8[i]);
    if (first < 0x80) {
      bytes += utf8[i];
      continue;
    }
    require((first == 0xc2 || first == 0xc3) && i + 1 < utf8.size(),
            "bytes written as text with a character beyond U+00FF");
    const auto second = static_cast<unsigned char>(utf8[++i]);
    bytes += static_cast<char>((first & 0x03) << 6 | (second & 0x3f));
  }
  return bytes;
}

/// _codecs.encode(text, "latin1"): how protocol 2 writes bytes.
Value encode(const PythonCall& call) {
  const std::string& text = call.argument(0).as_string();
  const std::string& encoding = call.argument(1).as_string();
  require(encoding == "latin1" || encoding == "latin-1", "bytes in the encoding {}, expected latin1", encoding);
  call.environment.budget->spend_bytes(text.size());
  return Value::of(owned_bytes(call, latin1(text)));
}

/// bytes() and bytearray(), of nothing or of bytes, or of text with its encoding.
Value new_bytes(const PythonCall& call) {
  if (call.arguments.empty()) return Value::of(ByteSource());
  if (call.arguments.size() > 1) return encode(call);
  return Value::of(ByteSource(call.argument(0).as_bytes()));
}

/// pathlib.Path("a", "b") becomes the text "a/b".
Value new_path(const PythonCall& call) {
  std::string path;
  for (const Value& part : call.arguments) {
    call.environment.budget->spend_bytes(part.as_string().size());
    if (!path.empty() && path.back() != '/') path += '/';
    path += part.as_string();
  }
  return Value::of(path);
}

/// copyreg._reconstructor(type, base, state) and copyreg.__newobj__(type, …): old spellings of constructing `type`.
Value reconstruct(const PythonCall& call) {
  const bool has_base = call.name == "copyreg._reconstructor" && call.arguments.size() >= 3;
  const bool from_contents = has_base && !call.argument(2).is_none();
  if (call.argument(0).is_object() && !call.argument(0).as_object().known) return call.argument(0);
  const Name& type = call.argument(0).as_name();
  require(type.module != "copyreg" && type.module != "copy_reg", "{} of itself", call.name);
  return call_python(type, from_contents ? call.arguments.subspan(2, 1) : std::span<const Value>(), call.environment);
}

constexpr auto kContainerFunctions = std::to_array<PythonEntry>({
    {"collections.OrderedDict", new_dict},
    {"collections.Counter", new_dict},
    {"collections.defaultdict", new_default_dict},
    {"builtins.dict", new_dict},
    {"builtins.list", new_list},
    {"builtins.tuple", new_tuple},
    {"builtins.set", new_set},
    {"builtins.frozenset", new_set},
    {"builtins.complex", new_complex},
    {"builtins.bytes", new_bytes},
    {"builtins.bytearray", new_bytes},
    {"argparse.Namespace", new_default_dict},
    {"types.SimpleNamespace", new_default_dict},
    {"pathlib.Path", new_path},
    {"pathlib.PosixPath", new_path},
    {"pathlib.WindowsPath", new_path},
    {"pathlib._local.PosixPath", new_path},
    {"pathlib._local.WindowsPath", new_path},
    {"_codecs.encode", encode},
    {"copyreg._reconstructor", reconstruct},
    {"copyreg.__newobj__", reconstruct},
});

}  // namespace

std::span<const PythonEntry> container_functions() {
  return kContainerFunctions;
}

}  // namespace lifted::formats
