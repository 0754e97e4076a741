// The words and keys that texts are searched and sorted by. All engines use these functions, so they agree on every
// character.
//
//   words("Tischlampe ÉTÉ, 12V")  == {"tischlampe", "ete", "12v"}
//   words("東京都")               == {"東", "東京", "京", "京都", "都"}
//   query_words("lamp 東京都")    == {"lamp", "東京", "京都"}
//   sort_key("Élan")              == "elan"
//
// Folding, in this order (Unicode as of utf8proc; ADR 16):
//  1. Default-ignorable characters are dropped: soft hyphens, zero-width spaces and joiners, variation selectors.
//  2. NFKC with full case folding: ｶﾞﾗｽ is ガラス, ＵＳＢ is usb, m² is m2, ß is ss.
//  3. Marks are dropped where they are accents: on Latin, Greek, Cyrillic, Hebrew and Arabic letters. Vowel signs and
//     voicing marks of other scripts belong to the word: दिन is not दान, ハス is not バス.
//  4. Latin letters with a stroke or a ligature, which Unicode does not decompose, are spelled out (ø o, ł l, æ ae).
//
// A word is a run of letters, digits and their marks. Scripts that put no spaces between words are indexed by n-grams:
// those of one and two characters that begin at each character of a run of Chinese characters, kana or Bopomofo; those
// of one, two and three for Thai, Lao, Khmer and Myanmar. So a query can begin at any character of such text. A run in
// a query that is longer than an n-gram is searched by all its n-grams; a text that has all of them, but not the run,
// is found too. Texts MUST be valid UTF-8. The functions are pure, and safe from any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "model/product.hpp"

namespace integrity::catalog {

// Increased when a function gives another result for some text. Engines then index all products again.
inline constexpr int text_version = 2;

// At most `sort_key_bytes_max` bytes, since a cursor contains it. Names that differ only after that are equal.
std::string sort_key(std::string_view text);
inline constexpr std::size_t sort_key_bytes_max = 1024;

// The words that a text is found by, in order, with repetitions.
std::vector<std::string> words(std::string_view text);

// The words that a text must have for a query to find it, in order. The last one can be the beginning of a word.
std::vector<std::string> query_words(std::string_view query);

// The words of name, description and sku: each once, sorted.
std::vector<std::string> words_of(const model::Product& product);
// The same words in the order of the texts, repetitions included, with a space after each.
std::string word_text(const model::Product& product);

inline constexpr model::ProductText product_text{text_version, &sort_key, &words_of, &word_text};

}  // namespace integrity::catalog
