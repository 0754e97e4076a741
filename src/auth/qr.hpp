// QR codes in three forms, made with libqrencode and libpng. The text of an otpauth URI is a secret: nothing is kept.
#pragma once
#include <string>
#include <string_view>

namespace integrity::auth {

// 8 pixels per module, quiet zone of 4 modules (ISO/IEC 18004 §6.3.8), 1 bit per pixel.
std::string qr_png(std::string_view text);
std::string qr_svg(std::string_view text);
// For a terminal: block characters, two modules in each, quiet zone included. Light modules are drawn, so it scans on
// dark and light terminals. Ends with a line feed.
std::string qr_text(std::string_view text);

}  // namespace integrity::auth
