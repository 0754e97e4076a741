// How a command on the host speaks to the running server: one JSON line each way over DATA/control.sock.
//
//   auto server = ControlServer::start(DataFolder::control_in(data), [&](std::string_view line) { return reply(line); });
//   auto reply = control_call(DataFolder::control_in(data), request);   // nothing: no server is running
//
// Only the server's own user and root get a reply: the socket is 0600, and the kernel names the peer's user. Lines are
// wiped after use, because they contain passwords. Requests are served one after the other.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "app/file.hpp"
#include "base/result.hpp"

namespace integrity::app {

class ControlServer {
 public:
  // Turns a request into a reply, both without line feeds; runs on a thread of the control server.
  using Handler = std::function<std::string(std::string_view request)>;

  // The caller holds the lock of the data folder, so an existing socket is that of a dead process, and is replaced.
  static Result<std::unique_ptr<ControlServer>> start(std::filesystem::path path, Handler handler);
  ~ControlServer();  // waits for the request being served, then removes the socket

  ControlServer(std::filesystem::path path, Handler handler, Fd listener, Fd stop);

 private:
  void run();
  void serve(const Fd& peer);

  std::filesystem::path path_;
  Handler handler_;
  Fd listener_, stop_;
  std::thread thread_;
};

// Sends a request to the server that holds the folder. Nothing if there is none; an error if it gives no proper reply.
std::optional<Result<std::string>> control_call(const std::filesystem::path& path, std::string_view request);

}  // namespace integrity::app
