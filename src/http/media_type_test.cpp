#include "http/media_type.hpp"

#include <gtest/gtest.h>

namespace integrity::http {
namespace {

bool takes(std::vector<Header> headers) {
  Request request;
  request.headers = std::move(headers);
  return has_json_body(request);
}

// All of them occur in requests of real clients; most of them were once answered 415.
TEST(MediaType, ReadsContentTypeAsClientsWriteIt) {
  for (const char* type : {"application/json",
                           "Application/JSON",
                           "application/json;charset=utf-8",
                           "application/json; charset=utf8",
                           "application/json; charset=UTF8",
                           "application/json; charset=\"UTF-8\"",
                           "application/json; charset='utf-8'",
                           "application/json; charset = utf-8",
                           "application/json ; Charset=utf-8",
                           "application/json; charset=us-ascii",
                           "application/json;",
                           "application/json; ",
                           "application/json;;charset=utf-8;",
                           "application/json;version=1",
                           "application/json; version=1; charset=utf-8",
                           "application/json;charset",
                           "application/json; charset=",
                           "application/json; odata=verbose",
                           "application/json; boundary=\"a;b=c\"",
                           "application / json",
                           "application/json, application/json",
                           "application/json;charset=utf-8,application/json",
                           "application/json,"}) {
    EXPECT_TRUE(takes({{"Content-Type", type}})) << type;
  }
  EXPECT_TRUE(takes({{"Content-Type", "application/json"}, {"content-type", "application/json; charset=utf-8"}}));
}

TEST(MediaType, RefusesOtherTypesAndOtherCharsets) {
  for (const char* type : {"",
                           ";",
                           ",",
                           "json",
                           "application",
                           "application/",
                           "/json",
                           "text/json",
                           "application/jsonp",
                           "application/x-json",
                           "application/merge-patch+json",
                           "text/plain",
                           "application/json; charset=utf-16",
                           "application/json;charset=latin1",
                           "application/json; charset=\"iso-8859-1\"",
                           "application/json; charset=utf-8; charset=utf-16",
                           "application/json, text/plain",
                           "text/plain;x=\",application/json\"",
                           "*/*",
                           "application/*"}) {
    EXPECT_FALSE(takes({{"Content-Type", type}})) << type;
  }
  EXPECT_FALSE(takes({}));
  EXPECT_FALSE(takes({{"Content-Type", "application/json"}, {"Content-Type", "text/plain"}}));
}

TEST(MediaType, AcceptsABodyWithoutAContentCoding) {
  for (const char* coding : {"", "identity", "Identity", " identity , identity", "utf-8", "UTF8"}) {
    EXPECT_TRUE(takes({{"Content-Type", "application/json"}, {"Content-Encoding", coding}})) << coding;
  }
  for (const char* coding : {"gzip", "br", "identity, gzip", "x"}) {
    EXPECT_FALSE(takes({{"Content-Type", "application/json"}, {"Content-Encoding", coding}})) << coding;
  }
}

TEST(MediaType, ReadsOneParameterAfterTheOther) {
  const auto media = parse_media_type("text/plain; a=1;; b = \"x;y\" ;c; d=''");
  ASSERT_TRUE(media);
  auto rest = media->parameters;
  std::string seen;
  while (const auto parameter = take_parameter(rest)) {
    seen.append(parameter->name).append("=").append(parameter->value).append("|");
  }
  EXPECT_EQ(seen, "a=1|b=x;y|c=|d=|");
}

}  // namespace
}  // namespace integrity::http
