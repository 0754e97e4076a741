#include "app/control.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <new>

#include "testing/folder.hpp"

namespace integrity::app {
namespace {

std::string echo(std::string_view request) {
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
  const auto server = ControlServer::start(path, [](std::string_view request) -> std::string {
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

}  // namespace
}  // namespace integrity::app
