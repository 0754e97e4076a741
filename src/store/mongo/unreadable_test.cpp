// What a validator lets in can be read. Documents that were written past it are left out of lists and logged.
#include "store/mongo/codec.hpp"
#include "store/mongo/nodes_fixture.hpp"

namespace integrity::store::mongo {
namespace {

// One document of each collection, as the program writes it.
struct Good {
  RowKind kind;
  const char* collection;
  const char* document;
};
constexpr const char* kDigest =
    R"({"$binary": {"base64": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", "subType": "00"}})";
const Good kGood[] = {
    {row_kind<model::User>(), "users",
     R"({"_id": {"$oid": "0102030405060708090a0b0c"}, "username": "Ada", "username_key": "ada", "name": "Ada",
         "password_hash": "$2b$", "password_version": {"$numberLong": "1"}, "state": "active",
         "totp_secret": {"$binary": {"base64": "AQ==", "subType": "00"}}, "totp_confirmed_at": {"$date": 5},
         "enrol_until": {"$date": 5}, "pending_until": {"$date": 5}, "pending_network": "192.0.2.0/24",
         "role": "admin", "confirmed_at": {"$date": 5}, "invitation": {"$oid": "0102030405060708090a0b0c"},
         "last_login_at": {"$date": 5}, "reset_at": {"$date": 5}, "reset_by": {"$oid": "0102030405060708090a0b0c"},
         "reset_factor": true, "reset_password": false, "reset_token_hash": DIGEST, "reset_expires_at": {"$date": 5},
         "version": {"$numberLong": "1"}, "public_version": {"$numberLong": "1"}, "created_at": {"$date": 5},
         "updated_at": {"$date": 5}})"},
    {row_kind<FactorCountersOf>(), "factor_counters",
     R"({"_id": {"$oid": "0102030405060708090a0b0c"}, "last_step": {"$numberLong": "1"},
         "failures": {"$numberLong": "0"}, "failures_unredeemed": {"$numberLong": "0"}, "locked_until": {"$date": 5}})"},
    {row_kind<RecoveryCodesOf>(), "recovery_codes",
     R"({"_id": {"$oid": "0102030405060708090a0b0c"}, "hashes": [DIGEST]})"},
    {row_kind<model::Challenge>(), "challenges",
     R"({"_id": DIGEST, "user": {"$oid": "0102030405060708090a0b0c"}, "next": "verify",
         "password_version": {"$numberLong": "1"}, "pending_secret": {"$binary": {"base64": "AQ==", "subType": "00"}},
         "tries": 0, "expires_at": {"$date": 5}})"},
    {row_kind<model::SessionRecord>(), "sessions",
     R"({"_id": {"$oid": "0102030405060708090a0b0c"}, "user": {"$oid": "0102030405060708090a0b0c"}, "factor": "otp",
         "role": "clerk", "generation": {"$numberLong": "1"}, "created_at": {"$date": 5}, "refreshed_at": {"$date": 5},
         "proven_at": {"$date": 5}, "expires_at": {"$date": 6}, "address": "192.0.2.1", "user_agent": "curl"})"},
    {row_kind<model::ApiKey>(), "api_keys",
     R"({"_id": {"$oid": "0102030405060708090a0b0c"}, "hash": DIGEST, "user": {"$oid": "0102030405060708090a0b0c"},
         "name": "Backup", "scopes": ["products:read"], "addresses": ["192.0.2.0/24"], "created_at": {"$date": 5},
         "expires_at": {"$date": 6}, "revoked_at": {"$date": 6}, "last_used_at": {"$date": 6}, "role": "clerk"})"},
    {row_kind<model::Invitation>(), "invitations",
     R"({"_id": {"$oid": "0102030405060708090a0b0c"}, "token_hash": DIGEST, "role": "viewer", "name": "Eve",
         "created_by": {"$oid": "0102030405060708090a0b0c"}, "created_at": {"$date": 5}, "expires_at": {"$date": 6}})"},
    {row_kind<SequencedProduct>(), "products",
     R"({"_id": {"$oid": "0102030405060708090a0b0c"}, "place": {"$numberLong": "1"}, "sku": "a", "name": "Lamp",
         "description": "d", "price": {"$numberDecimal": "1.2500"}, "currency": "EUR", "stock": {"$numberLong": "1"},
         "version": {"$numberLong": "1"}, "created_at": {"$date": 5}, "updated_at": {"$date": 5}, "name_key": "lamp",
         "words": ["lamp"]})"},
    {row_kind<model::Change>(), "changes",
     R"({"_id": {"$numberLong": "1"}, "at": {"$date": 5}, "kind": "key", "listed": "key",
         "record": {"$oid": "0102030405060708090a0b0c"}, "revision": {"$numberLong": "1"}, "op": "key.create",
         "actor": {"$oid": "0102030405060708090a0b0c"}, "actor_key": {"$oid": "0102030405060708090a0b0c"},
         "account": {"$oid": "0102030405060708090a0b0c"}, "proof": "otp", "reason": "r", "reference": "r",
         "after": "{}"})"},
    {row_kind<StoredResponseOf>(), "kept_answers",
     R"({"_id": {"$binary": {"base64": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHA==", "subType": "00"}},
         "user": {"$oid": "0102030405060708090a0b0c"}, "request": DIGEST, "status": 201, "headers": "", "body": "{}",
         "expires_at": {"$date": 5}, "number": {"$numberLong": "1"}})"},
    {row_kind<KeyFingerprint>(), "key_fingerprints", R"({"_id": "a.key", "fingerprint": DIGEST})"},
};

