// Every word that Change::op can be. The store refuses to record another one; docs/roles.md lists them.
#pragma once
#include <span>
#include <string_view>

namespace integrity::model {

struct ChangeWord {
  std::string_view op;     // KIND.WORD; `restore` is about the whole store
  std::string_view about;  // for people
};
std::span<const ChangeWord> change_words();
bool is_change_word(std::string_view op);

}  // namespace integrity::model
