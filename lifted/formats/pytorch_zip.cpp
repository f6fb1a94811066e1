// torch.save since 1.6: a zip archive NAME/ with the pickle in data.pkl and each storage in data/KEY.
#include <unordered_map>

#include "lifted/formats/pytorch.h"
#include "lifted/formats/pytorch_storage.h"
#include "lifted/formats/stored_tensor.h"

namespace lifted::formats {
namespace {

constexpr std::string_view kPickle = "/data.pkl";

/// "archive" of "archive/data.pkl".
std::string archive_prefix(const ZipArchive& archive) {
  for (const auto& [name, entry] : archive.entries()) {
    if (name.ends_with(kPickle) && name.find('/') == name.size() - kPickle.size()) {
      return name.substr(0, name.size() - kPickle.size());
    }
  }
  fail("{}: a zip archive without data.pkl: this is no PyTorch checkpoint", archive.source().name());
}

void check_plain_checkpoint(const ZipArchive& archive, const std::string& prefix, ReadBudget& budget) {
  require(!archive.contains(prefix + "/constants.pkl"),
          "{}: a TorchScript archive (a program saved by torch.jit.save), expected a checkpoint of torch.save",
          archive.source().name());
  const std::string byte_order = prefix + "/byteorder";
  if (archive.contains(byte_order)) {
    const ByteSource order = archive.read(byte_order, budget);
    require(order.text() == "little", "{}: saved with byte order '{}', expected 'little'", order.name(),
            order.text().substr(0, 20));
  }
}

class ZipStorages {
 public:
  ZipStorages(const ZipArchive& archive, std::string prefix, std::shared_ptr<ReadBudget> budget)
      : archive_(archive), prefix_(std::move(prefix)), budget_(std::move(budget)) {}

  Value load(const Value& persistent_id) {
    if (const auto type = class_of_module(persistent_id)) return *type;
    const StorageId id = parse_storage_id(persistent_id);
    const auto known = loaded_.find(id.key);
    if (known != loaded_.end()) {
      const torch::Tensor& storage = known->second.as_tensor();
      if (!(storage.scalar_type() == id.dtype && storage.numel() == id.count))
        fail("storage {} used as {} elements of {} and before as {}", id.key, id.count, dtype_name(id.dtype),
             known->second.summary());
      return known->second;
    }
    const std::string name = fmt::format("{}/data/{}", prefix_, id.key);
    const auto entry = archive_.entries().find(name);
    require(entry != archive_.entries().end(), "storage {} is missing: the archive has no entry '{}'", id.key, name);
    require(entry->second.size == id.bytes(), "storage {} has {} bytes, expected {} ({} elements of {})", id.key,
            entry->second.size, id.bytes(), id.count, dtype_name(id.dtype));
    const Value storage = Value::of(flat_tensor(archive_.read(name, *budget_), id.dtype, budget_.get()));
    loaded_.emplace(id.key, storage);
    return storage;
  }

 private:
  const ZipArchive& archive_;
  std::string prefix_;
  std::shared_ptr<ReadBudget> budget_;
  std::unordered_map<std::string, Value> loaded_;
};

Value read_archive(const ZipArchive& archive, std::shared_ptr<ReadBudget> budget, int nesting) {
  const std::string prefix = archive_prefix(archive);
  check_plain_checkpoint(archive, prefix, *budget);
  ZipStorages storages(archive, prefix, budget);
  const PickleEnvironment environment{
      .persistent_load = [&](const Value& id) { return storages.load(id); }, .budget = budget, .nesting = nesting};
  ByteReader reader(archive.read(prefix + std::string(kPickle), *budget));
  return read_one_pickle(reader, environment);
}

}  // namespace

Value read_pytorch_zip(const ZipArchive& archive) {
  return read_archive(archive, std::make_shared<ReadBudget>(archive.source().size()), 0);
}

Value read_pytorch_zip(const ByteSource& source) {
  return read_pytorch_zip(ZipArchive(source));
}

Value read_embedded_pytorch(const ByteSource& source, const PickleEnvironment& outer) {
  constexpr int deepest = 2;
  require(outer.nesting < deepest, "torch.save files nested more than {} deep", deepest);
  outer.budget->spend_bytes(source.size());
  const ByteSource inner = source.renamed(source.name() + " (embedded torch.save)");
  if (inner.text().starts_with("PK\3\4")) return read_archive(ZipArchive(inner), outer.budget, outer.nesting + 1);
  return read_pytorch_legacy(inner, outer.budget, outer.nesting + 1);
}

}  // namespace lifted::formats
