// What a server counts. Each worker has a TrafficTally that only its own thread writes, so that no core waits for another;
// Server::traffic adds them up.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/metrics.hpp"
#include "http/message.hpp"

namespace integrity::http {

// "2xx" to "5xx". Others are not sent, but for "100 Continue", which is not a response.
inline constexpr std::size_t status_class_count = 4;
inline std::size_t status_class(int status) {
  return status < 300 ? 0 : status < 400 ? 1 : status < 500 ? 2 : 3;
}

// The totals since the start.
struct Traffic {
  // Of one operation and method. A duration begins when the whole head has arrived, and ends when the response can be
  // sent. A response that is made in parts counts only until its first part: the rest depends on how quickly the client
  // reads.
  struct Requests {
    std::array<std::uint64_t, status_class_count> by_status{};
    Distribution durations{duration_buckets};
  };
  explicit Traffic(std::size_t operations_max) : requests((operations_max + 1) * method_count) {}

  std::uint64_t connections = 0;         // now
  std::uint64_t received = 0, sent = 0;  // bytes
  std::array<std::uint64_t, code_count> problems{};
  const Requests& of(std::size_t operation, Method method) const {
    return requests[operation * method_count + static_cast<std::size_t>(method)];
  }

  std::vector<Requests> requests;
};

class TrafficTally {
 public:
  explicit TrafficTally(std::size_t operations_max) : requests_((operations_max + 1) * method_count) {}

  void add_received(std::size_t bytes) { received_.add(bytes); }
  void add_sent(std::size_t bytes) { sent_.add(bytes); }
  void add_request(std::size_t operation, Method method, int status, std::optional<Code> problem,
                   std::chrono::nanoseconds took) {
    Requests& requests = requests_[operation * method_count + static_cast<std::size_t>(method)];
    requests.by_status[status_class(status)].add();
    requests.durations.add(took);
    if (problem) problems_[static_cast<std::size_t>(*problem)].add();
  }
  // Answered with `overloaded_response`, without a Reply.
  void add_turned_away() { add_request(0, Method::other, 503, Code::overloaded, {}); }

  void add_to(Traffic& all) const;

 private:
  struct Requests {
    std::array<Tally, status_class_count> by_status;
    DurationHistogram durations;
  };
  Tally received_, sent_;
  std::array<Tally, code_count> problems_;
  std::vector<Requests> requests_;
};

}  // namespace integrity::http
