// A TLS client for tests, on a connected, blocking descriptor. OpenSSL comes with Asio's header: its own headers are for
// tls.cpp alone.
#pragma once
#include <sys/socket.h>

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace integrity::http {

class TlsClient {
 public:
  struct Offer {
    std::string protocols = {};  // for ALPN, each with its length before it
    int version = 0;             // 0: 1.2 or 1.3
    std::string ticket = {};     // of `ticket()`, to resume a session
  };
  explicit TlsClient(int descriptor) : TlsClient(descriptor, Offer()) {}
  TlsClient(int descriptor, const Offer& offer)
      : descriptor_(descriptor),
        context_(boost::asio::ssl::context::tls_client),
        ssl_(SSL_new(context_.native_handle()), SSL_free) {
    SSL_set_min_proto_version(ssl(), offer.version != 0 ? offer.version : TLS1_2_VERSION);
    SSL_set_max_proto_version(ssl(), offer.version);
    SSL_set_alpn_protos(ssl(), reinterpret_cast<const unsigned char*>(offer.protocols.data()),
                        static_cast<unsigned>(offer.protocols.size()));
    if (!offer.ticket.empty()) {
      auto bytes = reinterpret_cast<const unsigned char*>(offer.ticket.data());
      SSL_SESSION* const session = d2i_SSL_SESSION(nullptr, &bytes, static_cast<long>(offer.ticket.size()));
      SSL_set_session(ssl(), session);
      SSL_SESSION_free(session);
    }
    SSL_set_fd(ssl(), descriptor);
    connected_ = SSL_connect(ssl()) == 1;
    if (!connected_) take_error();
  }

  SSL* ssl() const { return ssl_.get(); }
  bool connected() const { return connected_; }
  const std::string& error() const { return error_; }
  bool ended_in_order() const { return (SSL_get_shutdown(ssl()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  bool resumed() const { return SSL_session_reused(ssl()) == 1; }
  // With TLS 1.3, only after something was received.
  std::string ticket() const {
    SSL_SESSION* const session = SSL_get0_session(ssl());
    std::string bytes(static_cast<std::size_t>(i2d_SSL_SESSION(session, nullptr)), '\0');
    auto out = reinterpret_cast<unsigned char*>(bytes.data());
    i2d_SSL_SESSION(session, &out);
    return bytes;
  }

  long send(std::string_view bytes) { return SSL_write(ssl(), bytes.data(), static_cast<int>(bytes.size())); }
  long receive(char* into, std::size_t size) {
    const int count = SSL_read(ssl(), into, static_cast<int>(size));
    if (count <= 0) take_error();
    return count;
  }
  // Of TLS 1.3. False once the server has cut the connection.
  bool update_keys(int kind, int count) {
    for (int i = 0; i < count; ++i) {
      if (SSL_key_update(ssl(), kind) != 1 || SSL_do_handshake(ssl()) != 1) return false;
    }
    return true;
  }
  void end_sending() {
    SSL_shutdown(ssl());
    ::shutdown(descriptor_, SHUT_WR);
  }

 private:
  void take_error() {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    error_ = reason != nullptr ? reason : "";
    ERR_clear_error();
  }

  int descriptor_;
  boost::asio::ssl::context context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  bool connected_ = false;
  std::string error_;
};

}  // namespace integrity::http
