// HTTPS: the certificate in use, and TLS for each connection. tls.cpp is the only file of this folder that includes
// OpenSSL. TLS 1.3, and 1.2 with ECDHE and AEAD; no renegotiation, no compression, no early data; ALPN http/1.1.
//
//   Tls tls(clock, random, Hsts::all);
//   Status fit = tls.use({"cert.pem", …}, {"key.pem", …});   // again for a new certificate: open connections go on
//   ServerOptions{.tls = &tls, …}
//
// Sessions are resumed with tickets. This object makes the key that tickets are encrypted under: a new one every 12
// hours. The previous key still opens tickets, so a ticket works for at least 12 and at most 24 hours. The server stores
// nothing for a ticket.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace integrity::http {

// Strict-Transport-Security: not sent, for this host only, or for its subdomains too.
enum class Hsts : std::uint8_t { off, host, all };

// The content of a PEM file. Errors name it.
struct PemFile {
  std::string path;
  Secret content;
};

// TLS of one connection, on a non-blocking descriptor. Not thread-safe.
class TlsSession {
 public:
  // wants_…: call it again, with the same bytes, once the descriptor can be read, or written. ended: by the client, in
  // order. failed: anything else, such as 33 records in a row without data. The client was sent an alert if OpenSSL has
  // one for its fault.
  enum class Outcome : std::uint8_t { done, wants_read, wants_write, ended, failed };
  struct Moved {
    Outcome outcome = Outcome::failed;
    std::size_t bytes = 0;  // more than 0 if done
  };
  virtual ~TlsSession() = default;
  virtual Outcome shake_hands() = 0;
  virtual Moved read(std::span<char> into) = 0;
  virtual Moved write(std::string_view bytes) = 0;
  // Whether OpenSSL holds bytes that `read` has not returned. Then `read` must be called without waiting for the
  // descriptor, which may never become readable.
  virtual bool buffered() const = 0;
  virtual void end() noexcept = 0;  // sends close_notify if that is possible without waiting
};

class Tls {
 public:
  Tls(const Clock& clock, Random& random, Hsts hsts);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // Takes a certificate (with its chain, the server's own first) and its key for connections from now on. An error says
  // in one line which file is unfit and why; the previous certificate then stays.
  Status use(const PemFile& certificate, const PemFile& key);
  // When the certificate in use runs out; nothing before the first `use`.
  std::optional<Time> not_after() const;
  // The HSTS line for every response, with CR LF; or empty.
  std::string_view header() const;

  // For each new connection. Null without a certificate, or without memory.
  std::unique_ptr<TlsSession> accept(int descriptor) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace integrity::http
