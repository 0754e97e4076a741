#include "base/log.hpp"

#include <unistd.h>

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
  // One write: lines of several threads do not mix. A log that cannot be written must not stop the server.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace integrity::log
