#include "store/sqlite/page_cache.hpp"

namespace integrity::store::sqlite {
namespace {

// Longer pages are not stored: one of them could displace all others.
constexpr std::size_t kPageBytesMax = 256 * 1024;

std::string key_of(const model::ProductQuery& query) {
  std::string key;
  const auto add = [&key](std::string_view part) { key.append(std::to_string(part.size())).append(":").append(part); };
  const auto add_number = [&](std::optional<std::int64_t> number) { add(number ? std::to_string(*number) : ""); };
  add(query.sku ? "=" + *query.sku : "");
  add(query.after);
  for (const auto& range : {query.price, query.stock}) {
    add_number(range.min);
    add_number(range.max);
  }
  add_number(static_cast<std::int64_t>(query.order.by) * 2 + (query.order.descending ? 1 : 0));
  add_number(static_cast<std::int64_t>(query.limit));
  add_number(static_cast<std::int64_t>(query.bytes_max));
  for (const auto& word : query.words) add(word);
  return key;
}

std::size_t bytes_of(const std::string& key, const model::RenderedPage& page) {
  constexpr std::size_t fixed_bytes = 256;
  return fixed_bytes + key.capacity() + page.json.capacity() + page.next.capacity();
}

}  // namespace

PageCache::Page PageCache::find(const model::ProductQuery& query) {
  const std::string key = key_of(query);
  const std::lock_guard lock(mutex_);
  const Entry* const found = pages_.find(key);
  const bool fresh = found != nullptr && found->generation == generation();
  lookups_.add(fresh);
  if (fresh) return found->page;
  if (found != nullptr) pages_.erase(key);
  return {};
}

void PageCache::put(const model::ProductQuery& query, std::uint64_t at, Page page) {
  std::string key = key_of(query);
  const auto bytes = bytes_of(key, *page);
  if (bytes > kPageBytesMax) return;
  const std::lock_guard lock(mutex_);
  if (at == generation()) pages_.put(std::move(key), {at, std::move(page)}, bytes);
}

}  // namespace integrity::store::sqlite
