// Private to crypto/: OpenSSL objects that free themselves, and one way to report its failures.
//
//   const CipherContext context(need(EVP_CIPHER_CTX_new()));
//   check(EVP_EncryptUpdate(context.get(), …));
//
// `check` and `need` are for calls that no input can make fail: a failure means that memory or an algorithm is missing,
// and they throw. The result of a call that input can make fail is tested by the caller, who then has to call
// ERR_clear_error(): otherwise the error stays in the thread's queue and appears in the next message.
#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "base/free_by.hpp"

namespace integrity::crypto {

using Bio = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using BigNumber = std::unique_ptr<BIGNUM, FreeBy<BN_clear_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeBy<EVP_CIPHER_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeBy<EVP_MAC_CTX_free>>;
using PKey = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using PKeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeBy<PKCS8_PRIV_KEY_INFO_free>>;

[[noreturn]] inline void fail() {
  char reason[256] = "no reason given";
  if (const auto error = ERR_get_error(); error != 0) {
    ERR_error_string_n(error, reason, sizeof reason);
  }
  ERR_clear_error();
  throw std::runtime_error(std::string("OpenSSL: ") + reason);
}

inline void check(int result) {
  if (result <= 0) fail();
}

template <class T>
T* need(T* object) {
  if (object == nullptr) fail();
  return object;
}

}  // namespace integrity::crypto
