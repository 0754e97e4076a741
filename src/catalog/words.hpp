// What texts are searched and sorted by: one function for all engines, so that they agree about every character.
//
//   words("Tischlampe ÉTÉ, 12V") == {"tischlampe", "ete", "12v"}
//   sort_key("Élan") == "elan"
//
// Case is folded and accents are removed (Unicode 15, by utf8proc); letters whose stroke or ligature has no
// decomposition are spelled out (ø o, ł l, æ ae). A word is a run of letters and digits; an ideograph or kana is one by
// itself, since those scripts put no spaces between words. Texts MUST be valid UTF-8. Pure, safe from any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "model/product.hpp"

namespace integrity::catalog {

// Grows when any of the functions gives another result for some text: engines then make their indexes anew.
inline constexpr int text_version = 1;

std::string sort_key(std::string_view text);
std::vector<std::string> words(std::string_view text);  // in order, repetitions included

// Of name, description and sku: each once, sorted.
std::vector<std::string> words_of(const model::Product& product);

inline constexpr model::ProductText product_text{text_version, &sort_key, &words_of};

}  // namespace integrity::catalog
