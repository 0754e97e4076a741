#include "flask/judge.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace integrity::flask {
namespace {

const Time kNow = from_millis(1'800'000'000'000);

const RecordId kId = *RecordId::parse("65f0c0ff0000000000000001");
const std::string kHash = "$2b$12$" + std::string(53, 'a');

Row with(Row row, const std::string& name, Value value) {
  for (auto& member : row) {
    if (member.first != name) continue;
    member.second = std::move(value);
    return row;
  }
  row.emplace_back(name, std::move(value));
  return row;
}

Row user() {
  return {{"_id", kId},
          {"name", std::string("Ada Lovelace")},
          {"username", std::string("ada")},
          {"password", Bytes(kHash.begin(), kHash.end())},
          {"secret", std::string("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")}};
}

Row product() {
  return {{"_id", kId}, {"name", std::string("Lamp")}, {"price", 129.9}, {"stock", std::int64_t{5}}};
}

std::string outcome(const Result<model::Product>& judged) {
  return judged ? judged->price.text() + " " + std::to_string(judged->stock) : judged.error().detail;
}

TEST(JudgeUser, KeepsEveryMember) {
  const auto judged = judge_user(user(), {}, Factors::keep, kNow);
  ASSERT_TRUE(judged);
  EXPECT_EQ(judged->user.id.hex(), "65f0c0ff0000000000000001");
  EXPECT_EQ(judged->user.username, "ada");
  EXPECT_EQ(judged->user.name, "Ada Lovelace");
  EXPECT_TRUE(judged->user.password_hash.ends_with(kHash));
  EXPECT_EQ(to_rfc3339(judged->user.created_at), "2024-03-12T20:54:23.000Z") << "the time in the ObjectId";
  EXPECT_EQ(judged->secret.reveal().size(), 20U);
  EXPECT_FALSE(judged->user.has_factor());
}

TEST(JudgeUser, RecordsThatTheOldServerHashedADigest) {
  const auto judged = judge_user(user(), {}, Factors::keep, kNow, auth::Prehash::sha256_hex);
  ASSERT_TRUE(judged);
  EXPECT_EQ(judged->user.password_hash, "sha256-hex:" + kHash);
}

TEST(JudgeUser, DropsSecretsOnRequest) {
  const auto judged = judge_user(user(), {}, Factors::reenrol, kNow);
  ASSERT_TRUE(judged);
  EXPECT_TRUE(judged->secret.empty());
  EXPECT_EQ(judged->why_enrols, "");
}

TEST(JudgeUser, SaysWhyAnAuthenticatorCannotBeKept) {
  const struct {
    Value secret;
    const char* why;
  } cases[] = {
      {std::monostate(), "secret is missing"},
      {std::string("JBSWY3DP"), "secret has 5 bytes, not 10 to 128"},
      {std::string(), "secret has 0 bytes, not 10 to 128"},
      {std::string(2000, 'A'), "secret has 1250 bytes, not 10 to 128"},
      {std::string("JBSWY3DPEHPK3PX1"), "secret is not base32"},
      {std::string("JBSW Y3DP EHPK 3PXP"), "secret is not base32"},
      {std::int64_t{7}, "secret is not base32"},
      {std::string("JBSWY3DPEHPK3PXP"), ""},
  };
  for (const auto& c : cases) {
    const auto judged = judge_user(with(user(), "secret", c.secret), {}, Factors::keep, kNow);
    ASSERT_TRUE(judged) << c.why;
    EXPECT_EQ(judged->why_enrols, c.why);
    EXPECT_EQ(judged->secret.empty(), *c.why != '\0');
  }
}

TEST(JudgeUser, SaysAllThatIsWrongAndShowsNoPassword) {
  const Row row{{"_id", std::string("1")},
                {"name", std::int64_t{1}},
                {"username", std::string("a b")},
                {"password", std::string("hunter2")}};
  EXPECT_EQ(
      judge_user(row, {}, Factors::keep, kNow).error().detail,
      R"(_id is not an ObjectId; username "a b" must be 3 to 64 characters: letters (a-z, A-Z), digits and any of . _ @ + -; )"
      "name is an integer, not a text; password is not a bcrypt hash ($2a$, $2b$ or $2y$ of cost 4 to 16)");
}

TEST(JudgeUser, TakesTheNewNameWhateverTheOldOneWas) {
  for (const Value& old : {Value(std::string("a b")), Value(std::int64_t{1}), Value()}) {
    const auto judged = judge_user(with(user(), "username", old), "a-b", Factors::keep, kNow);
    ASSERT_TRUE(judged);
    EXPECT_EQ(judged->user.username, "a-b");
  }
}

TEST(JudgeProduct, ReadsPricesAsTheyWereTyped) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const struct {
    Value price;
    const char* outcome;
  } cases[] = {
      {129.9, "129.90 5"},
      {0.1, "0.10 5"},
      {1e10, "10000000000.00 5"},
      {-0.0, "0.00 5"},
      {19.9999, "19.9999 5"},
      {std::int64_t{25}, "25.00 5"},
      {Digits{"1.5E+2"}, "150.00 5"},
      {std::string("12.50"), "12.50 5"},
      {0.1 + 0.2, "price 0.30000000000000004 has more than four places"},
      {1e-5, "price 1e-05 has more than four places"},
      {-0.01, "price -0.01 is negative"},
      {1e11, "price 1e+11 is too large"},
      {std::int64_t{100'000'000'000}, "price 100000000000 is too large"},
      {Digits{"1E+6144"}, "price 1E+6144 is too large"},
      {Digits{"1E-6176"}, "price 1E-6176 has more than four places"},
      {Digits{"-1E-6176"}, "price -1E-6176 is negative"},
      {Digits{"NaN"}, "price NaN is not a number"},
      {std::nan(""), "price nan is not a number"},
      {-infinity, "price -inf is not a number"},
      {std::string("1e2"), "price \"1e2\" is not a number"},
      {std::string("12,50"), "price \"12,50\" is not a number"},
      {std::string("1.") + std::string(30'000, '0'), "price \"1.0000000000000000000000000000\"… is not a number"},
      {std::string(), "price \"\" is not a number"},
      {true, "price is a boolean, not a number"},
      {std::monostate(), "price is missing"},
  };
  for (const auto& c : cases) {
    Notes notes;
    EXPECT_EQ(outcome(judge_product(with(product(), "price", c.price), "EUR", kNow, notes)), c.outcome);
  }
}

TEST(JudgeProduct, ReadsStocksAsWholeNumbers) {
  const struct {
    Value stock;
    const char* outcome;
  } cases[] = {
      {std::int64_t{0}, "129.90 0"},
      {std::int64_t{9'007'199'254'740'991}, "129.90 9007199254740991"},
      {7.0, "129.90 7"},
      {Digits{"7.00"}, "129.90 7"},
      {std::string("7"), "129.90 7"},
      {std::int64_t{-1}, "stock -1 is negative"},
      {1.5, "stock 1.5 is not whole"},
      {std::int64_t{9'007'199'254'740'992}, "stock 9007199254740992 is too large"},
      {std::numeric_limits<std::int64_t>::min(), "stock -9223372036854775808 is negative"},
      {Other(), "stock is something else, not a number"},
  };
  for (const auto& c : cases) {
    Notes notes;
    EXPECT_EQ(outcome(judge_product(with(product(), "stock", c.stock), "EUR", kNow, notes)), c.outcome);
  }
}

TEST(JudgeProduct, TakesTheTimeOfCreationFromTheRowOrItsId) {
  const struct {
    Value created_at;
    const char* time;
    std::size_t noted;
  } cases[] = {
      {from_millis(1'700'000'000'123), "2023-11-14T22:13:20.123Z", 0},
      {std::monostate(), "2024-03-12T20:54:23.000Z", 1},
      {std::string("2023-11-14"), "2024-03-12T20:54:23.000Z", 1},
      {from_millis(-1), "2024-03-12T20:54:23.000Z", 1},
      {kNow, "2027-01-15T08:00:00.000Z", 0},
      {kNow + Millis(1), "2024-03-12T20:54:23.000Z", 1},
      {*parse_rfc3339("2024-03-12T20:54:23.000Z"), "2024-03-12T20:54:23.000Z", 0},
      {from_millis(std::numeric_limits<std::int64_t>::max()), "2024-03-12T20:54:23.000Z", 1},
  };
  for (const auto& c : cases) {
    Notes notes;
    const auto judged = judge_product(with(product(), "created_at", c.created_at), "EUR", kNow, notes);
    ASSERT_TRUE(judged);
    EXPECT_EQ(to_rfc3339(judged->created_at), c.time);
    EXPECT_EQ(judged->updated_at, judged->created_at);
    EXPECT_EQ(notes.size(), c.noted);
  }
}

// The clock that the _id was made by was ahead.
TEST(JudgeProduct, IsNeverDatedInTheFuture) {
  Notes notes;
  EXPECT_EQ(judge_product(with(product(), "created_at", std::monostate()), "EUR", from_millis(5), notes)->created_at,
            from_millis(5));
}

TEST(JudgeProduct, IsNamedByEitherMember) {
  Notes notes;
  Row row = with(with(product(), "name", std::monostate()), "pname", std::string("Kettle"));
  EXPECT_EQ(judge_product(row, "EUR", kNow, notes)->name, "Kettle");
  EXPECT_TRUE(is_read_of_product(row, "pname"));
  row = with(row, "name", std::string("Lamp"));
  EXPECT_EQ(judge_product(row, "EUR", kNow, notes)->name, "Lamp");
  EXPECT_FALSE(is_read_of_product(row, "pname"));
}

TEST(ReadBase32, ReadsWhatPyotpReads) {
  const auto hex = [](std::string_view text) {
    const auto read = read_base32(text);
    return read ? to_hex(read->reveal()) : "nothing";
  };
  EXPECT_EQ(hex("MZXW6YTBOI======"), "666f6f626172");
  EXPECT_EQ(hex("mzxw6ytboi"), "666f6f626172");
  EXPECT_EQ(hex("MZXW6YTBOJ"), "666f6f626172") << "spare bits";
  EXPECT_EQ(hex(""), "");
  for (const char* text : {"A", "AAA", "AAAAAA", "0AAAAAAA", "AAAA AAAA", "=AAAAAAA", "ÄAAAAAA"}) {
    EXPECT_EQ(hex(text), "nothing") << text;
  }
}

}  // namespace
}  // namespace integrity::flask