constexpr const char* kValues[] = {
    "null",
    "true",
    "7",
    "-1",
    R"({"$numberLong": "7"})",
    R"({"$numberLong": "9223372036854775807"})",
    R"({"$numberLong": "-9223372036854775808"})",
    R"({"$numberDouble": "0.5"})",
    R"({"$numberDouble": "NaN"})",
    R"({"$numberDecimal": "0"})",
    R"({"$numberDecimal": "-0"})",
    R"({"$numberDecimal": "0E+3"})",
    R"({"$numberDecimal": "1E+2"})",
    R"({"$numberDecimal": "1E-4"})",
    R"({"$numberDecimal": "1E-5"})",
    R"({"$numberDecimal": "12.50000000000000000000"})",
    R"({"$numberDecimal": "1.23456"})",
    R"({"$numberDecimal": "-0.0001"})",
    R"({"$numberDecimal": "99999999999.9999"})",
    R"({"$numberDecimal": "99999999999.99999"})",
    R"({"$numberDecimal": "100000000000"})",
    R"({"$numberDecimal": "1E+6000"})",
    R"({"$numberDecimal": "1E-6000"})",
    R"({"$numberDecimal": "NaN"})",
    R"({"$numberDecimal": "Infinity"})",
    R"("")",
    R"("word")",
    R"("EUR")",
    R"("eur")",
    R"("\u0000")",
    R"({"$date": {"$numberLong": "-62167219200000"}})",
    R"({"$date": {"$numberLong": "-62167219200001"}})",
    R"({"$date": {"$numberLong": "253402300799999"}})",
    R"({"$date": {"$numberLong": "253402300800000"}})",
    R"({"$date": {"$numberLong": "9223372036854775807"}})",
    R"({"$oid": "0c0b0a090807060504030201"})",
    R"({"$binary": {"base64": "", "subType": "00"}})",
    R"({"$binary": {"base64": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw==", "subType": "00"}})",
    R"({"$binary": {"base64": "AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", "subType": "00"}})",
    R"({"$binary": {"base64": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", "subType": "80"}})",
    R"({"$binary": {"base64": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh", "subType": "00"}})",
    R"({"$binary": {"base64": "AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHA==", "subType": "00"}})",
    "[]",
    "[1]",
    R"(["a"])",
    R"([{"$binary": {"base64": "AQ==", "subType": "00"}}])",
    R"([{"$binary": {"base64": "AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", "subType": "00"}}])",
    "{}",
    R"({"$minKey": 1})",
    R"({"$maxKey": 1})"};

std::string document_of(const Good& good) {
  std::string text = good.document;
  for (auto at = text.find("DIGEST"); at != text.npos; at = text.find("DIGEST")) text.replace(at, 6, kDigest);
  return text;
}

