#include "lifted/app/failure.h"

#include <c10/util/Exception.h>

#include <charconv>
#include <cstdlib>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "lifted/base/error.h"
#include "lifted/base/printable.h"

namespace lifted::app {
namespace {

constexpr const char* kSmaller = "try a smaller --batch, --size or --workers, whichever the command has";

std::string of_bytes(std::string_view digits) {
  double bytes = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), bytes);
  return bytes > 0 ? fmt::format(" for a block of {:.1f} GB", bytes / 1e9) : "";
}

/// A sentence about memory if that is what libtorch's error is about. Its allocators' words differ by version and
/// device: "can't allocate memory: you tried to allocate N bytes", "CUDA out of memory. Tried to allocate 2.00 GiB".
std::optional<std::string> memory_sentence(std::string_view what) {
  constexpr std::string_view kAsked = "you tried to allocate ";
  if (what.find("CUDA out of memory") != std::string_view::npos)
    return fmt::format("not enough memory on the GPU; {}", kSmaller);
  if (const auto asked = what.find(kAsked); asked != std::string_view::npos)
    return fmt::format("not enough memory{}; {}", of_bytes(what.substr(asked + kAsked.size())), kSmaller);
  if (what.find("can't allocate memory") == std::string_view::npos) return {};
  return fmt::format("not enough memory; {}", kSmaller);
}

int report(std::string_view sentence, int code = 1) {
  fmt::print(stderr, "error: {}\n", printable_lines(sentence));
  return code;
}

int report_torch(const c10::Error& error) {
  const char* wanted = std::getenv("LIFTED_BACKTRACE");
  if (wanted && std::string_view(wanted) == "1") return report(error.what());
  return report(memory_sentence(error.what()).value_or(library_sentence(error.what())));
}

}  // namespace

int report_failure() {
  try {
    throw;
  } catch (const UsageError& error) {
    return report(error.what(), 2);
  } catch (const Error& error) {
    return report(error.what());
  } catch (const c10::Error& error) {
    return report_torch(error);
  } catch (const std::bad_alloc&) {
    return report(fmt::format("not enough memory; {}", kSmaller));
  } catch (const std::length_error&) {  // more than any container can hold
    return report(fmt::format("not enough memory; {}", kSmaller));
  } catch (const std::exception& error) {
    return report(memory_sentence(error.what()).value_or(library_sentence(error.what())));
  }
}

}  // namespace lifted::app
