#include "lifted/train/world_group.h"

#ifdef LIFTED_HAS_C10D

#include <arpa/inet.h>
#include <fmt/ranges.h>
#include <netdb.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <thread>

namespace lifted::train {
namespace {
using torch::Tensor;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Seconds = WorldList::Seconds;

constexpr int64_t kSmall = 32 << 10;  // bytes: below, one message to each partner is quicker than two halves
constexpr auto kPause = milliseconds(20);
/// How long others' last words are waited for: after a connection broke, and after one was silent (others may have
/// begun to wait later).
constexpr Seconds kAfterBreak{1.5}, kAfterSilence{4}, kOfList{5};

std::string own_name() {
  char host[256] = "?";
  gethostname(host, sizeof host - 1);
  return fmt::format("{}, process {}", host, getpid());
}

struct AddressList {
  addrinfo* first = nullptr;
  ~AddressList() {
    if (first) freeaddrinfo(first);
  }
};

/// The address of this machine on the way to another; empty if there is no way.
std::string own_address_towards(const std::string& host, int port) {
  AddressList found;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found.first) != 0) return {};
  const int descriptor = ::socket(found.first->ai_family, SOCK_DGRAM, 0);
  if (descriptor < 0) return {};
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  char text[NI_MAXHOST] = "";
  if (::connect(descriptor, found.first->ai_addr, found.first->ai_addrlen) == 0 &&
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &size) == 0)
    getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  ::close(descriptor);
  return text;
}

/// Where Gloo's connections go: the interface that GLOO_SOCKET_IFNAME names, this machine's own loop if all are here,
/// else the way to rank 0.
auto gloo_device(const WorldPlace& place) {
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
  if (interface && *interface) return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  if (place.local_size == place.size) return c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
  const std::string own = place.address.empty() ? "" : own_address_towards(place.address, place.port);
  return own.empty() ? c10d::ProcessGroupGloo::createDefaultDevice()
                     : c10d::ProcessGroupGloo::createDeviceForHostname(own);
}

/// In `top`, and for `liftedgan launch`: a process that waits is not one that hangs.
class Waiting {
 public:
  explicit Waiting(World::Traffic& traffic) : traffic_(traffic), start_(Clock::now()) {
    prctl(PR_GET_NAME, name_);
    prctl(PR_SET_NAME, "lifted:waiting");
  }
  ~Waiting() {
    prctl(PR_SET_NAME, name_);
    traffic_.seconds += Seconds(Clock::now() - start_).count();
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  World::Traffic& traffic_;
  Clock::time_point start_;
  char name_[17] = "";
};

milliseconds in_milliseconds(double seconds) {
  return milliseconds(static_cast<int64_t>(seconds * 1000));
}

std::vector<Tensor> list_of(const Tensor& tensor) {
  return {tensor};
}

}  // namespace

World::Group::Group(const WorldPlace& place) : place_(place), list_(place) {
  meet();
  connect();
  list_.expect_answers();
}

World::Group::~Group() {
  leave();
}

/// Everybody signs the list; those who do not in time are named.
void World::Group::meet() {
  const Seconds limit(place_.start_seconds);
  const auto deadline = Clock::now() + limit;
  list_.set(fmt::format("here/{}", place_.rank), own_name(), limit);
  std::vector<int> missing;
  while (static_cast<int>(names_.size()) < place_.size) {
    const auto name = list_.find(fmt::format("here/{}", names_.size()), kOfList);
    if (name) {
      names_.push_back(*name);
      continue;
    }
    if (Clock::now() >= deadline) {
      for (int i = static_cast<int>(names_.size()); i < place_.size; ++i)
        if (!list_.find(fmt::format("here/{}", i), kOfList)) missing.push_back(i);
      fail("rank {} of {}: waited {:g} s for rank {} to start, in vain", place_.rank, place_.size, place_.start_seconds,
           fmt::join(missing, ", "));
    }
    std::this_thread::sleep_for(kPause);
  }
}

void World::Group::connect() {
  auto options = c10d::ProcessGroupGloo::Options::create(in_milliseconds(place_.start_seconds));
  options->devices.push_back(gloo_device(place_));
  options->threads = 1;
  try {
    gloo_ = c10::make_intrusive<c10d::ProcessGroupGloo>(list_.store(), place_.rank, place_.size, options);
  } catch (const std::exception& error) {
    fail("rank {} of {}: cannot connect with the others: {}", place_.rank, place_.size, error.what());
  }
}

std::string World::Group::name_of(int rank) const {
  return fmt::format("rank {} of {} ({})", rank, place_.size, names_[static_cast<size_t>(rank)]);
}

// ---- Sums ----

void World::Group::sum(Tensor values, const char* what) {
  const torch::NoGradGuard guard;
  const Waiting waiting(traffic_);
  if (!told_.empty()) throw LostRankError(told_);
  if (values.is_cpu() && values.is_contiguous()) return sum_on_cpu(values.view({-1}), what);
  Tensor copy = values.to(torch::kCPU).contiguous();
  sum_on_cpu(copy.view({-1}), what);
  values.copy_(copy);
}

void World::Group::sum_on_cpu(Tensor values, const char* what) {
  if (values.numel() == 0) return;
  const int ranks = static_cast<int>(std::bit_floor(static_cast<unsigned>(place_.size)));
  const int rank = place_.rank;
  // Those beyond a power of two give theirs to another and get the result.
  if (rank >= ranks) {
    send(rank - ranks, values, what);
    return receive(rank - ranks, values, what);
  }
  const bool has_guest = rank + ranks < place_.size;
  if (has_guest) {
    Tensor guest = torch::empty_like(values);
    receive(rank + ranks, guest, what);
    values.add_(guest);
  }
  const bool small = static_cast<int64_t>(values.nbytes()) <= kSmall || values.numel() < ranks;
  small ? sum_by_doubling(values, ranks, what) : sum_by_halving(values, ranks, what);
  if (has_guest) send(rank + ranks, values, what);
}

