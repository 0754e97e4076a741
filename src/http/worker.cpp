#include "http/worker.hpp"

#include <time.h>

#include <algorithm>
#include <exception>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/wake_ups.hpp"
#include "http/connection.hpp"
#include "http/render.hpp"
#include "http/tls.hpp"

namespace integrity::http {
namespace {

constexpr std::chrono::milliseconds tick_interval{250};
// A tick that is so late shows that the thread did not run. For `held_time` after it, requests may be older than they seem.
constexpr std::chrono::seconds late_tick{1};
constexpr std::chrono::seconds held_time{2};
constexpr int handlers_in_batch = 64;  // about a millisecond of work

// Connections above the limit, while others are being closed for them, and refused connections that still read why. The
// reserved descriptors (server.cpp) include both.
constexpr std::size_t over_total_max = 32;
constexpr std::size_t being_refused_max = 32;

// Between two refused connections that make room for the next one: looking for one to close takes a walk over all.
constexpr std::chrono::milliseconds refused_pause{50};

// Holders of whom one may have to close a connection: those who have most may have none that can be closed.
constexpr std::size_t holders_asked_max = 32;

// For a connection that cannot get more: there is no memory, or there are too many of them.
constexpr const char* overloaded_head =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n";

thread_local Worker* current_worker = nullptr;

Address first_bytes(Address peer, std::size_t count) {
  std::fill(peer.bytes.begin() + static_cast<std::ptrdiff_t>(count), peer.bytes.end(), std::uint8_t{0});
  return peer;
}

// IPv4 addresses are scarce, so each counts. An IPv6 client easily has a /64, a customer a /48.
std::size_t address_bytes(const Address& peer) {
  return peer.v4() ? 16 : 8;
}
std::size_t network_bytes(const Address& peer) {
  return peer.v4() ? 16 : 6;
}

}  // namespace

CoarseClock::time_point CoarseClock::now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return time_point(
      std::chrono::duration_cast<duration>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

Gate::Gate(const ServerOptions& options, std::size_t total_max)
    : total_max_(total_max),
      per_address_max_(options.connections_per_address_max),
      oldest_gives_way_(options.oldest_gives_way),
      trusted_(options.trusted_proxies) {}

bool Gate::trusts(const Address& peer) const {
  return std::find(trusted_.begin(), trusted_.end(), peer) != trusted_.end();
}

std::size_t Gate::Counts::of(const Bytes& key) const {
  const auto found = by_key.find(key);
  return found == by_key.end() ? 0 : found->second;
}

void Gate::Counts::add(const Bytes& key) {
  const auto [entry, fresh] = by_key.try_emplace(key, 1);
  if (!fresh) {
    move(key, entry->second, entry->second + 1);
    ++entry->second;
    return;
  }
  try {
    by_count.emplace(1, key);
  } catch (...) {
    by_key.erase(entry);
    throw;
  }
}

void Gate::Counts::remove(const Bytes& key) noexcept {
  const auto entry = by_key.find(key);
  if (entry->second > 1) {
    move(key, entry->second, entry->second - 1);
    --entry->second;
  } else {
    by_count.erase(std::pair(std::size_t{1}, key));
    by_key.erase(entry);
  }
}

// Without an allocation: what ends a connection must not fail.
void Gate::Counts::move(const Bytes& key, std::size_t from, std::size_t to) noexcept {
  auto node = by_count.extract(std::pair(from, key));
  node.value().first = to;
  by_count.insert(std::move(node));
}

bool Gate::enter(const Address& peer, std::vector<Holder>& evict) {
  const bool trusted = trusts(peer);
  const Bytes address = first_bytes(peer, address_bytes(peer)).bytes;
  const Bytes network = first_bytes(peer, network_bytes(peer)).bytes;
  const std::lock_guard lock(mutex_);
  const auto addresses_in_network = addresses_.find(network);
  if (!trusted && addresses_in_network != addresses_.end() &&
      addresses_in_network->second.of(address) >= per_address_max_) {
    return false;
  }
  if (total_ >= total_max_) {
    // The last 16 places above the limit are reserved for networks without a connection.
    const std::size_t over = total_ - total_max_;
    const std::size_t over_max = addresses_in_network == addresses_.end() ? over_total_max : over_total_max / 2;
    const auto now = CoarseClock::now();
    if (over >= over_max && now < refused_makes_room_at_) return false;
    evict = who_has_more(network, address);
    if (evict.empty()) return false;
    if (over >= over_max) {
      refused_makes_room_at_ = now + refused_pause;
      return false;
    }
  }
  if (!trusted) count(network, address);
  ++total_;
  return true;
}

void Gate::count(const Bytes& network, const Bytes& address) {
  auto& addresses_in_network = addresses_[network];
  try {
    addresses_in_network.add(address);
    networks_.add(network);  // cannot fail where it is known
  } catch (...) {
    if (networks_.of(network) == 0) addresses_.erase(network);
    throw;
  }
}

// Holders with equally many would evict each other in turn, so only larger ones are listed. Networks come first;
// otherwise a thousand addresses with one connection each would evict one address with two.
std::vector<Holder> Gate::who_has_more(const Bytes& network, const Bytes& address) const {
  std::vector<Holder> found;
  const auto note = [&](const Counts& counts, const Bytes& own, std::size_t (*bytes)(const Address&)) {
    const std::size_t enough = oldest_gives_way_ ? 0 : counts.of(own) + 1;
    for (auto each = counts.by_count.rbegin(); each != counts.by_count.rend() && each->first > enough; ++each) {
      if (found.size() == holders_asked_max) return;
      const Address base{each->second};
      found.push_back({base, bytes(base)});
    }
  };
  note(networks_, network, network_bytes);
  const auto addresses_in_network = addresses_.find(network);
  if (addresses_in_network != addresses_.end()) note(addresses_in_network->second, address, address_bytes);
  return found;
}

void Gate::leave(const Address& peer) noexcept {
  const std::lock_guard lock(mutex_);
  --total_;
  if (trusts(peer)) return;
  const Bytes network = first_bytes(peer, network_bytes(peer)).bytes;
  networks_.remove(network);
  const auto addresses_in_network = addresses_.find(network);
  addresses_in_network->second.remove(first_bytes(peer, address_bytes(peer)).bytes);
  if (addresses_in_network->second.by_key.empty()) addresses_.erase(addresses_in_network);
}

bool Gate::enter_to_be_refused() noexcept {
  if (++being_refused_ <= being_refused_max) return true;
  --being_refused_;
  return false;
}

Status BodyMemory::take(const Sender& sender, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  auto source = by_source_.find(sender.source);
  const std::size_t holds = source == by_source_.end() ? 0 : source->second;
  std::size_t free = bytes_max_ - held_;
  if (!sender.known) free = std::min(free, bytes_max_ / 2 - held_by_strangers_);
  // After this, as much must stay free as the sender holds.
  if (holds + 2 * bytes > free) return holds > 0 ? over_own_share() : overloaded();
  if (source == by_source_.end()) source = by_source_.emplace(sender.source, 0).first;
  source->second += bytes;
  held_ += bytes;
  if (!sender.known) held_by_strangers_ += bytes;
  return {};
}

void BodyMemory::give_back(const Sender& sender, std::size_t bytes) noexcept {
  if (bytes == 0) return;
  const std::lock_guard lock(mutex_);
  const auto source = by_source_.find(sender.source);
  source->second -= bytes;
  if (source->second == 0) by_source_.erase(source);
  held_ -= bytes;
  if (!sender.known) held_by_strangers_ -= bytes;
}

Worker::Worker(const ServerOptions& options, Application& application, std::shared_ptr<Shared> shared)
    : guard_(context_.get_executor()),
      timer_(context_),
      options_(options),
      overloaded_response_(overloaded_head + std::string(options.tls != nullptr ? options.tls->header() : "") + "\r\n"),
      application_(application),
      shared_(std::move(shared)),
      traffic_(options.operations_max) {
  SystemRandom().fill(id_prefix_);
}

Worker::~Worker() = default;

Worker* Worker::current() {
  return current_worker;
}

void Worker::run() {
  current_worker = this;
  while (true) {
    try {
      if (!tick_is_set_) schedule_tick();
      if (!run_some()) break;
    } catch (const std::exception& error) {
      // An exception of a handler may cost one connection, but not the others.
      log::fault(error.what());
    }
  }
  current_worker = nullptr;
}

// Runs the handlers that are ready; the threads that they wake wait for the end of the batch. False once the worker has stopped.
bool Worker::run_some() {
  const WakeUps::Batch batch;
  if (context_.run_one() == 0) return false;
  for (int handlers = 1; handlers < handlers_in_batch && context_.poll_one() > 0; ++handlers) {
  }
  return true;
}

void Worker::adopt(Socket socket, const Address& peer, bool counted) {
  load_.fetch_add(1, std::memory_order_relaxed);
  // `this` is safe, because handlers are destroyed with the context; a shared pointer would be a cycle.
  try {
    asio::post(context_, [this, socket = std::move(socket), peer, counted]() mutable {
      if (const auto connection = add(std::move(socket), peer, counted)) connection->start();
    });
  } catch (...) {
    leave(peer, counted);
    throw;
  }
}

void Worker::leave(const Address& peer, bool counted) noexcept {
  load_.fetch_sub(1, std::memory_order_relaxed);
  counted ? shared_->gate.leave(peer) : shared_->gate.leave_refused();
}

// Null if the worker is stopping.
std::shared_ptr<Connection> Worker::add(Socket socket, const Address& peer, bool counted) {
  if (stopping()) {
    leave(peer, counted);
    return {};
  }
  try {
    auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket), peer, counted);
    connection->index = connections_.size();
    connections_.push_back(connection);
    return connection;
  } catch (...) {
    leave(peer, counted);
    throw;
  }
}

