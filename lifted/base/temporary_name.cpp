#include "lifted/base/temporary_name.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

namespace lifted {
namespace {

/// Whoever takes a name out of its slot owns it; so handler and destructor never meet.
std::array<std::atomic<char*>, 64> slots{};
static_assert(std::atomic<char*>::is_always_lock_free, "a signal handler may touch nothing else");

void remove_names_and_end(int signal) {
  for (auto& slot : slots) {
    if (const char* name = slot.exchange(nullptr)) ::unlink(name);
  }
  std::raise(signal);  // with SA_RESETHAND: ends the program as it would have without this handler
}

void handle_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction current {};
    if (sigaction(signal, nullptr, &current) != 0 || current.sa_handler != SIG_DFL) continue;
    struct sigaction action {};
    action.sa_handler = remove_names_and_end;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

TemporaryName::TemporaryName(std::string name) : name_(std::move(name)) {
  static std::once_flag once;
  std::call_once(once, handle_signals);
  char* copy = ::strdup(name_.c_str());
  for (auto& slot : slots) {
    char* empty = nullptr;
    if (copy && slot.compare_exchange_strong(empty, copy)) {
      slot_ = &slot;
      return;
    }
  }
  std::free(copy);
}

void TemporaryName::forget() {
  if (slot_) std::free(slot_->exchange(nullptr));
  slot_ = nullptr;
}

TemporaryName::~TemporaryName() {
  if (!kept_) ::unlink(name_.c_str());
  forget();
}

}  // namespace lifted
