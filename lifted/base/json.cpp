#include "lifted/base/json.h"

#include <algorithm>
#include <utility>

#include "lifted/base/file.h"
#include "lifted/base/printable.h"

namespace lifted {
namespace {

// What values take in memory: what they hold outside of themselves, and entries of objects.
constexpr uint64_t kValueBytes = sizeof(nlohmann::json), kBlockBytes = 48, kKeyBytes = 96;

/// Builds the value that nlohmann's parser reports, event by event.
class JsonBuilder {
 public:
  JsonBuilder(std::string_view what, const JsonLimits& limits) : what_(what), limits_(limits) {}

  bool null() { return add(nullptr, 0); }
  bool boolean(bool value) { return add(value, 0); }
  bool number_integer(int64_t value) { return add(value, 0); }
  bool number_unsigned(uint64_t value) { return add(value, 0); }
  bool number_float(double value, const std::string&) { return add(value, 0); }
  bool string(std::string& value) {
    const uint64_t bytes = value.size();
    return add(std::move(value), kBlockBytes + bytes);
  }
  bool binary(nlohmann::json::binary_t&) { return false; }  // is not in texts
  bool start_object(size_t) { return open(nlohmann::json::object()); }
  bool start_array(size_t) { return open(nlohmann::json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    spend(kKeyBytes + name.size());
    const auto [entry, is_new] = open_.back()->get_ref<nlohmann::json::object_t&>().try_emplace(name);
    require(is_new, "{}: has the key '{}' twice", what_, printable(name, 60));
    entry_ = &entry->second;
    return true;
  }

  /// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing value - …".
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) {
    std::string reason = library_sentence(error.what());
    for (const std::string_view words : {"parse error at ", "parse error: ", "syntax error "}) {
      if (const auto at = reason.find(words); at != std::string::npos) reason.erase(at, words.size());
    }
    fail("{}: is not valid JSON: {}", what_, reason);
  }

  nlohmann::json take() { return std::move(root_); }

 private:
  void spend(uint64_t bytes) {
    spent_ += bytes;
    require(spent_ <= limits_.memory_bytes, "{}: its JSON needs more than {} MB of memory", what_,
            limits_.memory_bytes >> 20);
  }

  /// A list is copied to twice the room.
  void grow(nlohmann::json::array_t& list) {
    const size_t room = std::max<size_t>(1, 2 * list.capacity());
    spend(room * kValueBytes);
    list.reserve(room);
    spent_ -= room / 2 * kValueBytes;
  }

  nlohmann::json* place(nlohmann::json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_object()) {
      *entry_ = std::move(value);
      return entry_;
    }
    auto& list = open_.back()->get_ref<nlohmann::json::array_t&>();
    if (list.size() == list.capacity()) grow(list);
    list.push_back(std::move(value));
    return &list.back();
  }

  bool add(nlohmann::json value, uint64_t bytes) {
    spend(bytes);
    place(std::move(value));
    return true;
  }

  bool open(nlohmann::json value) {
    require(open_.size() < static_cast<size_t>(limits_.depth), "{}: its JSON nests deeper than {} levels", what_,
            limits_.depth);
    spend(kBlockBytes);
    open_.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view what_;
  const JsonLimits& limits_;
  uint64_t spent_ = 0;
  nlohmann::json root_;
  std::vector<nlohmann::json*> open_;  // lists and objects not yet ended, outermost first
  nlohmann::json* entry_ = nullptr;    // of the last key
};

constexpr int kShownDepth = 4;

/// A text's beginning as JSON writes it.
std::string quoted(const std::string& text, size_t longest) {
  return nlohmann::json(text.substr(0, longest)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Appends JSON until there is enough to cut off.
template <typename Json>
void append_shown(std::string& text, const Json& value, size_t longest, int depth) {
  if (text.size() > longest) return;
  if (value.is_string()) {
    text += quoted(value.template get_ref<const std::string&>(), longest);
  } else if (!value.is_structured()) {
    text += value.dump();
  } else if (depth == kShownDepth && !value.empty()) {
    text += value.is_array() ? "[…]" : "{…}";
  } else {
    text += value.is_array() ? '[' : '{';
    bool first = true;
    for (auto item = value.begin(); item != value.end() && text.size() <= longest; ++item) {
      if (!std::exchange(first, false)) text += ',';
      if (value.is_object()) text += quoted(item.key(), longest) + ":";
      append_shown(text, *item, longest, depth + 1);
    }
    text += value.is_array() ? ']' : '}';
  }
}

template <typename Json>
std::string shown_json(const Json& value, size_t longest) {
  std::string text;
  append_shown(text, value, longest, 0);
  return printable(text, longest);
}

}  // namespace

nlohmann::json parse_json(std::string_view text, std::string_view what, const JsonLimits& limits) {
  require(text.size() <= limits.text_bytes, "{}: {} bytes of JSON, expected at most {}", what, text.size(),
          limits.text_bytes);
  JsonBuilder builder(what, limits);
  nlohmann::json::sax_parse(text, &builder);
  return builder.take();
}

nlohmann::json read_json_file(const std::filesystem::path& path, const JsonLimits& limits) {
  return parse_json(read_text_file(path, limits.text_bytes), path.string(), limits);
}

std::string shown(const nlohmann::json& value, size_t longest) {
  return shown_json(value, longest);
}

std::string shown(const nlohmann::ordered_json& value, size_t longest) {
  return shown_json(value, longest);
}

}  // namespace lifted
