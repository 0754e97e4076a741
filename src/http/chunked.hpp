// Decodes a chunked body (RFC 9112 §7.1), strictly: sizes are plain hex of at most 8 digits, every line ends in CRLF,
// extensions are skipped, trailers are dropped. Extensions and trailers together are limited to 8 KiB, because the
// limit of the body does not count them.
//
//   ChunkedDecoder decoder;
//   Result<std::size_t> used = decoder.feed(arrived, body, body_bytes_max);   // appends content to `body`
//   if (decoder.done()) …                        // bytes that were not used belong to the next request
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace integrity::http {

class ChunkedDecoder {
 public:
  static constexpr std::size_t overhead_bytes_max = 8 * 1024;
  static constexpr int size_digits_max = 8;

  // How much of `arrived` was used. Errors: bad_request, payload_too_large.
  Result<std::size_t> feed(std::string_view arrived, std::string& body, std::size_t body_bytes_max);
  bool done() const { return state_ == State::done; }

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    size_lf,
    content,
    content_cr,
    content_lf,
    trailer_begin,
    trailer,
    trailer_lf,
    last_lf,
    done,
    failed,
  };
  State next(char c);
  State after_size_digit(char c);

  State state_ = State::size;
  int size_digits_ = 0;
  std::uint64_t left_ = 0;  // of the chunk being read
  std::size_t overhead_ = 0;
};

}  // namespace integrity::http
