#include "app/notify.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "testing/folder.hpp"

namespace integrity::app {
namespace {

using namespace std::chrono_literals;

// What systemd is for its services: a socket that receives datagrams.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), std::begin(address.sun_path));
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }

  // The next datagram; empty: none came in time.
  std::string received(std::chrono::milliseconds within = 10s) {
    pollfd wait{socket_.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(within.count())) != 1) return {};
    std::string text(1000, '\0');
    text.resize(static_cast<std::size_t>(::recv(socket_.get(), text.data(), text.size(), 0)));
    return text;
  }

 private:
  Fd socket_;
};

std::string abstract_name() {
  return "@integrity-test-" + std::to_string(::getpid());
}

TEST(Notifier, SendsDatagramsToASocketWithAFile) {
  const test::TempFolder folder;
  Manager manager((folder / "notify").string());
  const Notifier notifier = Notifier::from_environment();
  notifier.send("READY=1");
  notifier.send("STOPPING=1\nEXTEND_TIMEOUT_USEC=1");
  EXPECT_EQ(manager.received(), "READY=1");
  EXPECT_EQ(manager.received(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=1");
}

TEST(Notifier, SendsDatagramsToAnAbstractSocket) {
  Manager manager(abstract_name());
  Notifier::from_environment().send("READY=1");
  EXPECT_EQ(manager.received(), "READY=1");
}

TEST(Notifier, LeavesNoVariableToOtherPrograms) {
  Manager manager(abstract_name());
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(Notifier::from_environment().watchdog(), 2s);
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
    EXPECT_EQ(::getenv(name), nullptr) << name;
}

TEST(Notifier, HasNoWatchdogThatIsMeantForAnotherProcess) {
  Manager manager(abstract_name());
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(Notifier::from_environment().watchdog(), std::nullopt);
}

TEST(Notifier, HasNoWatchdogOfATimeThatIsNoNumber) {
  for (const char* time : {"", "0", "-1", "2s", "99999999999999999999999"}) {
    Manager manager(abstract_name());
    ::setenv("WATCHDOG_USEC", time, 1);
    EXPECT_EQ(Notifier::from_environment().watchdog(), std::nullopt) << time;
  }
}

TEST(Notifier, IsSilentWithoutASocketThatItCanUse) {
  for (const std::string name : {"", "relative", "/nowhere/notify", "@nobody-listens-here"}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "2000000", 1);
    const Notifier notifier = Notifier::from_environment();
    notifier.send("READY=1");
    EXPECT_EQ(notifier.watchdog(), std::nullopt) << name;
  }
  ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
  Notifier::from_environment().send("READY=1");
}

// A part that answers only while it is allowed to.
struct Part {
  Probe probe() {
    return [this](std::function<void(bool)> answer) {
      const std::lock_guard lock(mutex);
      if (lives) return answer(true);
      owed.push_back(std::move(answer));
    };
  }
  void live(bool now) {
    const std::lock_guard lock(mutex);
    lives = now;
    for (auto& answer : std::exchange(owed, {})) answer(true);
  }
  std::size_t asked() {
    const std::lock_guard lock(mutex);
    return owed.size();
  }
  std::mutex mutex;
  bool lives = true;
  std::vector<std::function<void(bool)>> owed = {};
};

TEST(Watchdog, PingsOnlyWhileEveryPartAnswers) {
  Manager manager(abstract_name());
  ::setenv("WATCHDOG_USEC", "20000", 1);
  const Notifier notifier = Notifier::from_environment();
  Part loops, writer;
  const Watchdog watchdog(notifier, {loops.probe(), writer.probe()});
  EXPECT_EQ(manager.received(), "WATCHDOG=1");
  EXPECT_EQ(manager.received(), "WATCHDOG=1");
  for (Part* part : {&loops, &writer}) {
    part->live(false);
    while (!manager.received(200ms).empty()) {
    }
    EXPECT_EQ(part->asked(), 1U) << "asked once, not again";
    part->live(true);
    EXPECT_EQ(manager.received(), "WATCHDOG=1");
  }
}

TEST(Watchdog, PingsFourTimesInItsTime) {
  Manager manager(abstract_name());
  ::setenv("WATCHDOG_USEC", "4000000", 1);
  const Notifier notifier = Notifier::from_environment();
  Part part;
  const Watchdog watchdog(notifier, {part.probe()});
  EXPECT_EQ(manager.received(1700ms), "WATCHDOG=1");
}

TEST(Watchdog, DoesNotPingForAPartThatCannotBeAsked) {
  Manager manager(abstract_name());
  ::setenv("WATCHDOG_USEC", "20000", 1);
  const Notifier notifier = Notifier::from_environment();
  std::atomic<int> asked = 0;
  std::atomic<bool> full = true;
  const Watchdog watchdog(notifier, {[&](const auto& answer) {
                            ++asked;
                            answer(!full);
                          }});
  while (asked < 3) std::this_thread::yield();
  EXPECT_EQ(manager.received(0ms), "");
  full = false;
  EXPECT_EQ(manager.received(), "WATCHDOG=1") << "it is asked again";
}

TEST(Watchdog, AsksNobodyWhereTheManagerWantsNoPing) {
  const Notifier notifier = Notifier::from_environment();
  bool asked = false;
  {
    const Watchdog watchdog(notifier, {[&](const auto&) { asked = true; }});
  }
  EXPECT_FALSE(asked);
}

}  // namespace
}  // namespace integrity::app
