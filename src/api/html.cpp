#include "api/html.hpp"

#include "api/embedded.hpp"
#include "crypto/digest.hpp"

namespace integrity::api {

std::string page(std::string_view title, std::string_view body) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
  out += escape_html(title);
  out += "</title>\n<style>";
  out += embedded_text("html.css");
  out += "</style>\n</head>\n<body>\n";
  out += body;
  out += "</body>\n</html>\n";
  return out;
}

Headers page_headers() {
  static const std::string policy = "default-src 'none'; style-src 'sha256-" +
                                    to_base64(crypto::sha256(as_bytes(embedded_text("html.css")))) +
                                    "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return {{"Content-Security-Policy", policy}};
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string prose(std::string_view text) {
  std::string out;
  bool code = false;
  for (;;) {
    const auto mark = text.find('`');
    out += escape_html(text.substr(0, mark));
    if (mark == std::string_view::npos) break;
    out += code ? "</code>" : "<code>";
    code = !code;
    text.remove_prefix(mark + 1);
  }
  return out;
}

}  // namespace integrity::api
