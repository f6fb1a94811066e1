#include "lifted/formats/read_budget.h"

#include "lifted/base/error.h"

namespace lifted::formats {
namespace {

constexpr uint64_t kTensorObject = 512;  // of a tensor, beside its elements

void spend(uint64_t& left, uint64_t amount, const char* refusal) {
  require(amount <= left, "{}", refusal);
  left -= amount;
}

}  // namespace

void ReadBudget::spend_bytes(uint64_t bytes) {
  spend(bytes_left_, bytes, "it asks for far more memory than the file holds");
}

void ReadBudget::spend_object(uint64_t bytes) {
  spend(objects_left_, bytes, "far more values than a checkpoint has");
}

void ReadBudget::spend_tensor(uint64_t bytes) {
  spend_object(kTensorObject);
  spend(seen_left_, bytes, "its tensors are far more than the file holds");
}

}  // namespace lifted::formats
