// torch.save before 1.6: five pickles (magic number, protocol, system, object, keys of the storages), then each storage
// as its number of elements (8 bytes) and its content, in the order of the keys.
#include <unordered_map>

#include "lifted/formats/pytorch.h"
#include "lifted/formats/pytorch_storage.h"
#include "lifted/formats/stored_tensor.h"

namespace lifted::formats {
namespace {

constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::string_view kMagicAsText = "0x1950a86a20f9469cfc6c";
constexpr int64_t kProtocol = 1001;

/// The storages' memory is allocated when the pickle mentions them and filled when their content follows.
class LegacyStorages {
 public:
  explicit LegacyStorages(std::shared_ptr<ReadBudget> budget, uint64_t file_bytes)
      : budget_(std::move(budget)), bytes_left_(file_bytes) {}

  Value mention(const Value& persistent_id) {
    if (const auto type = class_of_module(persistent_id)) return *type;
    const StorageId id = parse_storage_id(persistent_id);
    auto [known, is_new] = storages_.try_emplace(id.key);
    Storage& storage = known->second;
    if (is_new) {
      require(id.bytes() <= bytes_left_, "storage {} of {} elements of {} is larger than the rest of the file", id.key,
              id.count, dtype_name(id.dtype));
      bytes_left_ -= id.bytes();
      budget_->spend_bytes(id.bytes());
      storage.memory = torch::empty({id.count}, id.dtype);
    }
    if (!(storage.memory.scalar_type() == id.dtype && storage.memory.numel() == id.count))
      fail("storage {} used as {} elements of {} and before as {}", id.key, id.count, dtype_name(id.dtype),
           Value::of(storage.memory).summary());
    return id.view.is_none() ? Value::of(storage.memory) : part_of(storage.memory, id.view);
  }

  void fill(ByteReader& reader, const std::string& key) {
    const uint64_t at = reader.position();
    const auto count = reader.take_number<int64_t>("a storage's number of elements");
    const auto known = storages_.find(key);
    if (known == storages_.end()) reader.fail_at(at, "storage {} is used by no tensor", key);
    Storage& storage = known->second;
    if (storage.filled) reader.fail_at(at, "storage {} occurs twice", key);
    if (count != storage.memory.numel()) {
      reader.fail_at(at, "storage {} has {} elements, expected {}", key, count, storage.memory.numel());
    }
    const size_t item_size = c10::elementSize(storage.memory.scalar_type());
    const ByteSource content = reader.take(static_cast<uint64_t>(count) * item_size, "a storage");
    if (storage.memory.scalar_type() == torch::kBool && !all_zero_or_one(content)) {
      reader.fail_at(at, "storage {} has a boolean that is neither 0 nor 1", key);
    }
    if (count > 0) std::memcpy(storage.memory.data_ptr(), content.bytes().data(), content.size());
    storage.filled = true;
  }

  void check_all_filled(const ByteReader& reader) const {
    for (const auto& [key, storage] : storages_) {
      if (!storage.filled) reader.fail_at(reader.position(), "storage {} is missing", key);
    }
  }

 private:
  struct Storage {
    torch::Tensor memory;
    bool filled = false;
  };

  static Value part_of(const torch::Tensor& storage, const Value& view) {
    const auto& parts = view.as_sequence();
    require(parts.size() == 3, "a storage view of {} parts, expected 3", parts.size());
    return Value::of(
        strided_view(storage, {.offset = parts[1].as_int(), .sizes = {parts[2].as_int()}, .strides = {1}}));
  }

  std::shared_ptr<ReadBudget> budget_;
  uint64_t bytes_left_;
  std::unordered_map<std::string, Storage> storages_;
};

void check_header(ByteReader& reader, const PickleEnvironment& environment) {
  const auto expect = [&](const char* what, auto&& holds) {
    const uint64_t at = reader.position();
    const Value value = read_one_pickle(reader, environment);
    if (!holds(value)) reader.fail_at(at, "{} is {}, which is not supported", what, value.summary());
  };
  expect("the magic number", [](const Value& v) { return v.is_string() && v.as_string() == kMagicAsText; });
  expect("the protocol", [](const Value& v) { return v.kind() == Value::Kind::integer && v.as_int() == kProtocol; });
  expect("the system's description", [](const Value& v) {
    const Value* little_endian = v.is_dict() ? v.find("little_endian") : nullptr;
    return little_endian && little_endian->kind() == Value::Kind::boolean && little_endian->as_bool();
  });
}

}  // namespace

bool is_pytorch_legacy(const ByteSource& source) {
  return source.text().substr(0, 32).find(kMagic) != std::string_view::npos;
}

Value read_pytorch_legacy(const ByteSource& source, std::shared_ptr<ReadBudget> budget, int nesting) {
  ByteReader reader(source);
  const PickleEnvironment plain{.budget = budget, .nesting = nesting};
  check_header(reader, plain);

  LegacyStorages storages(budget, reader.remaining());
  PickleEnvironment with_storages = plain;
  with_storages.persistent_load = [&](const Value& id) { return storages.mention(id); };
  const Value object = read_one_pickle(reader, with_storages);

  const uint64_t at = reader.position();
  const Value keys = read_one_pickle(reader, plain);
  if (!keys.is_sequence()) reader.fail_at(at, "the storages' keys are {}, expected a list", keys.summary());
  for (const Value& key : keys.as_sequence()) {
    if (!key.is_string()) reader.fail_at(at, "a storage's key is {}, expected a string", key.summary());
    storages.fill(reader, key.as_string());
  }
  storages.check_all_filled(reader);
  return object;
}

Value read_pytorch_legacy(const ByteSource& source) {
  return read_pytorch_legacy(source, std::make_shared<ReadBudget>(source.size()), 0);
}

}  // namespace lifted::formats
