// What the history holds of a record: one table for each kind. WriteTx writes the state after a change from it, and a
// check (check.hpp) compares each record with its last change by it. Products have their own: model::append_json.
//
// Without credentials, and without anything that helps to guess them: no hash, no secret, no counter. Nor times of use,
// which change without a change in the history.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "model/api_key.hpp"
#include "model/change.hpp"
#include "model/user.hpp"

namespace integrity::store {

template <class T>
struct RecordedMember {
  std::string_view name;
  void (*append)(std::string& json, const T& record, Time at);  // `at`: of the change
  // Whether the record may have another value by now, without a change in the history.
  bool (*moved)(const T& record) = nullptr;
};

std::span<const RecordedMember<model::User>> recorded_members(const model::User*);
std::span<const RecordedMember<model::Session>> recorded_members(const model::Session*);
std::span<const RecordedMember<model::ApiKey>> recorded_members(const model::ApiKey*);
std::span<const RecordedMember<model::Invitation>> recorded_members(const model::Invitation*);

// The record as a JSON object.
template <class T>
std::string recorded(const T& record, Time at) {
  std::string json = "{";
  for (const auto& member : recorded_members(&record)) {
    if (json.size() > 1) json += ',';
    json += '"';
    json += member.name;
    json += "\":";
    member.append(json, record, at);
  }
  return json + '}';
}

}  // namespace integrity::store
