#include "crypto/digest_stream.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace integrity::crypto {
namespace {

std::string repeat(std::size_t count, char c) {
  return std::string(count, c);
}
std::string from_hex_text(std::string_view hex) {
  return std::string(as_text(from_hex(hex).value()));
}

TEST(Sha256, AgreesWithFips180) {
  const struct {
    std::string text, hex;
  } kCases[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {repeat(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(to_hex(sha256(as_bytes(c.text))), c.hex);
    Sha256Stream parts;
    for (const char each : std::string_view(c.text)) parts.add(as_bytes(std::string_view(&each, 1)));
    EXPECT_EQ(to_hex(parts.finish()), c.hex);
  }
}

TEST(HmacSha1, AgreesWithRfc2202) {
  const struct {
    std::string key, data, hex;
  } kCases[] = {
      {repeat(20, '\x0b'), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
      {"Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {repeat(20, '\xaa'), repeat(50, '\xdd'), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
      {from_hex_text("0102030405060708090a0b0c0d0e0f10111213141516171819"), repeat(50, '\xcd'),
       "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
      {repeat(20, '\x0c'), "Test With Truncation", "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
      {repeat(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
      {repeat(80, '\xaa'), "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
       "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(to_hex(hmac_sha1(as_bytes(c.key), as_bytes(c.data))), c.hex) << c.data;
  }
}

TEST(HmacSha2, AgreesWithRfc4231) {
  const struct {
    std::string key, data, hex_256, hex_384;
  } kCases[] = {
      {repeat(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
       "faea9ea9076ede7f4af152e8b2fa9cb6"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
       "8e2240ca5e69e2c78b3239ecfab21649"},
      {repeat(20, '\xaa'), repeat(50, '\xdd'), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
       "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
       "2a5ab39dc13814b94e3ab6e101a34f27"},
      {from_hex_text("0102030405060708090a0b0c0d0e0f10111213141516171819"), repeat(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
       "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e"
       "6801dd23c4a7d679ccf8a386c674cffb"},
      {repeat(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
       "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
       "0c2ef6ab4030fe8296248df163f44952"},
      {repeat(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. "
       "The key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
       "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5"
       "a678cc31e799176d3860e6110c46523e"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(to_hex(hmac_sha256(as_bytes(c.key), as_bytes(c.data))), c.hex_256) << c.data;
    EXPECT_EQ(to_hex(hmac_sha384(as_bytes(c.key), as_bytes(c.data))), c.hex_384) << c.data;
  }
}

// A null key means "the key set before" to OpenSSL.
TEST(HmacSha2, AcceptsAnEmptyKey) {
  hmac_sha256(as_bytes("another key"), {});
  EXPECT_EQ(to_hex(hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HmacSha2, DoesNotMixTheKeysOfSeveralThreads) {
  std::vector<std::thread> threads;
  std::array<bool, 4> right{};
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&right, t] {
      const Bytes key(32, static_cast<std::uint8_t>(t));
      const auto first = hmac_sha256(key, as_bytes("data"));
      right[t] = true;
      for (int i = 0; i < 2000; ++i) {
        right[t] = right[t] && hmac_sha256(key, as_bytes("data")) == first;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, (std::array{true, true, true, true}));
}

TEST(DeriveKey, AgreesWithRfc5869) {
  // Appendix A.1: the first 32 of its 42 bytes are what a shorter output would be.
  const auto prk = from_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5").value();
  EXPECT_EQ(to_hex(derive_key(prk, from_hex_text("f0f1f2f3f4f5f6f7f8f9")).reveal()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

}  // namespace
}  // namespace integrity::crypto
