// A deleter for std::unique_ptr that calls a function of a C library:
//
//   using Bio = std::unique_ptr<BIO, FreeBy<BIO_free>>;
#pragma once

namespace integrity {

template <auto Function>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};

}  // namespace integrity
