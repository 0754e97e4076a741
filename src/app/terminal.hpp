// Asks the user at the terminal, or reads what a script pipes in. Prompts go to stderr, so that stdout has only the
// output of the command.
#pragma once
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace integrity::app {

bool on_terminal();  // whether stdin, and stderr for prompts, are a terminal

// At a terminal: without echo, and typed twice. Otherwise one line of stdin, without the line ending.
Result<Secret> read_new_password();

// One line, without spaces around it; nothing at the end of input.
std::optional<std::string> ask(const std::string& prompt);

}  // namespace integrity::app
