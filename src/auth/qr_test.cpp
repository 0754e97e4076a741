#include "auth/qr.hpp"

#include <gtest/gtest.h>
#include <png.h>

#include <sstream>
#include <stdexcept>
#include <vector>

namespace integrity::auth {
namespace {

const std::string kUri =
    "otpauth://totp/Data%20Integrity%20API:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    "&issuer=Data%20Integrity%20API&algorithm=SHA1&digits=6&period=30";

// Lines of '#' (dark) and '.' (light), one character per module, quiet zone included.
using Drawing = std::vector<std::string>;

// Reads every pixel: a module that is not of one colour becomes '?'.
Drawing read_png(const std::string& png) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0) return {};
  image.format = PNG_FORMAT_GRAY;
  std::string pixels(PNG_IMAGE_SIZE(image), '\0');
  png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr);
  Drawing drawing(image.height / 8, std::string(image.width / 8, ' '));
  for (std::size_t y = 0; y < image.height; ++y) {
    for (std::size_t x = 0; x < image.width; ++x) {
      const char seen = pixels[y * image.width + x] == 0 ? '#' : '.';
      char& module = drawing[y / 8][x / 8];
      module = module == ' ' || module == seen ? seen : '?';
    }
  }
  return drawing;
}

Drawing read_svg(const std::string& svg) {
  const auto box = svg.find("viewBox=\"0 0 ");
  const auto width = std::stoul(svg.substr(box + 13));
  Drawing drawing(width, std::string(width, '.'));
  const auto path = svg.find("<path d=\"") + 9;
  std::istringstream in(svg.substr(path, svg.find('"', path) - path));
  char move = 0, right = 0;
  std::size_t x = 0, y = 0, length = 0;
  std::string rest;
  while (in >> move >> x >> y >> right >> length && std::getline(in, rest, 'z')) {
    EXPECT_EQ(rest, "v1h-" + std::to_string(length));
    for (std::size_t i = 0; i < length; ++i) drawing.at(y).at(x + i) = '#';
  }
  return drawing;
}

// What is drawn is light; blanks are dark.
Drawing read_text(const std::string& text) {
  Drawing drawing;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string top, bottom;
    for (std::size_t i = 0; i < line.size();) {
      const std::string cell = line.substr(i, line[i] == ' ' ? 1 : 3);
      i += cell.size();
      EXPECT_TRUE(cell == " " || cell == "█" || cell == "▀" || cell == "▄") << cell;
      top += cell == "█" || cell == "▀" ? '.' : '#';
      bottom += cell == "█" || cell == "▄" ? '.' : '#';
    }
    drawing.push_back(top);
    drawing.push_back(bottom);
  }
  return drawing;
}

TEST(Qr, DrawsFinderPatternsInsideAQuietZoneOfFourModules) {
  const Drawing drawing = read_png(qr_png(kUri));
  const std::size_t width = drawing.size();
  ASSERT_GE(width, 21U + 8U);
  EXPECT_EQ((width - 8 - 17) % 4, 0U);  // 17 + 4 * version modules
  const Drawing kFinder = {"#######.", "#.....#.", "#.###.#.", "#.###.#.",
                           "#.###.#.", "#.....#.", "#######.", "........"};
  for (std::size_t y = 0; y < 4; ++y) {
    EXPECT_EQ(drawing[y], std::string(width, '.'));
    EXPECT_EQ(drawing[width - 1 - y], std::string(width, '.'));
  }
  for (std::size_t y = 4; y < width - 4; ++y) {
    EXPECT_EQ(drawing[y].substr(0, 4), "....");
    EXPECT_EQ(drawing[y].substr(width - 4), "....");
  }
  for (std::size_t y = 0; y < kFinder.size(); ++y) EXPECT_EQ(drawing[4 + y].substr(4, 8), kFinder[y]);
}

TEST(Qr, ShowsTheSameModulesInAllThreeForms) {
  for (const std::string& text : {std::string("a"), kUri, std::string(1000, 'x')}) {
    const Drawing drawing = read_png(qr_png(text));
    EXPECT_EQ(read_svg(qr_svg(text)), drawing);
    Drawing drawn = read_text(qr_text(text));
    // The number of rows is odd: the lower half of the last line lies outside.
    EXPECT_EQ(drawn.back(), std::string(drawing.size(), '#'));
    drawn.pop_back();
    EXPECT_EQ(drawn, drawing);
  }
}

TEST(Qr, WritesAPngOfOneBitPerPixelAndEightPixelsPerModule) {
  const std::string png = qr_png(kUri);
  ASSERT_TRUE(png.starts_with("\x89PNG\r\n\x1a\n"));
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<std::uint8_t>(png.at(i));
    return value;
  };
  const std::size_t modules = read_text(qr_text(kUri)).size() - 1;
  EXPECT_EQ(png.substr(12, 4), "IHDR");
  EXPECT_EQ(number(16), modules * 8);  // width
  EXPECT_EQ(number(20), modules * 8);  // height
  EXPECT_EQ(png[24], 1);               // bit depth
  EXPECT_TRUE(png.ends_with(std::string_view("IEND\xae\x42\x60\x82")));
}

TEST(Qr, WritesAnSvgThatRunsNothingAndLoadsNothing) {
  const std::string svg = qr_svg(kUri);
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\""));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  // The secret is only in the modules, and the file has only these elements.
  EXPECT_EQ(svg.find("otpauth"), svg.npos);
  std::size_t elements = 0;
  for (char c : svg) elements += c == '<' ? 1 : 0;
  EXPECT_EQ(elements, 4U);  // svg, rect, path, /svg
}

TEST(Qr, FitsIntoATerminalOf80Columns) {
  const std::string longest_name(64, 'x');
  const auto drawing = read_text(qr_text(kUri + longest_name));
  EXPECT_LE(drawing.front().size(), 80U);
}

TEST(Qr, CannotHoldMoreThanTheLargestCode) {
  EXPECT_NO_THROW(qr_text(std::string(2953, 'x')));  // ISO/IEC 18004 table 7: 40-L, bytes
  EXPECT_THROW(qr_text(std::string(2954, 'x')), std::runtime_error);
  EXPECT_THROW(qr_png(""), std::runtime_error);
}

}  // namespace
}  // namespace integrity::auth
