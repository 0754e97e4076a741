#include "http/traffic.hpp"

namespace integrity::http {

void TrafficTally::add_to(Traffic& all) const {
  all.received += received_.value();
  all.sent += sent_.value();
  for (std::size_t i = 0; i < code_count; ++i) all.problems[i] += problems_[i].value();
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    for (std::size_t j = 0; j < status_class_count; ++j) {
      all.requests[i].by_status[j] += requests_[i].by_status[j].value();
    }
    requests_[i].durations.add_to(all.requests[i].durations);
  }
}

}  // namespace integrity::http
