#include "http/worker.hpp"

#include <time.h>

#include <algorithm>
#include <exception>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "http/connection.hpp"
#include "http/render.hpp"

namespace integrity::http {
namespace {

constexpr std::chrono::milliseconds tick_interval{250};

thread_local Worker* current_worker = nullptr;

// What one client can have as many of as it likes counts as one.
Address counted_address(Address peer) {
  if (!peer.v4()) std::fill(peer.bytes.begin() + 8, peer.bytes.end(), std::uint8_t{0});
  return peer;
}

}  // namespace

CoarseClock::time_point CoarseClock::now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return time_point(
      std::chrono::duration_cast<duration>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

std::size_t Gate::Hash::operator()(const Address& address) const {
  return std::hash<std::string_view>()(as_text(address.bytes));
}

bool Gate::enter(const Address& peer) {
  const std::lock_guard lock(mutex_);
  if (total_ == total_max_) return false;
  const auto [entry, added] = by_address_.try_emplace(counted_address(peer), 0);
  if (entry->second == per_address_max_) return false;
  ++entry->second;
  ++total_;
  return true;
}

void Gate::leave(const Address& peer) {
  const std::lock_guard lock(mutex_);
  const auto entry = by_address_.find(counted_address(peer));
  if (--entry->second == 0) by_address_.erase(entry);
  --total_;
}

bool Gate::take_body_bytes(std::size_t count) {
  std::size_t left = body_bytes_left_;
  while (left >= count) {
    if (body_bytes_left_.compare_exchange_weak(left, left - count)) return true;
  }
  return false;
}

Worker::Worker(const ServerOptions& options, Application& application, std::shared_ptr<Gate> gate)
    : guard_(context_.get_executor()),
      timer_(context_),
      options_(options),
      application_(application),
      gate_(std::move(gate)) {
  SystemRandom().fill(id_prefix_);
}

Worker::~Worker() = default;

Worker* Worker::current() {
  return current_worker;
}

void Worker::run() {
  current_worker = this;
  schedule_tick();
  while (true) {
    try {
      context_.run();
      break;
    } catch (const std::exception& error) {
      // A handler let one through: that connection may be lost, the others must not be.
      log::event("http.fault", {{"cause", error.what()}});
    }
  }
  current_worker = nullptr;
}

void Worker::adopt(Socket socket, const Address& peer) {
  load_.fetch_add(1, std::memory_order_relaxed);
  // `this` is safe and a shared pointer would be a cycle: handlers die with the context they wait
  // in.
  asio::post(context_, [this, socket = std::move(socket), peer]() mutable { add(std::move(socket), peer); });
}

void Worker::add(Socket socket, const Address& peer) {
  if (stopping()) {
    load_.fetch_sub(1, std::memory_order_relaxed);
    gate_->leave(peer);
    return;
  }
  auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket), peer);
  connection->place = connections_.size();
  connections_.push_back(connection);
  connection->start();
}

void Worker::remove(Connection& connection) {
  const auto place = connection.place;
  const Address peer = connection.peer();
  if (place + 1 != connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->place = place;
  }
  connections_.pop_back();
  load_.fetch_sub(1, std::memory_order_relaxed);
  gate_->leave(peer);
  end_if_done();
}

void Worker::submit(Message message) {
  const std::lock_guard lock(inbox_mutex_);
  if (inbox_closed_) return;
  inbox_.push_back(std::move(message));
  // One wake-up for all that finish together, as the writes of one commit do.
  if (inbox_.size() == 1) {
    asio::post(context_, [this] { empty_inbox(); });
  }
}

void Worker::empty_inbox() {
  std::vector<Message> messages;
  {
    const std::lock_guard lock(inbox_mutex_);
    messages.swap(inbox_);
  }
  for (auto& [connection, word] : messages) connection->hear(std::move(word));
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
  timer_.expires_after(tick_interval);
  timer_.async_wait([this](error_code error) {
    if (error || !guard_.owns_work()) return;
    schedule_tick();
    tick();
  });
}

// One look at every deadline a few times a second, instead of a timer that every request sets and
// cancels.
void Worker::tick() {
  const auto now = CoarseClock::now();
  if (stop_at_ && now >= *stop_at_) return close_all();
  // Backwards: whoever is removed is replaced by one that was looked at already.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const auto connection = connections_[i];
    if (connection->deadline() <= now) connection->on_deadline();
  }
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
