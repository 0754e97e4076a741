// How a command on the host speaks to the running server: one JSON line there, one back, over DATA/control.sock.
//
//   ControlServer server(DataFolder::control_in(data), [&](std::string_view line) { return act(accounts, line); });
//   auto reply = control_call(DataFolder::control_in(data), request);   // nothing: nobody listens
//
// Only the server's own user and root get an answer: the socket is 0600, and the kernel tells who the peer is. Lines are
// wiped after use, for they carry passwords. Requests are served one after the other.
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
  // Takes a request and gives a reply, both without line feeds; runs on the server's own thread.
  using Handler = std::function<std::string(std::string_view request)>;

  // Whoever makes one holds the data folder's lock, so a socket that is there is a dead process's
  // and is replaced.
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

// Asks the server that holds the folder. Nothing when there is none; an error when it does not
// answer properly.
std::optional<Result<std::string>> control_call(const std::filesystem::path& path, std::string_view request);

}  // namespace integrity::app
