// Whether the key files fit the store: a part of `integrity check`.
#pragma once
#include "app/config.hpp"
#include "base/result.hpp"
#include "store/check.hpp"

namespace integrity::app {

// Reports keys that are missing, damaged, readable by others, or not those that the store is used with, and gives
// their number. Changes nothing. Error: a key file cannot be read.
Result<std::size_t> check_keys(const Config& config, store::CheckSource& source, store::CheckReport& report);

}  // namespace integrity::app
