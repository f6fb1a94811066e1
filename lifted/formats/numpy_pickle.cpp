#include "lifted/formats/numpy_pickle.h"

#include <string_view>

#include "lifted/base/error.h"
#include "lifted/base/file.h"

namespace lifted::formats {
namespace {

/// Writes the opcodes of a pickle (pickletools.py lists them).
class PickleText {
 public:
  void raw(std::string_view bytes) { text_ += bytes; }
  template <typename Number>
  void little_endian(Number number) {
    for (size_t i = 0; i < sizeof number; ++i) text_ += static_cast<char>(static_cast<uint64_t>(number) >> (8 * i));
  }

  void text(std::string_view value) {  // BINUNICODE
    require(value.size() < UINT32_MAX, "text of {} bytes cannot be pickled", value.size());
    raw("X");
    little_endian(static_cast<uint32_t>(value.size()));
    raw(value);
  }
  void bytes(std::string_view value) {  // BINBYTES
    require(value.size() < UINT32_MAX, "an array of {} bytes cannot be pickled", value.size());
    raw("B");
    little_endian(static_cast<uint32_t>(value.size()));
    raw(value);
  }
  void number(int64_t value) {  // BININT, or LONG1 of eight bytes
    if (value == static_cast<int32_t>(value)) {
      raw("J");
      little_endian(static_cast<int32_t>(value));
    } else {
      raw("\x8A\x08");
      little_endian(value);
    }
  }

  /// numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), b"b") and its state. NumPy 2 knows the old name, too.
  void array(const torch::Tensor& tensor) {
    require(tensor.scalar_type() == torch::kFloat64, "only arrays of float64 are pickled");
    const torch::Tensor values = tensor.detach().cpu().contiguous();
    raw("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n");
    number(0);
    raw("\x85");  // TUPLE1
    bytes("b");
    raw("\x87R(");  // TUPLE3 REDUCE MARK
    number(1);
    raw("(");
    for (const int64_t size : values.sizes()) number(size);
    raw("t");
    dtype();
    raw("\x89");  // NEWFALSE: row by row
    bytes({static_cast<const char*>(values.data_ptr()), values.nbytes()});
    raw("tb");
  }

  std::string take() { return std::move(text_); }

 private:
  /// numpy.dtype("f8", False, True) with the state (3, "<", None, None, None, -1, -1, 0).
  void dtype() {
    raw("cnumpy\ndtype\n");
    text("f8");
    raw("\x89\x88\x87R(");
    number(3);
    text("<");
    raw("NNN");
    number(-1);
    number(-1);
    number(0);
    raw("tb");
  }

  std::string text_;
};

}  // namespace

void write_numpy_pickle(const std::filesystem::path& path,
                        const std::vector<std::pair<std::string, PickledValue>>& entries) {
  PickleText pickle;
  pickle.raw("\x80\x03}(");  // PROTO 3 EMPTY_DICT MARK
  for (const auto& [name, value] : entries) {
    pickle.text(name);
    if (const auto* tensor = std::get_if<torch::Tensor>(&value)) pickle.array(*tensor);
    if (const auto* number = std::get_if<int64_t>(&value)) pickle.number(*number);
    if (const auto* text = std::get_if<std::string>(&value)) pickle.text(*text);
  }
  pickle.raw("u.");  // SETITEMS STOP
  write_file_atomically(path, pickle.take());
}

}  // namespace lifted::formats
