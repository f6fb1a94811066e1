#include "tests/support/archives.h"

#include <lmdb.h>

#include "lifted/base/error.h"
#include "lifted/formats/zip_writer.h"
#include "tests/support/images.h"

namespace lifted::test {

namespace fs = std::filesystem;

void write_image_folder(const fs::path& folder, int count, int width, int height) {
  for (int i = 0; i < count; ++i)
    formats::write_png(folder / fmt::format("img{:02d}.png", i), smooth_image(width, height, i));
}

void write_image_zip(const fs::path& path, int count, int size) {
  formats::DatasetZipWriter writer(path);
  for (int i = 0; i < count; ++i) writer.add(formats::encode_png(smooth_image(size, size, i)));
  writer.finish();
}

void write_lmdb(const fs::path& path, const std::map<std::string, Bytes>& pairs) {
  const bool file = path.extension() == ".lmdb";
  if (!file) fs::create_directories(path);
  MDB_env* environment = nullptr;
  MDB_txn* transaction = nullptr;
  MDB_dbi database = 0;
  mdb_env_create(&environment);
  mdb_env_set_mapsize(environment, 1 << 26);
  require(mdb_env_open(environment, path.c_str(), file ? MDB_NOSUBDIR : 0, 0644) == 0, "{}: cannot create",
          path.string());
  mdb_txn_begin(environment, nullptr, 0, &transaction);
  mdb_dbi_open(transaction, nullptr, 0, &database);
  for (const auto& [name, value] : pairs) {
    MDB_val key{name.size(), const_cast<char*>(name.data())};
    MDB_val data{value.size(), const_cast<std::byte*>(value.data())};
    mdb_put(transaction, database, &key, &data, 0);
  }
  mdb_txn_commit(transaction);
  mdb_env_close(environment);
}

std::map<std::string, Bytes> rosinality_pairs(int count, const std::vector<int>& sizes) {
  std::map<std::string, Bytes> pairs{{"length", bytes_of(std::to_string(count))}};
  for (const int size : sizes) {
    for (int i = 0; i < count; ++i) {
      pairs[fmt::format("{}-{:05d}", size, i)] = formats::encode_jpeg(smooth_image(size, size, i), 100);
    }
  }
  return pairs;
}

Bytes bytes_of(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return Bytes(begin, begin + text.size());
}

}  // namespace lifted::test
