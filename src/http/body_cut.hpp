// Thrown by a BodySource that ends before the body is complete:
//
//   if (!still_allowed()) throw BodyCut();
//
// The connection is closed without the end of the body (no last chunk), so the client sees that it is incomplete.
// Unlike any other exception this is not logged as a fault.
#pragma once
#include <exception>

namespace integrity::http {

struct BodyCut : std::exception {
  const char* what() const noexcept override { return "the body was cut"; }
};

}  // namespace integrity::http
