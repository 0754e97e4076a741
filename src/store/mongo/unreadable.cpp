#include "store/mongo/unreadable.hpp"

#include <chrono>
#include <map>
#include <mutex>

#include "base/log.hpp"

namespace integrity::store::mongo {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes kBetweenLines{1};
constexpr std::size_t kRemembered = 1000;  // documents; no others are logged until a minute has passed

}  // namespace

void log_unreadable(Name collection, const Unreadable& why) {
  static std::mutex mutex;
  static std::map<std::string, steady_clock::time_point> logged;
  const auto now = steady_clock::now();
  const auto document = std::string(collection.text) + '/' + why.id;
  {
    const std::lock_guard lock(mutex);
    std::erase_if(logged, [&](const auto& each) { return now - each.second >= kBetweenLines; });
    if (logged.size() >= kRemembered || !logged.emplace(document, now).second) return;
  }
  log::event("store.unreadable", {{"document", document}, {"cause", why.what()}});
}

}  // namespace integrity::store::mongo
