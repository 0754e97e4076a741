// Finds the declared route of a path. Routes are numbers; what they mean is the caller's.
//
//   Router router;
//   std::size_t show = router.add(Method::get, "/products/{id}");
//   auto found = router.find(Method::get, "/products/65f0");
//   std::get<Router::Match>(found)   // {.route = show, .parameters = {"65f0"}}
//
// Paths are compared segment by segment after decoding, so "%2F" stays inside its segment, and "..", "." and "" are
// ordinary segments: there is no file tree. A parameter matches one segment that is not empty. A literal is preferred
// to a parameter without a second attempt: with "/a/{x}/c" and "/a/b/d" there is no route for "/a/b/c". Segments that
// cannot be decoded, or hold control characters, match nothing. Built once, then read from any thread.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "http/message.hpp"

namespace integrity::http {

class Router {
 public:
  struct Match {
    std::size_t route = 0;
    std::vector<std::string> parameters;  // decoded, in the order of the pattern
  };
  struct NoRoute {};
  struct OtherMethods {
    std::string allow;  // "GET, HEAD, PUT": the value of an Allow header
  };
  struct Options {
    std::string allow;  // for OPTIONS, which every path answers
  };
  using Found = std::variant<Match, NoRoute, OtherMethods, Options>;

  // Returns 0, 1, 2, … Throws std::logic_error if the pattern has that method already.
  std::size_t add(Method method, std::string_view pattern);
  // HEAD finds the route for GET. OPTIONS * is answered for all paths together (RFC 9110 §9.3.7).
  Found find(Method method, std::string_view path) const;
  // A path that has routes and differs only by slashes, doubled or at the end. Empty if there is none.
  std::string meant_by(std::string_view path) const;

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct Node {
    std::vector<std::pair<std::string, std::size_t>> literals;
    std::size_t parameter = none;
    std::vector<std::pair<Method, std::size_t>> routes;
  };
  const Node* node_of(std::string_view path, std::vector<std::string>& parameters) const;
  std::size_t literal_child(std::size_t node, std::string_view segment) const;
  std::size_t child_for(std::size_t node, std::string_view pattern_segment);

  std::vector<Node> nodes_{1};
  std::size_t routes_ = 0;
};

}  // namespace integrity::http
