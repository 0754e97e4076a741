// `integrity check`: whether everything in a store belongs together. See store/check.hpp for what is compared.
#pragma once
#include "app/config.hpp"

namespace integrity::app {

// Findings go to stdout, one line each; everything else goes to stderr. Changes nothing, not even modes; a server may
// be running meanwhile. The exit status: 0 nothing was found, 1 something was, 2 not everything could be read.
int check_command(const Config& config);

}  // namespace integrity::app
