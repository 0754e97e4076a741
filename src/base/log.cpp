#include "base/log.hpp"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/json.hpp"
#include "base/repeats.hpp"
#include "base/time.hpp"

namespace integrity::log {
namespace {

std::atomic<std::uint64_t> dropped = 0;

// `,"name":"value"`. Lines are appended as text, not built as a json::Value: many requests write one, and it should need
// little memory.
void append(std::string& line, std::string_view name, std::string_view value) {
  line += ',';
  json::append_string(line, name);
  line += ':';
  json::append_string(line, value);
}

template <class Fields>
std::string rendered(std::string_view what, const Fields& fields, std::string_view without = {}) {
  std::string rest = R"(,"event":)";
  json::append_string(rest, what);
  for (const Field& field : fields) {
    if (field.name != without) append(rest, field.name, field.value);
  }
  return rest;
}

// One write: lines of several threads do not mix. A log that nobody reads must not stop the server: a pipe that is
// writable takes 4096 bytes without waiting (pipe(7)), and a line that would have to wait is dropped and counted.
void write(const std::string& rest) {
  std::string line = R"({"at":")";
  append_rfc3339(line, SystemClock().now());
  line += '"' + rest + "}\n";
  pollfd stderr_state{STDERR_FILENO, POLLOUT, 0};
  if (line.size() > PIPE_BUF || ::poll(&stderr_state, 1, 0) != 1) {
    ++dropped;
    return;
  }
  if (const auto count = dropped.exchange(0)) {
    line.insert(1, R"("dropped_before":)" + std::to_string(count) + ',');
  }
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

// Counts refusals. Its thread logs the counts once a second, and sleeps while there are none.
class Refusals {
 public:
  ~Refusals() { flush_refusals(); }

  void note(std::string_view what, const std::string& kind, std::initializer_list<Field> fields) {
    {
      const std::scoped_lock lock(mutex_);
      if (!thread_.joinable()) {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
      }
      if (!repeats_.first(std::string(what) + ' ' + kind, [&] { return rendered(what, fields, "request_id"); })) return;
    }
    wake_.notify_one();
    write(rendered(what, fields));
  }

  void flush() {
    std::vector<Repeats::Counted> counted;
    {
      const std::scoped_lock lock(mutex_);
      counted = repeats_.take();
    }
    for (const auto& [rest, count] : counted) {
      std::string line = rest;
      append(line, "repeated", std::to_string(count));
      write(line);
    }
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [this] { return !repeats_.empty(); })) {
      wake_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
      lock.unlock();
      try {
        flush();
      } catch (...) {  // no memory: the counts that were taken are lost
        ++dropped;
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  Repeats repeats_;
  std::jthread thread_;  // last: it uses the others
};

Refusals& refusals() {
  static Refusals all;
  return all;
}

}  // namespace

void event(std::string_view what, std::initializer_list<Field> fields) noexcept try {
  write(rendered(what, fields));
} catch (...) {
  ++dropped;
}

void fault(std::string_view cause, std::string_view request_id) noexcept try {
  std::string rest = R"(,"event":"http.fault")";
  if (!request_id.empty()) append(rest, "request_id", request_id);
  append(rest, "cause", cause);
  write(rest);
} catch (...) {
  ++dropped;
}

void refusal(std::string_view what, const std::string& kind, std::initializer_list<Field> fields) noexcept try {
  refusals().note(what, kind, fields);
} catch (...) {
  ++dropped;
}

void flush_refusals() noexcept try { refusals().flush(); } catch (...) {
  ++dropped;
}

}  // namespace integrity::log
