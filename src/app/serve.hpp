// Builds the server from its parts. Only this file knows all of them, and the order in which they are made.
#pragma once
#include "app/config.hpp"
#include "base/result.hpp"

namespace integrity::app {

// Runs until a signal stops it and every request has ended. Errors say why it cannot serve.
Status serve(Config config);

}  // namespace integrity::app
