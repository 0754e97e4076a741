#include "auth/totp.hpp"

#include <gtest/gtest.h>

namespace integrity::auth {
namespace {

const ByteView kRfcSecret = as_bytes("12345678901234567890");

Time at_second(std::int64_t seconds) {
  return from_millis(seconds * 1000);
}

TEST(Hotp, AgreesWithRfc4226AppendixD) {
  const char* const kCodes[] = {"755224", "287082", "359152", "969429", "338314",
                                "254676", "287922", "162583", "399871", "520489"};
  std::int64_t counter = 0;
  for (const char* code : kCodes) EXPECT_EQ(hotp(kRfcSecret, counter++), code);
}

TEST(Totp, AgreesWithRfc6238AppendixB) {
  const struct {
    std::int64_t second;
    const char* code;
  } kCases[] = {
      {59, "94287082"},         {1111111109, "07081804"},  {1111111111, "14050471"}, {1234567890, "89005924"},
      {2000000000, "69279037"}, {20000000000, "65353130"},  // the year 2603: steps need more than 32 bits of seconds
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(hotp(kRfcSecret, totp_step(at_second(c.second)), 8), c.code) << c.second;
    EXPECT_EQ(totp(kRfcSecret, at_second(c.second)), std::string(c.code).substr(2)) << c.second;
  }
}

TEST(Totp, ChangesItsStepEveryThirtySecondsToTheMillisecond) {
  EXPECT_EQ(totp_step(from_millis(0)), 0);
  EXPECT_EQ(totp_step(from_millis(29'999)), 0);
  EXPECT_EQ(totp_step(from_millis(30'000)), 1);
  EXPECT_EQ(totp_step(from_millis(-1)), -1);
}

TEST(MatchTotp, SaysWhichStepACodeBelongsTo) {
  using Kind = TotpMatch::Kind;
  const Time now = at_second(1'234'567'890);
  const std::int64_t present = totp_step(now);
  const struct {
    std::int64_t offset;
    Kind kind;
  } kCases[] = {
      {-1000, Kind::none}, {-22, Kind::none}, {-21, Kind::none},   {-20, Kind::past},  {-19, Kind::past},
      {-3, Kind::past},    {-2, Kind::past},  {-1, Kind::current}, {0, Kind::current}, {+1, Kind::current},
      {+2, Kind::none},    {+3, Kind::none},  {+20, Kind::none},
  };
  for (const auto& c : kCases) {
    const auto match = match_totp(kRfcSecret, hotp(kRfcSecret, present + c.offset), now);
    EXPECT_EQ(match.kind, c.kind) << c.offset;
    EXPECT_EQ(match.step, c.kind == Kind::none ? 0 : present + c.offset) << c.offset;
  }
}

// Two of the steps that are compared sometimes have the same six digits. If the earlier one was reported, the same code
// could be spent again for the later one.
TEST(MatchTotp, PrefersTheLaterOfTwoStepsWithOneCode) {
  for (std::int64_t later = 20;; ++later) {
    ASSERT_LT(later, 1'000'000) << "no two steps share a code";
    const std::string code = hotp(kRfcSecret, later);
    for (std::int64_t earlier = later - 19; earlier < later; ++earlier) {
      if (hotp(kRfcSecret, earlier) != code) continue;
      const auto match = match_totp(kRfcSecret, code, at_second(later * totp_period_s));
      EXPECT_EQ(match.kind, TotpMatch::Kind::current);
      EXPECT_EQ(match.step, later);
      return;
    }
  }
}

TEST(MatchTotp, MatchesNothingThatIsNotTheWholeCode) {
  const Time now = at_second(59);
  ASSERT_EQ(match_totp(kRfcSecret, "287082", now).kind, TotpMatch::Kind::current);
  for (const char* code : {"", "28708", "2870820", "94287082", " 287082", "287083", "28708\xb2"}) {
    EXPECT_EQ(match_totp(kRfcSecret, code, now).kind, TotpMatch::Kind::none) << code;
  }
}

TEST(MatchTotp, MatchesNoCodeOfAnotherSecret) {
  const Time now = at_second(1'234'567'890);
  EXPECT_EQ(match_totp(as_bytes("09876543210987654321"), totp(kRfcSecret, now), now).kind, TotpMatch::Kind::none);
}

TEST(OtpauthUri, HasTheFormThatAuthenticatorsRead) {
  EXPECT_EQ(otpauth_uri("Data Integrity API", "ada", Secret(Bytes(totp_secret_bytes, 0xff))),
            "otpauth://totp/Data%20Integrity%20API:ada?secret=77777777777777777777777777777777"
            "&issuer=Data%20Integrity%20API&algorithm=SHA1&digits=6&period=30");
}

TEST(OtpauthUri, EscapesNamesThatWouldAddAParameterOrEndTheLabel) {
  const struct {
    const char *name, *encoded;
  } kCases[] = {
      {"ada@example.org", "ada%40example.org"},
      {"a+b", "a%2Bb"},
      {"-._~", "-._~"},
      {"a&secret=B", "a%26secret%3DB"},
      {"a:b/c?d#e%f", "a%3Ab%2Fc%3Fd%23e%25f"},
      {"Käse", "K%C3%A4se"},
      {"\x01\"'", "%01%22%27"},
  };
  for (const auto& c : kCases) {
    const std::string e = c.encoded;
    const std::string parameters = "?secret=MY&issuer=";
    const Secret secret(std::string_view("f"));
    EXPECT_EQ(otpauth_uri(c.name, "ada", secret),
              "otpauth://totp/" + e + ":ada" + parameters + e + "&algorithm=SHA1&digits=6&period=30");
    EXPECT_EQ(otpauth_uri("I", c.name, secret),
              "otpauth://totp/I:" + e + parameters + "I" + "&algorithm=SHA1&digits=6&period=30");
  }
}

}  // namespace
}  // namespace integrity::auth
