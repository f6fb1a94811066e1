// Files of torch.save: the zip format (since PyTorch 1.6) and the legacy one before it. Tensors come out on the CPU,
// whatever device they were saved from, without gradients; tensors that shared a storage share it again.
#pragma once

#include "lifted/formats/byte_source.h"
#include "lifted/formats/pickle.h"
#include "lifted/formats/value.h"
#include "lifted/formats/zip_archive.h"

namespace lifted::formats {

/// Whether the bytes begin as a legacy torch.save file does.
bool is_pytorch_legacy(const ByteSource& source);

/// The object that was saved. Tensors share the file's memory.
Value read_pytorch_zip(const ByteSource& source);
/// The same from an archive that is open already.
Value read_pytorch_zip(const ZipArchive& archive);

/// The object that was saved. Tensors have their own memory, since the format does not align them.
Value read_pytorch_legacy(const ByteSource& source);
/// The same within another file, whose budget it shares.
Value read_pytorch_legacy(const ByteSource& source, std::shared_ptr<ReadBudget> budget, int nesting);

/// A torch.save file of either format that was found inside a pickle. Error beyond two levels of such nesting.
Value read_embedded_pytorch(const ByteSource& source, const PickleEnvironment& outer);

}  // namespace lifted::formats