std::vector<std::string> members_of(const std::string& document) {
  const Doc doc = Doc::from_json(document);
  std::vector<std::string> names;
  bson_iter_t at;
  for (bson_iter_init(&at, doc.get()); bson_iter_next(&at);) names.emplace_back(bson_iter_key(&at));
  return names;
}

class MongoUnreadable : public MongoNodes {
 protected:
  // Whether the documents of a kind can be read.
  static std::string read(Bulk& bulk, RowKind kind) {
    try {
      bulk.read(kind, 0, [](const Row&) {});
      return {};
    } catch (const Broken& broken) {
      return broken.what();
    }
  }
};

// Replaces every member of every collection by other values: the server refuses the document, or the program reads it.
TEST_F(MongoUnreadable, WhatAValidatorLetsInCanBeRead) {
  const auto store = open();
  const auto bulk = open_mongo_bulk(address_, plain_text);
  Shell shell(address_);
  int let_in = 0, refused = 0;
  for (const Good& good : kGood) {
    const std::string collection = good.collection, original = document_of(good);
    const auto fresh = [&] {
      shell.run(R"({"delete": ")" + collection + R"(", "deletes": [{"q": {}, "limit": 0}]})");
      ASSERT_TRUE(shell.try_run(R"({"insert": ")" + collection + R"(", "documents": [)" + original + "]}"))
          << collection;
    };
    fresh();
    ASSERT_EQ(read(*bulk, good.kind), "") << collection;
    const auto expect_readable = [&](const std::string& what) {
      ++let_in;
      EXPECT_EQ(read(*bulk, good.kind), "") << collection << ": " << what;
      fresh();
    };
    const auto update = [&](const std::string& how) {
      return shell.try_run(R"({"update": ")" + collection + R"(", "updates": [{"q": {}, "u": )" + how + "}]}");
    };
    for (const auto& member : members_of(original)) {
      for (const char* value : kValues) {
        const std::string changed = '"' + member + R"(": )" + value;
        bool taken = false;
        if (member == "_id") {
          Doc doc = Doc::from_json(original), with_id;
          bson_copy_to_excluding_noinit(doc.get(), with_id.get(), "_id", nullptr);
          char* const rest = bson_as_canonical_extended_json(with_id.get(), nullptr);
          const std::string other = "{" + changed + ", " + std::string(rest).substr(1);
          bson_free(rest);
          shell.run(R"({"delete": ")" + collection + R"(", "deletes": [{"q": {}, "limit": 0}]})");
          taken = shell.try_run(R"({"insert": ")" + collection + R"(", "documents": [)" + other + "]}");
          if (!taken) fresh();
        } else {
          taken = update(R"({"$set": {)" + changed + "}}");
        }
        taken ? expect_readable(changed) : void(++refused);
      }
      if (member != "_id" && update(R"({"$unset": {")" + member + R"(": ""}})")) expect_readable("no " + member);
    }
  }
  EXPECT_GT(let_in, 100);
  EXPECT_GT(refused, 2000);
}

TEST_F(MongoUnreadable, AListLeavesOutWhatCannotBeReadAndLogsIt) {
  const auto store = open();
  for (std::uint16_t i = 1; i <= 9; ++i)
    ASSERT_TRUE(create(*store, product(i, "Lamp " + std::to_string(i))).has_value());
  Shell shell(address_);
  constexpr std::array<std::uint16_t, 4> unreadable{2, 3, 4, 9};
  for (const auto i : unreadable) {
    shell.force("products", R"({"_id": {"$oid": ")" + product(i).id.hex() + R"("}})",
                i == 9 ? R"({"updated_at": "today"})" : R"({"price": {"$numberDecimal": "1.23456"}})");
  }
  testing::internal::CaptureStderr();
  for (const auto by : {model::ProductKey::created_at, model::ProductKey::name, model::ProductKey::price,
                        model::ProductKey::stock, model::ProductKey::updated_at}) {
    for (const bool descending : {false, true}) {
      for (const std::vector<std::string>& words : {std::vector<std::string>{}, {"lamp"}}) {
        for (const auto time_max : {std::chrono::milliseconds(0), std::chrono::milliseconds(1000)}) {
          std::multiset<std::string> names;
          model::ProductQuery query{
              .words = words, .order = {.by = by, .descending = descending}, .limit = 2, .time_max = time_max};
          int pages = 0;
          do {
            const auto page = store->read()->products(query);
            for (const auto& each : page.products) names.insert(each.name);
            query.after = page.next;
          } while (!query.after.empty() && ++pages < 20);
          EXPECT_EQ(names, (std::multiset<std::string>{"Lamp 1", "Lamp 5", "Lamp 6", "Lamp 7", "Lamp 8"}));
        }
      }
    }
  }
  const auto log = testing::internal::GetCapturedStderr();
  for (const auto i : unreadable) {
    const auto named = "\"document\":\"products/" + product(i).id.hex() + '"';
    const auto first = log.find(named);
    EXPECT_NE(first, std::string::npos) << log;
    EXPECT_EQ(log.find(named, first + 1), std::string::npos) << "once a minute: " << log;
  }
  EXPECT_THROW(store->read()->product(product(2).id), Broken);
  EXPECT_EQ(store->read()->product(product(1).id), product(1, "Lamp 1"));
  const auto bulk = open_mongo_bulk(address_, plain_text);
  EXPECT_EQ(read(*bulk, row_kind<SequencedProduct>()),
            "products: the stored document " + product(2).id.hex() +
                " cannot be read: unexpected value of price. Correct or remove it");
}

