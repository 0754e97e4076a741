#include "api/docs.hpp"

#include "api/description.hpp"
#include "api/embedded.hpp"
#include "api/html.hpp"

namespace integrity::api {
namespace {

using Kind = json::Value::Kind;

std::string code(std::string_view text) {
  return "<code>" + escape_html(text) + "</code>";
}

std::string text_of(const json::Value& schema, std::string_view member) {
  const auto* found = schema.find(member);
  return found != nullptr ? found->text : std::string();
}

// "3–64", "at least 1", "at most 9", or nothing, from two bounds of a schema.
std::string range(const json::Value& schema, std::string_view min_name, std::string_view max_name) {
  const auto min = text_of(schema, min_name), max = text_of(schema, max_name);
  if (min.empty() && max.empty()) return {};
  if (min.empty()) return "at most " + max;
  if (max.empty()) return "at least " + min;
  return min == max ? min : min + "–" + max;
}

std::string one_of(const json::Value& words) {
  constexpr std::size_t kShown = 8;
  std::string out = words.items.size() == 1 ? "" : "one of ";
  for (std::size_t i = 0; i < words.items.size() && i < kShown; ++i)
    out += (i > 0 ? ", " : "") + code(words.items[i].text);
  return words.items.size() > kShown ? out + ", … (" + std::to_string(words.items.size()) + " in all)" : out;
}

std::string type_of(const json::Value& schema) {
  const auto* type = schema.find("type");
  if (type == nullptr) return {};
  std::string out = type->text;
  for (const auto& each : type->items) out += (out.empty() ? "" : " or ") + each.text;
  return out;
}

// Formats that tell generators the size of a number. The bounds tell people the same.
bool is_width(std::string_view format) {
  return format == "int32" || format == "int64" || format == "double";
}

// A short summary of a schema, as HTML.
std::string words(const json::Value& schema) {
  if (const auto ref = text_of(schema, "$ref"); !ref.empty()) {
    const auto name = ref.substr(ref.rfind('/') + 1);
    return "<a href=\"#" + name + "\">" + name + "</a>";
  }
  if (const auto* choices = schema.find("anyOf")) {
    std::string out;
    for (const auto& each : choices->items) out += (out.empty() ? "" : " or ") + words(each);
    return out;
  }
  for (const auto* list : {schema.find("enum"), schema.find("x-extensible-enum")}) {
    if (list != nullptr) return one_of(*list);
  }
  if (const auto* items = schema.find("items")) return "list of " + words(*items);
  std::string out = type_of(schema);
  if (const auto format = text_of(schema, "format"); !format.empty() && !is_width(format)) out += ", " + format;
  if (const auto length = range(schema, "minLength", "maxLength"); !length.empty())
    out += ", " + length + " characters";
  if (const auto bounds = range(schema, "minimum", "maximum"); !bounds.empty()) out += ", " + bounds;
  // The description explains long patterns in words.
  if (const auto pattern = text_of(schema, "pattern"); !pattern.empty() && pattern.size() <= 40)
    out += ", " + code(pattern);
  return out;
}

std::string row(std::string_view name, std::string_view what, std::string_view about) {
  return "<tr><td>" + code(name) + "</td><td>" + std::string(what) + (about.empty() ? "" : "<br>" + prose(about)) +
         "</td></tr>\n";
}

std::string table(const std::string& rows) {
  return rows.empty() ? rows : "<div class=\"wide\"><table>\n" + rows + "</table></div>\n";
}

// An object's members, or one line for anything else.
std::string shape(const json::Value& schema) {
  const auto* properties = schema.find("properties");
  if (properties == nullptr) {
    const auto about = text_of(schema, "description");
    return "<p>" + words(schema) + (about.empty() ? "" : "<br>" + prose(about)) + "</p>\n";
  }
  const auto* required = schema.find("required");
  const auto is_required = [required](const std::string& name) {
    return required != nullptr && std::any_of(required->items.begin(), required->items.end(),
                                              [&](const json::Value& each) { return each.text == name; });
  };
  std::string rows;
  for (std::size_t i = 0; i < properties->names.size(); ++i) {
    const auto& name = properties->names[i];
    const auto& member = properties->items[i];
    rows += row(name, words(member) + (is_required(name) ? "" : " <span class=\"quiet\">(may be left out)</span>"),
                text_of(member, "description"));
  }
  return table(rows);
}

std::string parameters(const Endpoint& endpoint) {
  const auto what = [](const json::Value& schema, std::string_view where) {
    return words(schema) + " <span class=\"quiet\">(" + std::string(where) + ")</span>";
  };
  std::string rows;
  for (const auto& each : path_parameters(endpoint))
    rows += row(each.name, what(each.schema, "in the path"), each.about);
  for (const auto& each : endpoint.operation.query)
    rows += row(each.name, what(each.schema, "in the query"), each.about);
  for (const auto& each : endpoint.operation.honours)
    rows += row(each.name, "<span class=\"quiet\">header</span>", each.about);
  return rows.empty() ? rows : "<h4>Parameters</h4>\n" + table(rows);
}

std::string examples(const Operation& operation) {
  std::string out;
  for (const Example& each : operation.examples) {
    out += "<h4>" + prose(each.summary) + "</h4>\n<pre>" + escape_html(each.body) +
           (each.body.empty() ? "" : "\n\n→ ") + std::to_string(operation.status) + ' ' + escape_html(each.answer) +
           "</pre>\n";
  }
  return out;
}

std::string answer(const Operation& operation) {
  std::string out = "<h4>Response</h4>\n<p>" + std::to_string(operation.status);
  for (const auto type : operation.offers) out += (type == operation.offers.front() ? ": " : ", ") + code(type);
  if (operation.may_be_elsewhere) out += "; 303 redirects to another page";
  if (operation.may_be_not_modified) out += "; 304 if you have it already";
  out += "</p>\n";
  if (operation.answer_schema) out += shape(*operation.answer_schema);
  std::string rows;
  for (const Header& each : operation.gives) rows += row(each.name, "<span class=\"quiet\">header</span>", each.about);
  return out + table(rows);
}

std::string problems(const Endpoint& endpoint) {
  std::string out;
  for (const Code each : problems_of(endpoint)) {
    const CodeInfo& problem = info(each);
    out += (out.empty() ? "" : ", ") + ("<a href=\"/problems/" + std::string(problem.slug) + "\">") +
           std::to_string(problem.status) + ' ' + std::string(problem.slug) + "</a>";
  }
  return "<h4>Problems</h4>\n<p>" + out + "</p>\n";
}

std::string who(const Endpoint& endpoint) {
  const std::string needs = needs_of(endpoint);
  return needs.empty() ? "For anyone." : prose(needs);
}

std::string line(const Endpoint& endpoint) {
  return "<span class=\"method\">" + std::string(http::to_string(endpoint.method)) + "</span> " +
         escape_html(endpoint.path);
}

std::string section(const Endpoint& endpoint) {
  const Operation& operation = endpoint.operation;
  std::string out = "<section id=\"" + std::string(operation.name) + "\">\n<h3><code>" + line(endpoint) +
                    "</code></h3>\n<p><strong>" + prose(operation.summary) +
                    (operation.summary.ends_with('?') ? "" : ".") + "</strong> " + prose(operation.about) + ' ' +
                    who(endpoint) + "</p>\n" + parameters(endpoint);
  if (operation.body_schema) out += "<h4>Body</h4>\n" + shape(*operation.body_schema);
  return out + answer(operation) + examples(operation) + problems(endpoint) + "</section>\n";
}

std::string contents(const std::vector<Endpoint>& all) {
  std::string out = "<nav>\n";
  for (const Group& group : groups()) {
    out += "<h4>" + std::string(group.name) + "</h4>\n<ul>\n";
    for (const Endpoint& endpoint : all) {
      if (group_of(endpoint) != group.name) continue;
      out += "<li><a href=\"#" + std::string(endpoint.operation.name) + "\"><code>" + line(endpoint) + "</code></a> " +
             prose(endpoint.operation.summary) + "</li>\n";
    }
    out += "</ul>\n";
  }
  return out + "</nav>\n";
}

std::string operations(const std::vector<Endpoint>& all) {
  std::string out;
  for (const Group& group : groups()) {
    out += "<h2>" + std::string(group.name) + "</h2>\n<p>" + prose(group.about) + "</p>\n";
    for (const Endpoint& endpoint : all) {
      if (group_of(endpoint) == group.name) out += section(endpoint);
    }
  }
  return out;
}

std::string objects(const std::vector<Endpoint>& all) {
  schema::Components components{{"Problem", problem_schema()}};
  for (const Endpoint& endpoint : all) {
    components.insert(endpoint.operation.components.begin(), endpoint.operation.components.end());
  }
  std::string out = "<h2>Objects</h2>\n";
  for (const auto& [name, schema] : components) {
    out += "<section id=\"" + name + "\">\n<h3>" + name + "</h3>\n" + shape(schema) + "</section>\n";
  }
  return out;
}

std::string clients() {
  std::string out =
      "<h2>A whole client</h2>\n<p>Logs in with both steps, adds a product and lists them all, with exact "
      "prices. Each takes the server's address and a user's name; <code>sign-up</code> after them opens the "
      "account.</p>\n";
  for (const std::string_view name : {"client.sh", "client.py", "client.mjs"}) {
    out += "<h3>" + std::string(name) + "</h3>\n<pre>" + escape_html(embedded_text(name)) + "</pre>\n";
  }
  out +=
      "<h2>A program with a key</h2>\n<p>Nobody types a code: a key does what its scopes and its owner's role allow, "
      "where the operator started the server with <code>--api-keys</code>.</p>\n<pre>" +
      escape_html(embedded_text("program.py")) + "</pre>\n";
  return out;
}

std::string rules() {
  std::string out = "<h2>Rules for all operations</h2>\n";
  for (const Convention& each : conventions()) {
    out += "<h3>" + std::string(each.name) + "</h3>\n<p>" + prose(each.text) + "</p>\n";
  }
  return out;
}

}  // namespace

std::string docs() {
  const auto all = endpoints();
  return page("Data Integrity API",
              "<h1>Data Integrity API</h1>\n<p>Product and stock records behind a second factor. For programs: "
              "<a href=\"/openapi.json\">/openapi.json</a>. What an error means: "
              "<a href=\"/problems\">/problems</a>.</p>\n" +
                  contents(all) + rules() + clients() + operations(all) + objects(all));
}

}  // namespace integrity::api
