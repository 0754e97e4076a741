#include "base/log.hpp"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>

#include "base/json.hpp"
#include "base/time.hpp"

namespace integrity::log {

void event(std::string_view what, std::initializer_list<Field> fields) {
  std::string line = R"({"at":")";
  append_rfc3339(line, SystemClock().now());
  line += R"(","event":)";
  json::append_string(line, what);
  for (const Field& field : fields) {
    line += ',';
    json::append_string(line, field.name);
    line += ':';
    json::append_string(line, field.value);
  }
  line += "}\n";
  // One write: lines of several threads do not mix. A log that nobody reads must not stop the server: a pipe that is
  // writable takes 4096 bytes without waiting (pipe(7)), and a line that would have to wait is dropped and counted.
  static std::atomic<std::uint64_t> dropped = 0;
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

}  // namespace integrity::log
