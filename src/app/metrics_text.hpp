// Writes the text format of Prometheus, version 0.0.4.
//
//   MetricsText text;
//   text.family("integrity_logins_total", MetricsText::Type::counter, "First steps of logins.");
//   text.sample({{"outcome", "right"}}, 7);
//   text.take();
//
// Numbers are whole, and times are nanoseconds that appear as seconds: no binary floating point is involved.
#pragma once
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/metrics.hpp"

namespace integrity::app {

class MetricsText {
 public:
  enum class Type : std::uint8_t { counter, gauge, histogram };
  enum class Unit : std::uint8_t { one, seconds };
  struct Label {
    std::string_view name, value;
  };
  using Labels = std::initializer_list<Label>;

  // Begins a family: the samples that follow belong to it. `name` and the names of labels are words of this program and
  // are not escaped; `help` and the values of labels may be any text.
  void family(std::string_view name, Type type, std::string_view help);
  void sample(Labels labels, std::uint64_t value);
  void sample(std::uint64_t value) { sample({}, value); }
  void sample(std::chrono::nanoseconds value);
  void histogram(Labels labels, const Distribution& values, Unit unit);

  std::string take() { return std::move(text_); }

 private:
  void begin(std::string_view suffix, Labels labels, std::string_view bound = {});
  void end(std::string_view value);

  std::string text_, name_;
};

}  // namespace integrity::app