void Worker::remove(Connection& connection) {
  const auto index = connection.index;
  const Address peer = connection.peer();
  const bool counted = connection.counted();
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index = index;
  }
  connections_.pop_back();
  leave(peer, counted);
  end_if_done();
}

Worker::ToClose Worker::find_to_close(const std::vector<Holder>& holders) {
  ToClose found;
  for (const auto& connection : connections_) {
    const auto& peer = connection->peer();
    const auto holder =
        std::find_if(holders.begin(), holders.end(), [&](const Holder& each) { return each.has(peer); });
    if (holder == holders.end() || shared_->gate.trusts(peer)) continue;
    auto use = connection->use();
    if (use == Connection::Use::answering) continue;
    if (options_.oldest_gives_way) use = Connection::Use::idle;  // only the age counts
    constexpr auto kUses = static_cast<std::size_t>(Connection::Use::answering);
    const auto rank = static_cast<std::size_t>(holder - holders.begin()) * kUses + static_cast<std::size_t>(use);
    if (rank > found.rank || (rank == found.rank && !connection->older_than(*found.connection))) continue;
    found = {rank, connection};
    if (rank == 0 && !options_.oldest_gives_way) break;
  }
  return found;
}

bool Worker::close_one_of(const std::vector<Holder>& holders) {
  const auto found = find_to_close(holders);
  if (!found.connection) return false;
  found.connection->waits_for_request() ? found.connection->close() : found.connection->give_up();
  return true;
}

