// QR codes in three forms, by libqrencode and libpng. The text of an otpauth URI is a secret: nothing is kept.
#pragma once
#include <string>
#include <string_view>

namespace integrity::auth {

// 8 pixels a module, quiet zone of 4 modules (ISO/IEC 18004 §6.3.8), 1 bit a pixel.
std::string qr_png(std::string_view text);
std::string qr_svg(std::string_view text);
// For a terminal: two modules a character cell with block characters, quiet zone included; dark on light, so
// light modules are drawn and it scans on terminals of both colours. Ends with a line feed.
std::string qr_text(std::string_view text);

}  // namespace integrity::auth
