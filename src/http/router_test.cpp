#include "http/router.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace integrity::http {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    for (const auto& [method, pattern] : {std::pair{Method::get, "/"},
                                          {Method::get, "/products"},
                                          {Method::post, "/products"},
                                          {Method::get, "/products/{id}"},
                                          {Method::put, "/products/{id}"},
                                          {Method::post, "/products/{id}/stock"},
                                          {Method::get, "/products/special"},
                                          {Method::get, "/a/{one}/b/{two}"}}) {
      router.add(method, pattern);
    }
  }
  // "3 abc", "405 GET, HEAD", "204 …" or "404".
  std::string find(Method method, std::string_view path) const {
    const auto found = router.find(method, path);
    if (const auto* other = std::get_if<Router::OtherMethods>(&found)) return "405 " + other->allow;
    if (const auto* options = std::get_if<Router::Options>(&found)) return "204 " + options->allow;
    const auto* match = std::get_if<Router::Match>(&found);
    if (!match) return "404";
    auto text = std::to_string(match->route);
    for (const auto& parameter : match->parameters) text += " " + parameter;
    return text;
  }
  Router router;
};

TEST_F(RouterTest, FindsRoutesAndDecodesParameters) {
  const struct {
    Method method;
    const char* path;
    const char* expected;
  } cases[] = {
      {Method::get, "/", "0"},
      {Method::get, "/products", "1"},
      {Method::head, "/products", "1"},
      {Method::post, "/products", "2"},
      {Method::get, "/products/65f0", "3 65f0"},
      {Method::put, "/products/65f0", "4 65f0"},
      {Method::post, "/products/65f0/stock", "5 65f0"},
      {Method::get, "/products/special", "6"},
      {Method::get, "/a/1/b/2", "7 1 2"},
      {Method::get, "/pro%64ucts", "1"},
      {Method::get, "/products/a%2Fb", "3 a/b"},
      {Method::get, "/products/a+b", "3 a+b"},
      {Method::get, "/products/%C3%A9", "3 \xc3\xa9"},
      {Method::get, "/products/..", "3 .."},
      {Method::put, "/products", "405 GET, HEAD, POST"},
      {Method::head, "/products/1/stock", "405 POST"},
      {Method::del, "/products/special", "405 GET, HEAD"},
      {Method::other, "/", "405 GET, HEAD"},
      {Method::options, "/", "204 GET, HEAD, OPTIONS"},
      {Method::options, "/products/1/stock", "204 POST, OPTIONS"},
      {Method::get, "", "404"},
      {Method::options, "*", "204 GET, HEAD, POST, PUT, OPTIONS"},
      {Method::options, "/nothing", "404"},
      {Method::get, "*", "404"},
      {Method::get, "/nothing", "404"},
      {Method::get, "/Products", "404"},
      {Method::get, "//products", "404"},
      {Method::get, "/products/", "404"},
      {Method::get, "/products/1/", "404"},
      {Method::get, "/products/1/stock/2", "404"},
      {Method::get, "/x/../products", "404"},
      {Method::get, "/products%2F65f0", "404"},
      {Method::get, "/a/1", "404"},
      {Method::get, "/products/%", "404"},
      {Method::get, "/products/%4", "404"},
      {Method::get, "/products/%zz", "404"},
      {Method::get, "/products/%ff", "404"},
      {Method::get, "/products/%00", "404"},
      {Method::get, "/products/a%0d%0ab", "404"},
  };
  for (const auto& [method, path, expected] : cases) {
    EXPECT_EQ(find(method, path), expected) << to_string(method) << ' ' << path;
  }
}

TEST_F(RouterTest, RefusesTheSameRouteTwice) {
  EXPECT_THROW(router.add(Method::get, "/products/{other_name}"), std::logic_error);
  EXPECT_THROW(router.add(Method::get, "products"), std::logic_error);
}

TEST_F(RouterTest, FindsThePathThatWasMeant) {
  for (const auto& [path, meant] : std::initializer_list<std::pair<const char*, const char*>>{
           {"/products/", "/products"},
           {"//products", "/products"},
           {"/products//1///stock/", "/products/1/stock"},
           {"/nothing/", ""},
           {"/products/1/2/", ""},
           {"*", ""},
       }) {
    EXPECT_EQ(router.meant_by(path), meant) << path;
  }
}

}  // namespace
}  // namespace integrity::http
