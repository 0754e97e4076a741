// Asking the person at the terminal, or reading what a script pipes in. Prompts go to stderr, so
// that stdout holds nothing but the answer of a command.
#pragma once
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace integrity::app {

bool on_terminal();  // is stdin one, and stderr, where prompts appear?

// Without echo and twice at a terminal; otherwise one line of stdin, without its end.
Result<Secret> read_new_password();

// A line as typed, without spaces around it; nothing at the end of input.
std::optional<std::string> ask(const std::string& prompt);

}  // namespace integrity::app
