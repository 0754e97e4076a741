#include "base/time.hpp"

#include <algorithm>

#include <cstdint>

namespace integrity {
namespace {

void digits(char* to, unsigned value, int count) {
  for (int i = count - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

}  // namespace

void append_rfc3339(std::string& out, Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto of_day = static_cast<unsigned>((time - day).count());
  char text[] = "0000-00-00T00:00:00.000Z";
  digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  digits(text + 5, static_cast<unsigned>(date.month()), 2);
  digits(text + 8, static_cast<unsigned>(date.day()), 2);
  digits(text + 11, of_day / 3'600'000, 2);
  digits(text + 14, of_day / 60'000 % 60, 2);
  digits(text + 17, of_day / 1000 % 60, 2);
  digits(text + 20, of_day % 1000, 3);
  out.append(text, 24);
}

std::string to_rfc3339(Time time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  if (text.size() != 24) return {};
  const auto year = number(text.substr(0, 4)), month = number(text.substr(5, 2)), day = number(text.substr(8, 2)),
             hour = number(text.substr(11, 2)), minute = number(text.substr(14, 2)),
             second = number(text.substr(17, 2)), milli = number(text.substr(20, 3));
  if (!year || !month || !day || !hour || !minute || !second || !milli) return {};
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day));
  if (!date.ok()) return {};
  const Time time = Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                    std::chrono::seconds(*second) + Millis(*milli);
  // Writing it again must give the same text: this refuses wrong separators and numbers out of range.
  if (to_rfc3339(time) != text) return {};
  return time;
}

std::optional<Time> parse_any_rfc3339(std::string_view text) {
  constexpr std::size_t kSecondsEnd = std::string_view("2026-11-23T08:15:30").size();
  if (text.size() <= kSecondsEnd || (text[10] != 'T' && text[10] != 't')) return {};
  auto rest = text.substr(kSecondsEnd);
  std::string millis = "000";
  if (rest.front() == '.') {
    const auto digits = rest.substr(1, std::min(rest.find_first_not_of("0123456789", 1), rest.size()) - 1);
    if (digits.empty()) return {};
    std::copy_n(digits.begin(), std::min<std::size_t>(3, digits.size()), millis.begin());
    rest.remove_prefix(1 + digits.size());
  }
  std::string utc(text.substr(0, kSecondsEnd));
  utc[10] = 'T';
  const auto local = parse_rfc3339(utc + '.' + millis + 'Z');
  if (!local || rest == "Z" || rest == "z") return local;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return {};
  const auto hours = number(rest.substr(1, 2)), minutes = number(rest.substr(4, 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return {};
  const Millis offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return rest[0] == '+' ? *local - offset : *local + offset;
}

}  // namespace integrity
