#include "store/mongo/error_map.hpp"

#include <gtest/gtest.h>

#include "store/mongo/bson.hpp"

namespace integrity::store::mongo {
namespace {

struct Case {
  std::uint32_t domain, code;
  const char* label;
  Kind kind;
};

Kind kind_in(const Case& c) {
  bson_error_t error{};
  error.domain = c.domain;
  error.code = c.code;
  Doc reply;
  if (*c.label != '\0') reply.add("errorLabels", Array().add(c.label));
  return kind_of(error, reply.get());
}

constexpr const char* kTransient = "TransientTransactionError";
constexpr const char* kUnknown = "UnknownTransactionCommitResult";

TEST(ErrorMap, HasAKindForEachCode) {
  for (const Case& c : {
           Case{MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, "", Kind::away},
           {MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, kTransient, Kind::away},
           {MONGOC_ERROR_SERVER_SELECTION, MONGOC_ERROR_SERVER_SELECTION_FAILURE, "", Kind::away},
           {MONGOC_ERROR_CLIENT, MONGOC_ERROR_CLIENT_AUTHENTICATE, "", Kind::away},
           {MONGOC_ERROR_CLIENT, MONGOC_ERROR_CLIENT_TOO_BIG, "", Kind::broken},
           {MONGOC_ERROR_SERVER, 10107, kTransient, Kind::away},
           {MONGOC_ERROR_SERVER, 91, "", Kind::away},
           {MONGOC_ERROR_SERVER, 175, "", Kind::away},
           {MONGOC_ERROR_SERVER, 202, "", Kind::away},
           {MONGOC_ERROR_SERVER, 203, "", Kind::away},
           {MONGOC_ERROR_SERVER, 211, "", Kind::away},
           {MONGOC_ERROR_SERVER, 279, "", Kind::away},
           {MONGOC_ERROR_SERVER, 317, "", Kind::away},
           {MONGOC_ERROR_SERVER, 365, "", Kind::away},
           {MONGOC_ERROR_SERVER, 365, kTransient, Kind::away},
           {MONGOC_ERROR_SERVER, 18, "", Kind::away},
           {MONGOC_ERROR_SERVER, 46, "", Kind::conflict},
           {MONGOC_ERROR_SERVER, 290, "", Kind::conflict},
           {MONGOC_ERROR_SERVER, 112, kTransient, Kind::conflict},
           {MONGOC_ERROR_SERVER, 112, "", Kind::conflict},
           {MONGOC_ERROR_SERVER, 251, kTransient, Kind::conflict},
           {MONGOC_ERROR_SERVER, 4711, kTransient, Kind::conflict},
           {MONGOC_ERROR_SERVER, 11000, "", Kind::duplicate},
           {MONGOC_ERROR_COLLECTION, 11000, "", Kind::duplicate},
           {MONGOC_ERROR_SERVER, 50, "", Kind::out_of_time},
           {MONGOC_ERROR_SERVER, 121, "", Kind::broken},
           {MONGOC_ERROR_SERVER, 13, "", Kind::broken},
           {MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID, "", Kind::broken},
       }) {
    EXPECT_EQ(kind_in(c), c.kind) << c.domain << '/' << c.code << ' ' << c.label;
  }
}

// The label comes first: whatever the code is, it is not known whether the transaction was committed.
TEST(ErrorMap, AnUnknownCommitIsUnknownWithEveryCode) {
  for (const auto& [domain, code] : {std::pair<std::uint32_t, std::uint32_t>{MONGOC_ERROR_STREAM, 4},
                                     {MONGOC_ERROR_SERVER, 10107},
                                     {MONGOC_ERROR_SERVER, 50},
                                     {MONGOC_ERROR_WRITE_CONCERN, 64}}) {
    EXPECT_EQ(kind_in({domain, code, kUnknown, {}}), Kind::unknown_commit) << domain << '/' << code;
  }
}

// MongoDB looks for a user in the database of the address, which is usually not the one that the user was made in.
TEST(ErrorMap, AFailedAuthenticationNamesAuthSource) {
  for (const auto& [domain, code] : {std::pair<std::uint32_t, std::uint32_t>{MONGOC_ERROR_SERVER, 18},
                                     {MONGOC_ERROR_CLIENT, MONGOC_ERROR_CLIENT_AUTHENTICATE}}) {
    bson_error_t error{};
    error.domain = domain;
    error.code = code;
    try {
      raise(error, nullptr);
    } catch (const Trouble& trouble) {
      EXPECT_NE(std::string(trouble.what()).find("authSource=admin"), std::string::npos) << trouble.what();
    }
  }
}

TEST(ErrorMap, OnlyTroubleThatPassesIsUnavailable) {
  bson_error_t error{};
  error.domain = MONGOC_ERROR_SERVER;
  error.code = 91;
  EXPECT_THROW(raise(error, nullptr), Unavailable);
  error.code = 11000;
  EXPECT_THROW(raise(error, nullptr), Duplicate);
  error.code = 121;
  EXPECT_THROW(raise(error, nullptr), Broken);
}

}  // namespace
}  // namespace integrity::store::mongo
