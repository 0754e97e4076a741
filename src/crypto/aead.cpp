#include "crypto/aead.hpp"

#include <algorithm>

#include "crypto/openssl.hpp"

namespace integrity::crypto {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNonceBytes = 12, kTagBytes = 16;
constexpr std::size_t kHeaderBytes = 1 + kNonceBytes;

enum class Direction : int { open = 0, seal = 1 };

CipherContext begin(Direction direction, const Secret& key, ByteView nonce, ByteView associated) {
  if (key.reveal().size() != aead_key_bytes) throw std::runtime_error("AES-256-GCM: bad key size");
  static const EVP_CIPHER* const kCipher = need(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  CipherContext context(need(EVP_CIPHER_CTX_new()));
  check(EVP_CipherInit_ex2(context.get(), kCipher, key.reveal().data(), nonce.data(), static_cast<int>(direction),
                           nullptr));
  int written = 0;
  check(EVP_CipherUpdate(context.get(), nullptr, &written, associated.data(), static_cast<int>(associated.size())));
  return context;
}

// GCM is a stream: as many bytes out as in.
void apply(const CipherContext& context, std::uint8_t* out, ByteView in) {
  int written = 0;
  check(EVP_CipherUpdate(context.get(), out, &written, in.data(), static_cast<int>(in.size())));
}

}  // namespace

Bytes seal(const Secret& key, ByteView plain, ByteView associated, Random& random) {
  Bytes out(kHeaderBytes + plain.size() + kTagBytes);
  out[0] = kVersion;
  const auto nonce = std::span(out).subspan(1, kNonceBytes);
  random.fill(nonce);
  const CipherContext context = begin(Direction::seal, key, nonce, associated);
  std::uint8_t* const body = out.data() + kHeaderBytes;
  apply(context, body, plain);
  std::uint8_t* const tag = body + plain.size();
  int written = 0;
  check(EVP_CipherFinal_ex(context.get(), tag, &written));
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag));
  return out;
}

std::optional<Secret> open(const Secret& key, ByteView sealed, ByteView associated) {
  if (sealed.size() < kHeaderBytes + kTagBytes || sealed[0] != kVersion) return {};
  const auto body = sealed.subspan(kHeaderBytes, sealed.size() - kHeaderBytes - kTagBytes);
  std::array<std::uint8_t, kTagBytes> tag;
  std::ranges::copy(sealed.last(kTagBytes), tag.begin());

  const CipherContext context = begin(Direction::open, key, sealed.subspan(1, kNonceBytes), associated);
  Bytes plain(body.size());
  apply(context, plain.data(), body);
  Secret result(std::move(plain));  // is wiped, whether the tag is right or not
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()));
  std::uint8_t nothing[kTagBytes];
  int written = 0;
  if (EVP_CipherFinal_ex(context.get(), nothing, &written) != 1) {
    ERR_clear_error();
    return {};
  }
  return result;
}

}  // namespace integrity::crypto
