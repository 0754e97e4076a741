// A map of bounded size that forgets the entries that were used longest ago. Not safe from several threads.
//
//   Lru<std::string, int> counts(1000);                             // at most 1000 entries, each of weight 1
//   Lru<ProductId, Page, IdHash> pages(64 << 20);                   // at most 64 MiB, with bytes as weight
//   if (Page* page = pages.find(id)) return *page;                  // now the entry used last
//   pages.put(id, std::move(page), bytes);
#pragma once
#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace integrity {

template <class Key, class Value, class Hash = std::hash<Key>>
class Lru {
 public:
  explicit Lru(std::size_t weight_max) : weight_max_(weight_max) {}
  Lru(const Lru&) = delete;
  Lru& operator=(const Lru&) = delete;

  // Null if it is not there. The pointer is valid until the entry is replaced or dropped.
  Value* find(const Key& key) {
    const auto found = by_key_.find(&key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->value;
  }

  // Replaces the entry of that key, and drops others until the sum of all weights is within the bound. Null if `weight`
  // alone exceeds it: then the entry is not stored.
  Value* put(Key key, Value value, std::size_t weight = 1) {
    erase(key);
    if (weight > weight_max_) return nullptr;
    while (weight_ > weight_max_ - weight) drop_oldest();
    std::list<Entry> added;  // of its own until the index has it: without memory nothing is stored
    added.push_front({std::move(key), std::move(value), weight});
    by_key_.emplace(&added.front().key, added.begin());
    entries_.splice(entries_.begin(), added);
    weight_ += weight;
    return &entries_.front().value;
  }

  void erase(const Key& key) {
    if (const auto found = by_key_.find(&key); found != by_key_.end()) drop(found->second);
  }

  // The entry that was used longest ago, null if there is none. Does not count as a use.
  const Value* oldest() const { return entries_.empty() ? nullptr : &entries_.back().value; }
  void drop_oldest() { drop(std::prev(entries_.end())); }

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Key key;
    Value value;
    std::size_t weight;
  };
  using Position = typename std::list<Entry>::iterator;
  struct HashOfKey {
    std::size_t operator()(const Key* key) const { return Hash{}(*key); }
  };
  struct SameKey {
    bool operator()(const Key* a, const Key* b) const { return *a == *b; }
  };

  void drop(Position entry) {
    weight_ -= entry->weight;
    by_key_.erase(&entry->key);
    entries_.erase(entry);
  }

  const std::size_t weight_max_;
  std::size_t weight_ = 0;
  std::list<Entry> entries_;  // front: used last
  std::unordered_map<const Key*, Position, HashOfKey, SameKey> by_key_;
};

}  // namespace integrity
