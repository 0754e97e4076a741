// Points in time are milliseconds since 1970 UTC; text is RFC 3339 with milliseconds and Z.
// Code that decides by the time takes a Clock&, so that tests move time instead of sleeping.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace integrity {

using Millis = std::chrono::milliseconds;
using Time = std::chrono::time_point<std::chrono::system_clock, Millis>;

std::string to_rfc3339(Time time);  // "2026-11-23T08:15:30.250Z"
void append_rfc3339(std::string& out, Time time);
std::optional<Time> parse_rfc3339(std::string_view text);  // exactly the form that to_rfc3339 writes
// Every form of RFC 3339: with an offset, any number of decimals (those after the third are cut), lower case.
std::optional<Time> parse_any_rfc3339(std::string_view text);

inline std::int64_t to_millis(Time time) {
  return time.time_since_epoch().count();
}
inline Time from_millis(std::int64_t millis) {
  return Time(Millis(millis));
}
inline std::int64_t to_seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }
};

}  // namespace integrity
