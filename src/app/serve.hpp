// The server, wired: the only place that knows all parts, in the order they are made.
#pragma once
#include "app/config.hpp"
#include "base/result.hpp"

namespace integrity::app {

// Until a signal asks it to stop and everything is finished. Errors say why it cannot serve.
Status serve(Config config);

}  // namespace integrity::app
