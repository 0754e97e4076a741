#include "http/accept.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace integrity::http {
namespace {

constexpr std::array<std::string_view, 3> offered{"image/png", "text/plain", "application/json"};

std::string chosen(std::optional<std::string_view> accept) {
  const auto index = negotiate(accept, offered);
  return index ? std::string(offered[*index]) : "406";
}

TEST(Accept, ChoosesTheGreatestWeightAndTheFirstOfferAmongEquals) {
  constexpr struct {
    const char* accept;
    const char* expected;
  } cases[] = {
      {"", "image/png"},
      {"*/*", "image/png"},
      {"text/plain", "text/plain"},
      {"TEXT/Plain", "text/plain"},
      {"text/*", "text/plain"},
      {"application/json, text/plain", "text/plain"},
      {"application/json, text/plain;q=0.9", "application/json"},
      {"text/*;q=0.5, application/json;q=0.501", "application/json"},
      {"*/*;q=0.1, application/json", "application/json"},
      {"*/*, image/png;q=0", "text/plain"},
      {"image/*;q=0, */*;q=0.3", "text/plain"},
      {"image/png;q=0.1, image/*, text/plain;q=0.2", "text/plain"},
      {"application/json; charset=utf-8", "application/json"},
      {"application/json;charset=\"UTF-8\" ; q=1.000", "application/json"},
      {"text/html, application/xhtml+xml, */*;q=0.8", "image/png"},
      {"text/html;x=\",text/plain\", application/json", "application/json"},
      {"application/json;profile=x, text/plain;q=0.1", "application/json"},
      {"application/json; indent=4; charset=iso-8859-1", "application/json"},
      {"text/plain;q=2, application/json;q=0.1", "text/plain"},
      {"text/plain;q=0.1234, application/json;q=0.1", "text/plain"},
      {"text/plain;q=0.9999999, application/json", "application/json"},
      {"text/plain;q=, application/json;q=0.", "text/plain"},
      {"text/plain;q=.7, application/json;q=.8", "application/json"},
      {"text/plain ; q = 0.5 , application / json", "application/json"},
      {"text/plain;Q=0.5,application/json;q='0.6'", "application/json"},
      {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "image/png"},  // Java's HttpURLConnection
      {"text/html;level=1, */*;q=.8", "image/png"},
      {"application/json;", "application/json"},
      {"application/json;;q=0.5;", "application/json"},
      {"text/plain/x, json, */json, ,;q=1, application/json", "application/json"},
      {"text/html", "406"},
      {"*/*;q=0", "406"},
      {"text/plain;q=0.000", "406"},
      {"nonsense", "image/png"},  // ignored
      {"nonsense, text/html", "406"},
      {",", "image/png"},
  };
  for (const auto& [accept, expected] : cases) EXPECT_EQ(chosen(accept), expected) << accept;
  EXPECT_EQ(chosen(std::nullopt), "image/png");
}

// `Accept: */*;q=.8` was 406, on /healthz too.
TEST(Accept, SendsASingleOfferWhateverTheHeaderSays) {
  constexpr std::array<std::string_view, 1> only{"application/json"};
  for (const char* accept : {"", "*/*;q=.8", "text/html", "application/json;q=0", "nonsense", "*/*;q=0"}) {
    EXPECT_EQ(negotiate(accept, only), 0u) << accept;
  }
  EXPECT_EQ(negotiate("text/html", {}), std::nullopt) << "nothing to send";
}

}  // namespace
}  // namespace integrity::http
