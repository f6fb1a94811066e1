// What a file may make its reader do: memory and time in proportion to its size, whatever it claims.
#pragma once

#include <cstdint>

namespace lifted::formats {

/// Shared by everything read from one file: inflated archive entries, pickles (inside pickles), tensors.
class ReadBudget {
 public:
  /// For a file of this many bytes.
  explicit ReadBudget(uint64_t file_bytes)
      : bytes_left_(kFreeBytes + kBytesPerByte * file_bytes), seen_left_(kFreeSeen + kBytesPerByte * file_bytes) {}

  /// Bytes about to be inflated, copied or compared. Error when a file asks for far more than it holds.
  void spend_bytes(uint64_t bytes);
  /// A value of a pickle that takes so many bytes of memory. Error beyond 128 MB of them.
  void spend_object(uint64_t bytes);
  /// A tensor of so many bytes, of whose memory others may be parts too: who reads the file looks at each of them.
  void spend_tensor(uint64_t bytes);

 private:
  static constexpr uint64_t kFreeBytes = 64 << 20, kFreeSeen = 256 << 20, kBytesPerByte = 4;
  uint64_t bytes_left_, seen_left_;
  uint64_t objects_left_ = 128 << 20;
};

}  // namespace lifted::formats
