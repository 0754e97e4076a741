// The opaque text behind `Link: …; rel="next"`: where a page ended, sealed so that only our own are read.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "model/product.hpp"

namespace integrity::api {

std::string write_cursor(const Secret& key, const model::ProductPosition& position);
std::optional<model::ProductPosition> read_cursor(const Secret& key, std::string_view text);

}  // namespace integrity::api
