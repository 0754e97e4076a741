#include "app/metrics_text.hpp"

namespace integrity::app {
namespace {

std::string_view name_of(MetricsText::Type type) {
  switch (type) {
    case MetricsText::Type::counter:
      return "counter";
    case MetricsText::Type::gauge:
      return "gauge";
    case MetricsText::Type::histogram:
      break;
  }
  return "histogram";
}

void append_escaped(std::string& out, std::string_view text, bool quotes_too) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (quotes_too && c == '"')) out += '\\';
    out += c;
  }
}

// "0.0003", "10"
std::string seconds(std::uint64_t nanoseconds) {
  constexpr std::uint64_t second = 1'000'000'000;
  std::string text = std::to_string(nanoseconds / second);
  std::string part = std::to_string(second + nanoseconds % second);
  part.front() = '.';
  part.resize(part.find_last_not_of('0') + 1);
  return part.size() > 1 ? text + part : text;
}

std::string shown(std::uint64_t value, MetricsText::Unit unit) {
  return unit == MetricsText::Unit::seconds ? seconds(value) : std::to_string(value);
}

}  // namespace

void MetricsText::family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ");
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(name).append(" ").append(name_of(type)).append("\n");
}

void MetricsText::begin(std::string_view suffix, Labels labels, std::string_view bound) {
  text_.append(name_).append(suffix);
  char before = '{';
  const auto add = [&](std::string_view name, std::string_view value) {
    text_ += before;
    before = ',';
    text_.append(name).append("=\"");
    append_escaped(text_, value, true);
    text_ += '"';
  };
  for (const Label& label : labels) add(label.name, label.value);
  if (!bound.empty()) add("le", bound);
  if (before == ',') text_ += '}';
}

void MetricsText::end(std::string_view value) {
  text_.append(" ").append(value).append("\n");
}

void MetricsText::sample(Labels labels, std::uint64_t value) {
  begin({}, labels);
  end(std::to_string(value));
}

void MetricsText::sample(std::chrono::nanoseconds value) {
  begin({}, {});
  end(seconds(static_cast<std::uint64_t>(value.count())));
}

// In this format each bucket also counts the values of all lower buckets, so the last one counts every value.
void MetricsText::histogram(Labels labels, const Distribution& values, Unit unit) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < values.counts.size(); ++i) {
    count += values.counts[i];
    begin("_bucket", labels, i < values.bounds.size() ? shown(values.bounds[i], unit) : "+Inf");
    end(std::to_string(count));
  }
  begin("_sum", labels);
  end(shown(values.sum, unit));
  begin("_count", labels);
  end(std::to_string(count));
}

}  // namespace integrity::app
