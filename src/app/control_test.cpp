#include "app/control.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <future>
#include <new>

#include "app/file.hpp"
#include "testing/folder.hpp"

namespace integrity::app {
namespace {

std::string echo(std::string_view request, const Progress&) {
  return "got " + std::string(request);
}

TEST(Control, CarriesALineEachWay) {
  const test::TempFolder folder;
  const auto path = folder / "control.sock";
  const auto server = ControlServer::start(path, echo);
  ASSERT_TRUE(server) << server.error().detail;
  EXPECT_EQ(test::mode_of(path), 0600U);
  for (const std::string& request : {std::string("{}"), std::string(60'000, 'x')}) {
    const auto reply = control_call(path, request);
    ASSERT_TRUE(reply && *reply);
    EXPECT_EQ(**reply, "got " + request);
  }
}

TEST(Control, SaysThatNoServerIsRunning) {
  const test::TempFolder folder;
  const auto path = folder / "control.sock";
  EXPECT_FALSE(control_call(path, "{}"));
  { ASSERT_TRUE(ControlServer::start(path, echo)); }
  EXPECT_FALSE(std::filesystem::exists(path)) << "the socket is removed at exit";
}

TEST(Control, ReplacesTheSocketOfADeadProcess) {
  const test::TempFolder folder;
  const auto path = folder / "control.sock";
  const Fd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_FALSE(control_call(path, "{}")) << "no server is running";
  const auto server = ControlServer::start(path, echo);
  ASSERT_TRUE(server);
  EXPECT_EQ(**control_call(path, "a"), "got a");
}

TEST(Control, WorksWhereThePathIsLongerThanASocketAddress) {
  const test::TempFolder folder;
  const auto deep = folder / std::string(100, 'd') / std::string(100, 'e');
  ASSERT_TRUE(make_folder(deep));
  const auto server = ControlServer::start(deep / "control.sock", echo);
  ASSERT_TRUE(server) << server.error().detail;
  EXPECT_EQ(test::mode_of(deep / "control.sock"), 0600U);
  EXPECT_EQ(**control_call(deep / "control.sock", "a"), "got a");
}

// A handler that threw ended the process.
TEST(Control, GoesOnAfterARequestThatFailed) {
  const test::TempFolder folder;
  const auto path = folder / "control.sock";
  const auto server = ControlServer::start(path, [](std::string_view request, const Progress&) -> std::string {
    if (request == "much") throw std::bad_alloc();
    return "done";
  });
  ASSERT_TRUE(server);
  const auto reply = control_call(path, "much");
  ASSERT_TRUE(reply);
  ASSERT_FALSE(*reply);
  EXPECT_NE(reply->error().detail.find("did not answer"), std::string::npos);
  EXPECT_EQ(**control_call(path, "little"), "done");
}

TEST(Control, RefusesALineThatIsTooLong) {
  const test::TempFolder folder;
  const auto path = folder / "control.sock";
  const auto server = ControlServer::start(path, echo);
  ASSERT_TRUE(server);
  const auto reply = control_call(path, std::string(70'000, 'x'));
  ASSERT_TRUE(reply);
  EXPECT_FALSE(*reply);
  EXPECT_EQ(**control_call(path, "still there"), "got still there");
}

TEST(Control, CarriesProgressBeforeTheReply) {
  const test::TempFolder folder;
  const auto path = folder / "control.sock";
  const auto server = ControlServer::start(path, [](std::string_view, const Progress& progress) -> std::string {
    for (const char* part : {R"({"done":1})", R"({"done":2})"}) EXPECT_TRUE(progress(part));
    return "{\"ok\":{}}";
  });
  ASSERT_TRUE(server);
  std::string told;
  const auto reply = control_call(path, "a", [&](std::string_view object) {
    told += object;
    return true;
  });
  ASSERT_TRUE(reply && *reply);
  EXPECT_EQ(**reply, "{\"ok\":{}}");
  EXPECT_EQ(told, R"({"done":1}{"done":2})");
}

TEST(Control, ServesAShortRequestDuringALongOne) {
  const test::TempFolder folder;
  const auto path = folder / "control.sock";
  std::promise<void> begun, end;
  auto ended = end.get_future().share();
  const auto server = ControlServer::start(path, [&](std::string_view request, const Progress&) -> std::string {
    if (request != "long") return "short";
    begun.set_value();
    ended.wait();
    return "long";
  });
  ASSERT_TRUE(server);
  auto waiting = std::async(std::launch::async, [&] { return control_call(path, "long"); });
  begun.get_future().wait();
  EXPECT_EQ(**control_call(path, "s"), "short");
  end.set_value();
  EXPECT_EQ(**waiting.get(), "long");
}

TEST(Control, TellsALongRequestThatItsCallerHasGone) {
  const test::TempFolder folder;
  const auto path = folder / "control.sock";
  std::promise<void> stopped;
  const auto server = ControlServer::start(path, [&](std::string_view, const Progress& progress) -> std::string {
    while (progress("{}")) std::this_thread::yield();
    stopped.set_value();
    return "";
  });
  ASSERT_TRUE(server);
  {
    const Fd caller(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::connect(caller.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::send(caller.get(), "a\n", 2, 0), 2);
  }
  stopped.get_future().wait();
}

TEST(Control, TellsALongRequestThatTheServerEnds) {
  const test::TempFolder folder;
  const auto path = folder / "control.sock";
  std::promise<void> begun;
  auto server = ControlServer::start(path, [&](std::string_view, const Progress& progress) -> std::string {
    begun.set_value();
    while (progress("{}")) std::this_thread::yield();
    return "stopped";
  });
  ASSERT_TRUE(server);
  auto waiting = std::async(std::launch::async, [&] { return control_call(path, "a"); });
  begun.get_future().wait();
  server->reset();
  EXPECT_EQ(**waiting.get(), "stopped");
}

}  // namespace
}  // namespace integrity::app
