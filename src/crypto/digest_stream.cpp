#include "crypto/digest_stream.hpp"

#include "crypto/openssl.hpp"

namespace integrity::crypto {

struct Sha256Stream::State {
  std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>> context{need(EVP_MD_CTX_new())};
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  check(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr));
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::add(ByteView part) {
  check(EVP_DigestUpdate(state_->context.get(), part.data(), part.size()));
}

Sha256 Sha256Stream::finish() {
  Sha256 out;
  check(EVP_DigestFinal_ex(state_->context.get(), out.data(), nullptr));
  return out;
}

}  // namespace integrity::crypto