void Worker::submit(Message message) noexcept {
  {
    const std::lock_guard lock(inbox_mutex_);
    if (inbox_closed_) return;
    // If there is no memory for the event or the wake-up, `tick` finds the lost connection, or empties the inbox.
    try {
      inbox_.push_back(std::move(message));
    } catch (const std::exception& error) {
      log::fault(error.what());
      message.to->lose();
      return;
    }
    // One wake-up for all replies that come together, as those of one commit do.
    if (inbox_.size() > 1) return;
  }
  // `this` lives: the message in the inbox holds its connection, and a connection its worker.
  WakeUps::at_end([this] {
    try {
      asio::post(context_, [this] { empty_inbox(); });
    } catch (const std::exception& error) {
      log::fault(error.what());
    }
  });
}

void Worker::empty_inbox() {
  std::vector<Message> messages;
  {
    const std::lock_guard lock(inbox_mutex_);
    messages.swap(inbox_);
  }
  for (auto& [connection, event] : messages) connection->notify(std::move(event));
}

void Worker::ask_to_stop() {
  asio::post(context_, [this] { begin_to_stop(); });
}

void Worker::begin_to_stop() {
  if (stopping()) return;
  stop_at_ = CoarseClock::now() + options_.shutdown_grace;
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const auto connection = connections_[i];
    connection->close_if_idle();
  }
  end_if_done();
}

void Worker::close_all() {
  while (!connections_.empty()) {
    const auto connection = connections_.back();
    connection->close();
  }
}

void Worker::end_if_done() {
  if (!stopping() || !connections_.empty()) return;
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_closed_ = true;
  }
  timer_.cancel();
  guard_.reset();
}

void Worker::schedule_tick() {
  tick_is_set_ = false;
  timer_.expires_after(tick_interval);
  timer_.async_wait([this](error_code error) {
    if (error || !guard_.owns_work()) return;
    schedule_tick();
    tick();
  });
  tick_is_set_ = true;
}

void Worker::tick() {
  const auto now = CoarseClock::now();
  if (now - last_tick_ > late_tick) held_until_ = now + held_time;
  last_tick_ = now;
  if (stop_at_ && now >= *stop_at_) return close_all();
  // Backwards: a connection that is removed is replaced by the last one, which was checked already.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const auto connection = connections_[i];
    check(*connection, now);
  }
  empty_inbox();
  if (on_tick_) on_tick_();
}

bool Worker::was_held() const {
  const auto now = CoarseClock::now();
  return now - last_tick_ > late_tick || now < held_until_;
}

void Worker::check(Connection& connection, CoarseClock::time_point now) noexcept try {
  if (connection.lost()) return connection.give_up();
  if (connection.deadline() <= now) return connection.on_deadline();
  connection.trim();
} catch (const std::exception& error) {
  log::fault(error.what());
  connection.give_up();
}

std::string Worker::next_request_id() {
  std::array<std::uint8_t, 12> bytes{};
  std::copy(id_prefix_.begin(), id_prefix_.end(), bytes.begin());
  const auto count = ++id_counter_;
  for (unsigned i = 0; i < 6; ++i) {
    bytes[6 + i] = static_cast<std::uint8_t>(count >> (40 - 8 * i));
  }
  return to_hex(bytes);
}

std::string_view Worker::date() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME_COARSE, &time);
  if (time.tv_sec != date_second_) {
    date_second_ = time.tv_sec;
    date_ = http_date(date_second_);
  }
  return date_;
}

}  // namespace integrity::http
