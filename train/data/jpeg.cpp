#include "train/data/jpeg.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace pare::train {

namespace {

struct Destroy {
  void operator()(void *handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, Destroy>;

struct Free {
  void operator()(unsigned char *bytes) const { tjFree(bytes); }
};

const unsigned char *bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char *>(text.data()); }

[[noreturn]] void fail(const std::string &where, const std::string &message) {
  throw Error{ErrorCode::kInvalidFile, where, message};
}

/// What libjpeg-turbo last complained of, in one line.
std::string complaint(tjhandle handle) {
  std::string text = tjGetErrorStr2(handle);
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

/// Whether what was decoded is whole all the same. libjpeg goes on after each of its warnings, and TurboJPEG tells the first.
bool is_harmless(tjhandle handle) {
  if (tjGetErrorCode(handle) != TJERR_WARNING) return false;
  const std::string_view text = tjGetErrorStr2(handle);
  if (text.find("extraneous bytes") != text.npos) return true;
  return text.find("Corrupt JPEG data") == text.npos && text.find("Premature end") == text.npos;
}

/// As Pillow: CMYK in files is inverted, and a colour is what its ink and black leave of white.
void cmyk_to_rgb(const std::vector<std::uint8_t> &cmyk, std::vector<std::uint8_t> &rgb) {
  for (std::size_t i = 0; i < cmyk.size() / 4; ++i) {
    const int light = cmyk[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      const int product = (255 - cmyk[4 * i + c]) * light + 128;
      rgb[3 * i + c] = static_cast<std::uint8_t>(std::clamp(light - (((product >> 8) + product) >> 8), 0, 255));
    }
  }
}

} // namespace

Image decode_jpeg(std::string_view bytes, const ScaleRule &rule, const std::string &where) {
  const Handle handle(tjInitDecompress());
  if (!handle) throw std::bad_alloc();
  int width = 0, height = 0, subsampling = -1, colours = -1;
  const int header = tjDecompressHeader3(handle.get(), bytes_of(bytes), bytes.size(), &width, &height, &subsampling, &colours);
  // TurboJPEG has no name for some ways to subsample, which decode all the same.
  const bool known = width > 0 && height > 0 && colours >= 0;
  if (!known)
    fail(where, fmt::format("the JPEG's header cannot be read: {}", header != 0 ? complaint(handle.get()) : "it has no image"));
  if (std::int64_t{width} * height > kMaxPixels)
    fail(where, fmt::format("{} x {} pixels; {} at most are accepted", width, height, kMaxPixels));

  const double least = rule(height, width);
  // The scales between these are not vectorised: each takes longer than the next larger one of these.
  int denominator = 1;
  while (denominator < 8 && 1.0 / (2 * denominator) >= least) denominator *= 2;

  const auto scaled = [&](int extent) { return (extent + denominator - 1) / denominator; };
  Image image{.height = scaled(height), .width = scaled(width), .full_height = height, .full_width = width, .pixels = {}};
  const std::size_t count = static_cast<std::size_t>(image.height * image.width);
  const bool cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  std::vector<std::uint8_t> raw(count * (cmyk ? 4 : 3));
  const int result = tjDecompress2(handle.get(), bytes_of(bytes), bytes.size(), raw.data(), scaled(width), 0, scaled(height),
                                   cmyk ? TJPF_CMYK : TJPF_RGB, TJFLAG_LIMITSCANS);
  if (result != 0 && !is_harmless(handle.get())) fail(where, fmt::format("the JPEG is damaged: {}", complaint(handle.get())));
  if (cmyk) {
    image.pixels.resize(count * 3);
    cmyk_to_rgb(raw, image.pixels);
  } else {
    image.pixels = std::move(raw);
  }
  return image;
}

std::string encode_jpeg(const Image &image, int quality) {
  const Handle handle(tjInitCompress());
  if (!handle) throw std::bad_alloc();
  unsigned char *data = nullptr;
  unsigned long size = 0;
  const int result = tjCompress2(handle.get(), image.pixels.data(), static_cast<int>(image.width), 0,
                                 static_cast<int>(image.height), TJPF_RGB, &data, &size, TJSAMP_444, quality, 0);
  const std::unique_ptr<unsigned char, Free> owner(data);
  if (result != 0)
    throw Error{ErrorCode::kInvalidValue, "jpeg",
                fmt::format("{} x {} pixels at quality {} cannot be encoded: {}", image.width, image.height, quality,
                            complaint(handle.get()))};
  return {reinterpret_cast<const char *>(data), size};
}

} // namespace pare::train