TEST_F(MongoUnreadable, AHistoryGoesOnAfterAChangeThatCannotBeRead) {
  const auto store = open();
  auto lamp = product(1);
  ASSERT_TRUE(create(*store, lamp).has_value());
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(store
                    ->write([&](WriteTx& tx) -> Result<bool> {
                      const auto before = tx.product(lamp.id).value();
                      auto after = before;
                      ++after.version;
                      ++after.stock;
                      INTEGRITY_CHECK(tx.update_product({}, "product.update", before, after));
                      return true;
                    })
                    .has_value());
  }
  Shell shell(address_);
  for (const char* revision : {"7", "8"}) {
    shell.force("changes", std::string(R"({"revision": {"$numberLong": ")") + revision + R"("}})", R"({"proof": "x"})");
  }
  std::vector<std::int64_t> revisions;
  for (const auto& change : store->read()->changes(model::RecordKind::product, record_id(lamp.id), {}, 3)) {
    revisions.push_back(change.revision);
  }
  EXPECT_EQ(revisions, (std::vector<std::int64_t>{9, 6, 5})) << "as many as were asked for";
}

TEST_F(MongoUnreadable, AnAccountThatCannotBeReadIsLeftOutOfTheList) {
  const auto store = open();
  for (const char* name : {"ada", "bob", "eve"}) {
    ASSERT_TRUE(store
                    ->write([&](WriteTx& tx) -> Result<bool> {
                      model::User user;
                      user.id = UserId{{static_cast<std::uint8_t>(name[0])}};
                      user.username = name;
                      user.password_hash = "$2b$";
                      user.pending_until = clock_.now();
                      user.created_at = user.updated_at = clock_.now();
                      INTEGRITY_CHECK(tx.add_pending_user(user));
                      return true;
                    })
                    .has_value());
  }
  Shell(address_).force("users", R"({"username": "bob"})", R"({"state": "x"})");
  std::vector<std::string> names;
  for (const auto& user : store->read()->users()) names.push_back(user.username);
  EXPECT_EQ(names, (std::vector<std::string>{"ada", "eve"}));
  EXPECT_THROW(store->read()->user_by_name("bob"), Broken);
}

// Such a product must not keep a node from starting.
TEST_F(MongoUnreadable, TextsAreMadeAgainDespiteAProductThatCannotBeRead) {
  {
    const auto store = open();
    for (std::uint16_t i = 1; i <= 3; ++i) ASSERT_TRUE(create(*store, product(i)).has_value());
  }
  Shell(address_).force("products", R"({"_id": {"$oid": ")" + product(2).id.hex() + R"("}})", R"({"price": "dear"})");
  static constexpr model::ProductText other{2, &plain_sort_key,
                                            [](const model::Product&) { return std::vector<std::string>{"new"}; }};
  EXPECT_EQ(open(other)->read()->products({.words = {"new"}}).products.size(), 2U);
}

}  // namespace
}  // namespace integrity::store::mongo
