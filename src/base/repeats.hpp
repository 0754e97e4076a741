// Counts events of one kind, so that they can be reported together. Memory is bounded: when `kinds_max` kinds are
// counted, events of all further kinds share one count.
//
//   if (repeats.first(kind, [&] { return text; })) write(text);   // the first of its kind
//   for (auto& [text, count] : repeats.take()) …                  // once a second: how many followed
//
// `take` forgets the kinds that did not occur since the last `take`. Not safe from several threads.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace integrity {

class Repeats {
 public:
  struct Counted {
    std::string text;  // of the first
    std::uint64_t count = 0;
  };
  static constexpr std::size_t kinds_max = 256;

  // True for the first event of a kind. `text` is called only then.
  template <class Text>
  bool first(std::string kind, Text text) {
    if (const auto known = kinds_.find(kind); known != kinds_.end()) {
      ++known->second.count;
      return false;
    }
    const bool room = kinds_.size() < kinds_max;
    Counted& counted = room ? kinds_[std::move(kind)] : others_;
    if (counted.text.empty()) counted.text = text();
    if (!room) ++counted.count;
    return room;
  }

  std::vector<Counted> take() {
    std::vector<Counted> counted;
    for (auto kind = kinds_.begin(); kind != kinds_.end();) {
      if (kind->second.count == 0) {
        kind = kinds_.erase(kind);
        continue;
      }
      counted.push_back({kind->second.text, std::exchange(kind->second.count, 0)});
      ++kind;
    }
    if (others_.count > 0) counted.push_back(std::exchange(others_, {}));
    return counted;
  }

  bool empty() const { return kinds_.empty() && others_.count == 0; }

 private:
  std::unordered_map<std::string, Counted> kinds_;
  Counted others_;  // of all further kinds; the text of one of them
};

}  // namespace integrity
