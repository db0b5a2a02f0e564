#include "train/data/decode.hpp"

#include "base/error.hpp"
#include "train/data/jpeg.hpp"
#include "train/data/png.hpp"

#include <fmt/format.h>

#include <array>

namespace pare::train {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kJpegBegin = "\xff\xd8"sv;
constexpr std::string_view kPngBegin = "\x89PNG\r\n\x1a\n"sv;

} // namespace

bool is_image(std::string_view begin) { return begin.starts_with(kJpegBegin) || begin.starts_with(kPngBegin); }

std::string looks_like(std::string_view begin) {
  struct Magic {
    std::string_view begin, name;
  };
  static constexpr std::array kMagic = {
      Magic{kJpegBegin, "a JPEG"}, Magic{kPngBegin, "a PNG"},  Magic{"GIF8"sv, "a GIF"},
      Magic{"BM"sv, "a BMP"},      Magic{"II*\0"sv, "a TIFF"}, Magic{"MM\0*"sv, "a TIFF"},
      Magic{"P2"sv, "a PGM"},      Magic{"P5"sv, "a PGM"},     Magic{"P3"sv, "a PPM"},
      Magic{"P6"sv, "a PPM"},      Magic{"<"sv, "text"},       Magic{"\0\0\0\x0cjP"sv, "a JPEG 2000"}};
  if (begin.empty()) return "empty";
  if (begin.starts_with("RIFF") && begin.substr(8).starts_with("WEBP")) return "a WebP";
  for (const Magic &magic : kMagic)
    if (begin.starts_with(magic.begin)) return std::string(magic.name);
  return fmt::format("something that begins with byte {:#04x}", static_cast<std::uint8_t>(begin.front()));
}

Image decode_image(std::string_view bytes, const ScaleRule &rule, const std::string &where) {
  if (bytes.starts_with(kJpegBegin)) return decode_jpeg(bytes, rule, where);
  if (bytes.starts_with(kPngBegin)) return decode_png(bytes, rule, where);
  throw Error(ErrorCode::kInvalidFile, where, fmt::format("is {}; JPEG and PNG files are accepted", looks_like(bytes)));
}

} // namespace pare::train
