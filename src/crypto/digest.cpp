#include "crypto/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <iterator>

#include "crypto/openssl.hpp"

namespace integrity::crypto {
namespace {

// OpenSSL 3.0 searches an algorithm by name in every SHA256() and HMAC(): 670 and 1750 ns for 300 bytes, against 330
// and 830 ns when it is fetched once. So each is fetched once, and kept as long as the process lives.
EVP_MAC_CTX* new_hmac(const char* digest) {
  EVP_MAC* const mac = need(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  MacContext context(need(EVP_MAC_CTX_new(mac)));
  EVP_MAC_free(mac);
  std::string name(digest);
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                   OSSL_PARAM_construct_end()};
  check(EVP_MAC_CTX_set_params(context.get(), parameters));
  return context.release();
}

// `keyless` is shared and only read. The key is in the copy, and is wiped with it.
template <class Digest>
Digest hmac(const EVP_MAC_CTX* keyless, ByteView key, ByteView data) {
  const MacContext context(need(EVP_MAC_CTX_dup(keyless)));
  static constexpr std::uint8_t kNothing[1] = {};  // a null key would mean "the key set before"
  check(EVP_MAC_init(context.get(), key.empty() ? kNothing : key.data(), key.size(), nullptr));
  check(EVP_MAC_update(context.get(), data.data(), data.size()));
  Digest out;
  std::size_t size = 0;
  check(EVP_MAC_final(context.get(), out.data(), &size, out.size()));
  if (size != out.size()) fail();
  return out;
}

}  // namespace

Sha256 sha256(ByteView data) {
  static const EVP_MD* const kSha256 = need(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  Sha256 out;
  check(EVP_Digest(data.data(), data.size(), out.data(), nullptr, kSha256, nullptr));
  return out;
}

Sha1 hmac_sha1(ByteView key, ByteView data) {
  static const EVP_MAC_CTX* const kKeyless = new_hmac("SHA1");
  return hmac<Sha1>(kKeyless, key, data);
}

Sha256 hmac_sha256(ByteView key, ByteView data) {
  static const EVP_MAC_CTX* const kKeyless = new_hmac("SHA256");
  return hmac<Sha256>(kKeyless, key, data);
}

Sha384 hmac_sha384(ByteView key, ByteView data) {
  static const EVP_MAC_CTX* const kKeyless = new_hmac("SHA384");
  return hmac<Sha384>(kKeyless, key, data);
}

Secret derive_key(ByteView key, std::string_view purpose) {
  Bytes info(purpose.begin(), purpose.end());
  info.push_back(1);  // number of the first block, which has all the 32 bytes
  const auto block = hmac_sha256(key, info);
  return Secret(Bytes(block.begin(), block.end()));
}

}  // namespace integrity::crypto
