#include "http/transport.hpp"

#include <sys/socket.h>

#include "http/ascii.hpp"

namespace integrity::http {

// A request line begins with a letter of the method; lenient clients may send an empty line before it. A TLS record
// begins with 22. What is neither is for OpenSSL to refuse.
Transport::First Transport::first_byte() {
  char byte = 0;
  if (::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1) return First::none;
  const bool http = token_characters[static_cast<unsigned char>(byte)] || byte == '\r' || byte == '\n';
  return http ? First::of_http : First::other;
}

}  // namespace integrity::http
