// What the descriptions for programs (openapi.hpp) and for people (docs.hpp) have in common, from the declarations.
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

// What holds everywhere, a paragraph each; code stands in backticks.
struct Convention {
  std::string_view name, text;
};
std::vector<Convention> conventions();

// In the order of their codes: what the operation declares, and what every operation of its kind may answer.
std::vector<Code> refusals(const Endpoint& endpoint);

struct PathParameter {
  std::string_view name, about;
  json::Value schema;
  std::string_view example;
};
std::vector<PathParameter> path_parameters(const Endpoint& endpoint);

// A request and the answer that is this problem, recorded from a real server by test/test_transcripts.py; empty where
// nothing gives it yet.
std::string_view transcript_of(const CodeInfo& code);
std::string_view answer_body(std::string_view transcript);

}  // namespace integrity::api
