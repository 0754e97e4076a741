// How a command on the host speaks to the running server over DATA/control.sock: one JSON line there, and back any number
// of lines `{"progress":…}` and then the reply.
//
//   auto server = ControlServer::start(path, [&](std::string_view line, const Progress&) { return reply(line); });
//   auto reply = control_call(path, request);   // nothing: no server is running
//
// Only the server's own user and root get a reply: the socket is 0600, and the kernel names the peer's user. Lines are
// wiped after use, because they contain passwords. Each request has a thread of its own, so that none waits for a long
// one.
#pragma once
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace integrity::app {

// Tells how far a long act has come, as a JSON object. False: nobody waits for the act any more, or the process is
// ending, so it should stop.
using Progress = std::function<bool(std::string_view object)>;

class ControlServer {
 public:
  // Turns a request into a reply, both without line feeds. Runs on a thread of the control server, on several at once.
  using Handler = std::function<std::string(std::string_view request, const Progress& progress)>;

  // The caller holds the lock of the data folder, so an existing socket is that of a dead process, and is replaced.
  static Result<std::unique_ptr<ControlServer>> start(std::filesystem::path path, Handler handler);
  ~ControlServer();  // waits for the requests being served, then removes the socket

  ControlServer(std::filesystem::path path, Handler handler, Fd listener, Fd stop);

 private:
  struct Served {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> over;
  };

  void run();
  void begin(Fd peer);
  void serve(const Fd& peer);

  std::filesystem::path path_;
  Handler handler_;
  Fd listener_, stop_;
  std::atomic<bool> ending_ = false;
  std::list<Served> served_;  // used by thread_ only, until it has ended
  std::thread thread_;
};

// Sends a request to the server that holds the folder. Nothing if there is none; an error if it gives no proper reply.
// `silence_max`: how long it may send nothing.
std::optional<Result<std::string>> control_call(const std::filesystem::path& path, std::string_view request,
                                                const Progress& progress = {},
                                                std::chrono::seconds silence_max = std::chrono::seconds(60));

}  // namespace integrity::app
