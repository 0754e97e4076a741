#include "http/chunked.hpp"

#include <algorithm>

#include "http/ascii.hpp"

namespace integrity::http {

ChunkedDecoder::State ChunkedDecoder::after_size_digit(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    if (++size_digits_ > size_digits_max) return State::failed;
    left_ = left_ * 16 + static_cast<unsigned>(digit);
    return State::size;
  }
  if (size_digits_ == 0) return State::failed;
  if (c == '\r') return State::size_lf;
  return c == ';' ? State::extension : State::failed;
}

// One character of the framing. Content is copied in whole pieces by `feed`.
ChunkedDecoder::State ChunkedDecoder::next(char c) {
  switch (state_) {
    case State::size:
      return after_size_digit(c);
    case State::extension:
      if (c == '\r') return State::size_lf;
      break;
    case State::size_lf:
      size_digits_ = 0;
      if (c != '\n') return State::failed;
      return left_ == 0 ? State::trailer_begin : State::content;
    case State::content_cr:
      return c == '\r' ? State::content_lf : State::failed;
    case State::content_lf:
      return c == '\n' ? State::size : State::failed;
    case State::trailer_begin:
      if (c == '\r') return State::last_lf;
      if (token_characters[static_cast<unsigned char>(c)]) state_ = State::trailer;
      break;
    case State::trailer:
      if (c == '\r') return State::trailer_lf;
      break;
    case State::trailer_lf:
      return c == '\n' ? State::trailer_begin : State::failed;
    case State::last_lf:
      return c == '\n' ? State::done : State::failed;
    default:
      return State::failed;
  }
  // Within an extension or a trailer.
  if (state_ == State::trailer_begin || !value_characters[static_cast<unsigned char>(c)]) {
    return State::failed;
  }
  return ++overhead_ > overhead_bytes_max ? State::failed : state_;
}

Result<std::size_t> ChunkedDecoder::feed(std::string_view arrived, std::string& body, std::size_t body_bytes_max) {
  std::size_t used = 0;
  while (used < arrived.size() && state_ != State::done) {
    if (state_ != State::content) {
      state_ = next(arrived[used++]);
      if (state_ == State::failed) return Error{Code::bad_request, "bad chunked body"};
      // Refused by its announced size, before the client sends it.
      if (state_ == State::content && left_ > body_bytes_max - body.size()) {
        state_ = State::failed;
        return Error{Code::payload_too_large, "the body is larger than this address takes"};
      }
      continue;
    }
    const auto take = std::min<std::uint64_t>(left_, arrived.size() - used);
    body.append(arrived, used, take);
    used += take;
    left_ -= take;
    if (left_ == 0) state_ = State::content_cr;
  }
  return used;
}

}  // namespace integrity::http
