// What the descriptions for programs (openapi.hpp) and for people (docs.hpp) share. Made from the declarations.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "api/endpoints.hpp"

namespace integrity::api {

struct Group {
  std::string_view name, about;
};
std::vector<Group> groups();
std::string_view group_of(const Endpoint& endpoint);

// A rule for all operations, in one paragraph. Code is in backticks.
struct Convention {
  std::string_view name, text;
};
std::vector<Convention> conventions();

// The errors that the operation declares and those of every operation of its kind, sorted by code.
std::vector<Code> problems_of(const Endpoint& endpoint);

struct PathParameter {
  std::string_view name, about;
  json::Value schema;
  std::string_view example;
};
// Who may call it, in sentences: the kind of caller, the scope, a fresh proof. Empty for anyone.
std::string needs_of(const Endpoint& endpoint);

std::vector<PathParameter> path_parameters(const Endpoint& endpoint);

// A request that leads to this problem, with its response. Recorded from a real server by test/test_transcripts.py;
// empty where no operation gives the problem yet.
std::string_view transcript_of(const CodeInfo& code);
std::string_view answer_body(std::string_view transcript);

}  // namespace integrity::api
