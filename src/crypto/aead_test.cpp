#include "crypto/aead.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace integrity::crypto {
namespace {

// Returns given bytes: the nonces of published vectors.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(Bytes bytes) : bytes_(std::move(bytes)) {}
  void fill(std::span<std::uint8_t> out) override { std::copy_n(bytes_.begin(), out.size(), out.begin()); }

 private:
  Bytes bytes_;
};

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}
Secret key_of(std::string_view text) {
  return Secret(hex(text));
}

const char* const kZeroKey = "0000000000000000000000000000000000000000000000000000000000000000";
const char* const kKey = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";

// The 256-bit cases 13 to 16 of the GCM specification submitted to NIST (McGrew and Viega, 2005).
const struct {
  const char *key, *nonce, *plain, *associated, *cipher_and_tag;
} kVectors[] = {
    {kZeroKey, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {kZeroKey, "000000000000000000000000", "00000000000000000000000000000000", "",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {kKey, "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
     "b094dac5d93471bdec1a502270e3cc6c"},
    {kKey, "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(Aead, SealsAsTheSpecificationDoes) {
  for (const auto& v : kVectors) {
    FixedRandom random(hex(v.nonce));
    const Bytes sealed = seal(key_of(v.key), hex(v.plain), hex(v.associated), random);
    EXPECT_EQ(to_hex(sealed), std::string("01") + v.nonce + v.cipher_and_tag);
  }
}

TEST(Aead, OpensWhatTheSpecificationSealed) {
  for (const auto& v : kVectors) {
    const Bytes sealed = hex(std::string("01") + v.nonce + v.cipher_and_tag);
    const auto plain = open(key_of(v.key), sealed, hex(v.associated));
    ASSERT_TRUE(plain) << v.plain;
    EXPECT_EQ(to_hex(plain->reveal()), v.plain);
  }
}

TEST(Aead, TakesAFreshNonceForEveryCall) {
  SystemRandom random;
  const Secret key = random.secret(aead_key_bytes);
  EXPECT_NE(seal(key, as_bytes("same"), {}, random), seal(key, as_bytes("same"), {}, random));
}

class SealedValue : public testing::Test {
 protected:
  SystemRandom random_;
  Secret key_ = random_.secret(aead_key_bytes);
  Bytes sealed_ = seal(key_, as_bytes("twenty bytes of that"), as_bytes("user 1, key 1"), random_);
  bool opens(ByteView sealed) { return open(key_, sealed, as_bytes("user 1, key 1")).has_value(); }
};

TEST_F(SealedValue, OpensWithItsAssociatedData) {
  EXPECT_TRUE(opens(sealed_));
}

TEST_F(SealedValue, IsRefusedWithAnyBitOfAnyByteAltered) {
  for (std::size_t at = 0; at < sealed_.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes altered = sealed_;
      altered[at] = static_cast<std::uint8_t>(altered[at] ^ (1U << bit));
      EXPECT_FALSE(opens(altered)) << "byte " << at << " bit " << bit;
    }
  }
}

TEST_F(SealedValue, IsRefusedAtAnyOtherLength) {
  for (std::size_t size = 0; size < sealed_.size(); ++size) {
    EXPECT_FALSE(opens(ByteView(sealed_).first(size))) << size;
  }
  sealed_.push_back(0);
  EXPECT_FALSE(opens(sealed_));
}

TEST_F(SealedValue, IsRefusedWithOtherAssociatedData) {
  for (const char* other : {"", "user 2, key 1", "user 1, key 2", "user 1, key 1 "}) {
    EXPECT_FALSE(open(key_, sealed_, as_bytes(other))) << other;
  }
}

TEST_F(SealedValue, IsRefusedUnderAnotherKey) {
  EXPECT_FALSE(open(random_.secret(aead_key_bytes), sealed_, as_bytes("user 1, key 1")));
}

TEST_F(SealedValue, NeedsAKeyOf32Bytes) {
  for (std::size_t size : {0U, 16U, 31U, 33U}) {
    const Secret key = random_.secret(size);
    EXPECT_THROW(seal(key, {}, {}, random_), std::runtime_error) << size;
    EXPECT_THROW(open(key, sealed_, {}), std::runtime_error) << size;
  }
}

}  // namespace
}  // namespace integrity::crypto
