#include "crypto/es256.hpp"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "crypto/digest.hpp"
#include "crypto/openssl.hpp"

namespace integrity::crypto {
namespace {

constexpr int kHalf = 32;  // bytes of r, s and the coordinates

// The largest DER of two 32-byte integers: each has a header of two bytes and may need a leading zero.
constexpr std::size_t kDerBytesMax = 2 + 2 * (2 + 1 + kHalf);

PKeyContext new_context(const PKey& key) {
  return PKeyContext(need(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)));
}

bool is_p256(const PKey& key) {
  char group[32] = {};
  return EVP_PKEY_is_a(key.get(), "EC") == 1 && EVP_PKEY_get_group_name(key.get(), group, sizeof group, nullptr) == 1 &&
         std::string_view(group) == "prime256v1";
}

// Without this OpenSSL would ask for the passphrase of an encrypted key on the terminal, and the server would wait.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

PKey read_key(const Secret& pem) {
  const ByteView text = pem.reveal();
  if (text.empty()) return {};  // a null pointer to OpenSSL, which it treats as an error of the caller
  const Bio bio(need(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))));
  const Pkcs8 info(PEM_read_bio_PKCS8_PRIV_KEY_INFO(bio.get(), nullptr, no_passphrase, nullptr));
  if (!info) return {};
  PKey key(EVP_PKCS82PKEY(info.get()));
  if (!key || !is_p256(key)) return {};
  // Also checks that a public half in the file belongs to the private one.
  if (EVP_PKEY_check(new_context(key).get()) != 1) return {};
  return key;
}

void coordinate(const PKey& key, const char* name, std::array<std::uint8_t, kHalf>& out) {
  BIGNUM* read = nullptr;
  check(EVP_PKEY_get_bn_param(key.get(), name, &read));
  const BigNumber number(read);
  check(BN_bn2binpad(number.get(), out.data(), kHalf));
}

}  // namespace

struct Es256Key::Impl {
  PKey key;
};

Es256Key Es256Key::generate() {
  PKey key(need(EVP_EC_gen("P-256")));
  return Es256Key(std::make_shared<const Impl>(Impl{std::move(key)}));
}

std::optional<Es256Key> Es256Key::from_pem(const Secret& pem) {
  PKey key = read_key(pem);
  ERR_clear_error();
  if (!key) return {};
  return Es256Key(std::make_shared<const Impl>(Impl{std::move(key)}));
}

Secret Es256Key::to_pem() const {
  const Bio bio(need(BIO_new(BIO_s_mem())));  // wiped when freed
  check(PEM_write_bio_PKCS8PrivateKey(bio.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr, nullptr));
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return Secret(std::string_view(text, static_cast<std::size_t>(size)));
}

Es256Key::Signature Es256Key::sign(ByteView data) const {
  const Sha256 hash = sha256(data);
  const PKeyContext context = new_context(impl_->key);
  std::array<std::uint8_t, kDerBytesMax> der;
  std::size_t size = der.size();
  check(EVP_PKEY_sign_init(context.get()));
  check(EVP_PKEY_sign(context.get(), der.data(), &size, hash.data(), hash.size()));

  const unsigned char* at = der.data();
  const EcdsaSignature parts(need(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size))));
  Signature out;
  check(BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), out.data(), kHalf));
  check(BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), out.data() + kHalf, kHalf));
  return out;
}

bool Es256Key::verify(ByteView data, ByteView signature) const {
  if (signature.size() != 2 * kHalf) return false;
  const EcdsaSignature parts(need(ECDSA_SIG_new()));
  BigNumber r(need(BN_bin2bn(signature.data(), kHalf, nullptr)));
  BigNumber s(need(BN_bin2bn(signature.data() + kHalf, kHalf, nullptr)));
  check(ECDSA_SIG_set0(parts.get(), r.release(), s.release()));
  std::array<std::uint8_t, kDerBytesMax> der;
  unsigned char* at = der.data();
  const int size = i2d_ECDSA_SIG(parts.get(), &at);
  check(size);

  const Sha256 hash = sha256(data);
  const PKeyContext context = new_context(impl_->key);
  check(EVP_PKEY_verify_init(context.get()));
  const int verdict =
      EVP_PKEY_verify(context.get(), der.data(), static_cast<std::size_t>(size), hash.data(), hash.size());
  if (verdict < 0) fail();
  ERR_clear_error();
  return verdict == 1;
}

Es256Key::Point Es256Key::public_point() const {
  Point point;
  coordinate(impl_->key, OSSL_PKEY_PARAM_EC_PUB_X, point.x);
  coordinate(impl_->key, OSSL_PKEY_PARAM_EC_PUB_Y, point.y);
  return point;
}

}  // namespace integrity::crypto
