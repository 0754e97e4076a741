#include "http/router.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/percent.hpp"
#include "http/ascii.hpp"

namespace integrity::http {
namespace {

std::size_t route_for(const std::vector<std::pair<Method, std::size_t>>& routes, Method method, std::size_t otherwise) {
  for (const auto& [known, route] : routes) {
    if (known == method) return route;
  }
  return otherwise;
}

std::string allow(const std::vector<std::pair<Method, std::size_t>>& routes) {
  std::vector<Method> methods;
  for (const auto& [method, route] : routes) {
    methods.push_back(method);
    if (method == Method::get) methods.push_back(Method::head);
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  std::string list;
  for (auto method : methods) {
    if (!list.empty()) list += ", ";
    list += to_string(method);
  }
  return list;
}

}  // namespace

std::size_t Router::literal_child(std::size_t node, std::string_view segment) const {
  for (const auto& [name, child] : nodes_[node].literals) {
    if (name == segment) return child;
  }
  return none;
}

std::size_t Router::child_for(std::size_t node, std::string_view pattern_segment) {
  const bool parameter = pattern_segment.starts_with('{');
  const auto known = parameter ? nodes_[node].parameter : literal_child(node, pattern_segment);
  if (known != none) return known;
  const auto made = nodes_.size();
  nodes_.emplace_back();
  if (parameter) {
    nodes_[node].parameter = made;
  } else {
    nodes_[node].literals.emplace_back(pattern_segment, made);
  }
  return made;
}

std::size_t Router::add(Method method, std::string_view pattern) {
  if (!pattern.starts_with('/')) throw std::logic_error("a pattern begins with a slash");
  std::size_t node = 0;
  for (auto rest = pattern; !rest.empty();) {
    rest.remove_prefix(1);
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    node = child_for(node, segment);
  }
  if (route_for(nodes_[node].routes, method, none) != none) {
    throw std::logic_error("declared twice: " + std::string(pattern));
  }
  nodes_[node].routes.emplace_back(method, routes_);
  return routes_++;
}

// Null if no route has that path.
const Router::Node* Router::node_of(std::string_view path, std::vector<std::string>& parameters) const {
  if (!path.starts_with('/')) return nullptr;
  std::size_t node = 0;
  for (auto rest = path; !rest.empty();) {
    rest.remove_prefix(1);
    const auto raw = rest.substr(0, rest.find('/'));
    rest.remove_prefix(raw.size());
    auto segment = percent_decode(raw, Plus::is_plus);
    if (!segment || std::any_of(segment->begin(), segment->end(), is_control)) return nullptr;
    auto child = literal_child(node, *segment);
    if (child == none) {
      child = segment->empty() ? none : nodes_[node].parameter;
      parameters.push_back(std::move(*segment));
    }
    if (child == none) return nullptr;
    node = child;
  }
  return nodes_[node].routes.empty() ? nullptr : &nodes_[node];
}

Router::Found Router::find(Method method, std::string_view path) const {
  if (method == Method::options && path == "*") {
    std::vector<std::pair<Method, std::size_t>> all;
    for (const Node& node : nodes_) all.insert(all.end(), node.routes.begin(), node.routes.end());
    return Options{allow(all) + ", OPTIONS"};
  }
  Match match;
  const Node* node = node_of(path, match.parameters);
  if (node == nullptr) return NoRoute{};
  if (method == Method::options) return Options{allow(node->routes) + ", OPTIONS"};
  const auto get = method == Method::head ? route_for(node->routes, Method::get, none) : none;
  match.route = route_for(node->routes, method, get);
  if (match.route == none) return OtherMethods{allow(node->routes)};
  return match;
}

std::string Router::meant_by(std::string_view path) const {
  std::string bare;
  for (const char c : path) {
    if (c != '/' || !bare.ends_with('/')) bare += c;
  }
  if (bare.ends_with('/')) bare.pop_back();
  for (const std::string& candidate : {bare, bare + '/'}) {
    std::vector<std::string> ignored;
    if (candidate != path && node_of(candidate, ignored) != nullptr) return candidate;
  }
  return {};
}

}  // namespace integrity::http
