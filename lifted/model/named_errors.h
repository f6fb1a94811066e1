// Errors from reading a file say which one.
#pragma once

#include <new>
#include <string>
#include <string_view>

#include "lifted/base/error.h"
#include "lifted/base/tensor.h"

namespace lifted::model {

/// Returns what `load` does. An Error, or a sentence of libtorch's, that begins neither with the file's name nor with
/// that of `other` gets the first.
template <typename Load>
auto with_name(const std::string& file, Load load, const std::string& other = {}) {
  try {
    return load();
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    const std::string_view sentence = error.what();
    if (sentence.starts_with(file) || (!other.empty() && sentence.starts_with(other))) throw;
    fail("{}: {}", file, error.what());
  } catch (const c10::Error& error) {
    const std::string_view sentence = error.what_without_backtrace();
    if (sentence.find("allocate memory") != std::string_view::npos) fail("{}: not enough memory to read it", file);
    fail("{}: {}", file, sentence.substr(0, sentence.find('\n')).substr(0, 400));
  } catch (const std::bad_alloc&) {
    fail("{}: not enough memory to read it", file);
  }
}

}  // namespace lifted::model
