// NumPy's files: .npy (one array) and .npz (a zip archive of them), as projectors write style codes.
#pragma once

#include "lifted/base/state_dict.h"
#include "lifted/formats/byte_source.h"

namespace lifted::formats {

/// Whether the bytes begin as an .npy file does, or are a zip archive of .npy entries.
bool is_npy(const ByteSource& source);
bool is_npz(const ByteSource& source);

/// The array, sharing the file's memory where its alignment allows. Error that names the file if it is damaged, holds
/// Python objects, text or records, or numbers that torch does not have or that are big-endian.
torch::Tensor read_npy(const ByteSource& source);

/// The archive's arrays by name (without ".npy"). Errors as above; entries of other kinds are left out.
StateDict read_npz(const ByteSource& source);

}  // namespace lifted::formats
