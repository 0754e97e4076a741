// Owns a file descriptor.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/result.hpp"

namespace integrity {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// To read it. Error: the path cannot be read, or is not a file but a folder, a pipe or a device.
Result<Fd> open_regular_file(const std::filesystem::path& path);

}  // namespace integrity