void World::Group::sum_by_doubling(Tensor values, int ranks, const char* what) {
  Tensor other = torch::empty_like(values);
  for (int apart = ranks / 2; apart > 0; apart /= 2) {
    exchange(place_.rank ^ apart, values, other, what);
    values.add_(other);
  }
}

/// Each pair halves what it is responsible for; then pieces are handed back the same way (Rabenseifner 2004).
void World::Group::sum_by_halving(Tensor values, int ranks, const char* what) {
  struct Range {
    int64_t low, high;
  };
  std::vector<Range> ranges{{0, values.numel()}};
  const auto slice = [&](const Range& range) { return values.slice(0, range.low, range.high); };
  const auto halves = [&](int apart) {
    const auto [low, high] = ranges.back();
    const int64_t middle = low + (high - low) / 2;
    const bool upper = (place_.rank & apart) != 0;
    const Range lower_half{low, middle}, upper_half{middle, high};
    return upper ? std::pair(upper_half, lower_half) : std::pair(lower_half, upper_half);
  };
  for (int apart = ranks / 2; apart > 0; apart /= 2) {
    const auto [mine, theirs] = halves(apart);
    Tensor received = torch::empty_like(slice(mine));
    exchange(place_.rank ^ apart, slice(theirs), received, what);
    slice(mine).add_(received);
    ranges.push_back(mine);
  }
  for (int apart = 1; apart < ranks; apart *= 2) {
    const Range mine = ranges.back();
    ranges.pop_back();
    const Range theirs = halves(apart).second;
    exchange(place_.rank ^ apart, slice(mine), slice(theirs), what);
  }
}

template <typename Transfer>
void World::Group::transfer(int partner, const char* what, const Transfer& run) {
  const auto start = Clock::now();
  try {
    run();
  } catch (const std::exception& error) {
    const double seconds = Seconds(Clock::now() - start).count();
    const bool silent = seconds >= 0.95 * place_.wait_seconds;
    lose(partner, what, silent ? fmt::format("did not answer within {:g} s", place_.wait_seconds) : "is gone");
  }
}

void World::Group::send(int to, Tensor values, const char* what) {
  traffic_.bytes += static_cast<int64_t>(values.nbytes());
  transfer(to, what, [&] {
    auto tensors = list_of(values);
    gloo_->send(tensors, to, 0)->wait(in_milliseconds(place_.wait_seconds));
  });
}

void World::Group::receive(int from, Tensor values, const char* what) {
  transfer(from, what, [&] {
    auto tensors = list_of(values);
    gloo_->recv(tensors, from, 0)->wait(in_milliseconds(place_.wait_seconds));
  });
}

void World::Group::exchange(int partner, Tensor out, Tensor in, const char* what) {
  traffic_.bytes += static_cast<int64_t>(out.nbytes());
  transfer(partner, what, [&] {
    auto outgoing = list_of(out), incoming = list_of(in);
    const auto limit = in_milliseconds(place_.wait_seconds);
    const auto received = gloo_->recv(incoming, partner, 0);
    const auto sent = gloo_->send(outgoing, partner, 0);
    received->wait(limit);
    sent->wait(limit);
  });
}

// ---- Losses ----

void World::Group::lose(int partner, const char* what, const std::string& how) {
  const auto words = verdict(partner, what, how);
  // Without the list: it lies with rank 0, or what this process knows is all there is.
  told_ = words.value_or(fmt::format("{} {}: rank {} waited for it to {}", name_of(place_.file.empty() ? 0 : partner),
                                     place_.file.empty() ? "cannot be reached" : how, place_.rank, what));
  leave();
  throw LostRankError(told_);
}

/// Whom this process waited for may itself be waiting: each says so on the list, and the one that says nothing is to
/// blame, unless somebody left last words. Nothing if the list is out of reach.
std::optional<std::string> World::Group::verdict(int partner, const char* what, const std::string& how) {
  list_.set(fmt::format("waits/{}", place_.rank), std::to_string(partner), kOfList);
  const auto deadline = Clock::now() + (how == "is gone" ? kAfterBreak : kAfterSilence);
  int lost = partner;
  while (Clock::now() < deadline) {
    if (list_.is_silent()) return {};
    const auto words = list_.find("words", kOfList);
    if (words) return words;
    const auto next = list_.find(fmt::format("waits/{}", lost), kOfList);
    const int other = next ? std::atoi(next->c_str()) : place_.rank;
    if (other != place_.rank) lost = other;
    std::this_thread::sleep_for(kPause);
  }
  return list_.set_first(
      "words", fmt::format("{} {}: rank {} waited for it to {}", name_of(lost), how, place_.rank, what), kOfList);
}

std::string World::Group::tell(const std::string& sentence) {
  if (!told_.empty()) return told_;
  told_ = list_.set_first("words", sentence, kOfList).value_or(sentence);
  leave();
  return told_;
}

/// Closes the connections, which ends the others' waits. The one that keeps the list stays until they have read it.
void World::Group::leave() {
  if (!gloo_) return;
  gloo_.reset();
  if (list_.is_silent()) return;
  const bool keeps_list = place_.rank == 0 && place_.file.empty();
  auto left = list_.count("left", kOfList, 1);
  const auto deadline = Clock::now() + kOfList;
  while (keeps_list && left && *left < place_.size && Clock::now() < deadline) {
    std::this_thread::sleep_for(kPause);
    left = list_.count("left", kOfList, 0);
  }
}

}  // namespace lifted::train

#endif
