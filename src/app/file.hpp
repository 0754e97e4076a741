// File descriptors and small secret files, for what std::filesystem cannot say: who may read, what
// is on disk.
#pragma once
#include <filesystem>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace integrity::app {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// "PATH: WHAT: No such file or directory", from errno; where that is about rights, with what to do.
Error file_error(const std::filesystem::path& path, const std::string& what);

// Makes the folder, 0700, and those above it. One that is there already is left as it is.
Status make_folder(const std::filesystem::path& path);

// Whether `make_folder` and files in the folder would succeed, as far as can be known without making any.
Status can_make_folder(const std::filesystem::path& path);

// Takes away what others than the owner may do, down to `mode`, and logs it where that was needed.
Status tighten(int fd, unsigned mode, const std::filesystem::path& path);

// Appears whole or not at all, 0600, and is on disk when this returns. One that is there is not
// replaced.
Status create_secret_file(const std::filesystem::path& path, const Secret& content);
// At most 64 KiB; tightened to 0600.
Result<Secret> read_secret_file(const std::filesystem::path& path);

}  // namespace integrity::app
