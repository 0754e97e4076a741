// File descriptors and small secret files, for what std::filesystem cannot say: who may read, what
// is on disk.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

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

// Who else may do something with a file, beside its owner and root; empty: nobody. `may` is what they must not: the bits of
// "others", 04 to read and 02 to write. A group is trusted if it is root's or one of this process's: that is how
// Kubernetes (0440, root and fsGroup) and systemd (LoadCredential) give a secret to a service.
std::string others_who_may(unsigned may, unsigned mode, gid_t group, const std::vector<gid_t>& own_groups);

// Takes away what others than the owner may do, down to `mode`, and logs it where that was needed. Where that cannot be
// done (a mounted secret is read-only, and root's), it is refused if others may really do what `must_not` says: 04 to
// read, 02 to write. On a file system that is mounted read-only nobody writes.
Status tighten(int fd, unsigned mode, unsigned must_not, const std::filesystem::path& path);

// Appears whole or not at all, 0600, and is on disk when this returns. One that is there is not
// replaced.
Status create_secret_file(const std::filesystem::path& path, const Secret& content);
// At most 64 KiB; tightened to 0600, or refused where others can read it. Symbolic links are followed.
Result<Secret> read_secret_file(const std::filesystem::path& path);

}  // namespace integrity::app
