// For the threads of the program: what `function` throws is logged as `event` and does not end the process.
#pragma once
#include <exception>
#include <string_view>

#include "base/log.hpp"

namespace integrity::app {

template <class Function>
void run_logged(std::string_view event, Function&& function) noexcept {
  try {
    function();
  } catch (const std::exception& error) {
    log::event(event, {{"cause", error.what()}});
  }
}

}  // namespace integrity::app
