#include "train/data/png.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "train/data/gzip.hpp"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace pare::train {

namespace {

/// libpng leaves by longjmp where something is wrong. It does so inside guarded() only, over frames of its own and of steps,
/// which keep nothing that would have to be destroyed.
class PngReader {
public:
  explicit PngReader(std::string_view bytes) : rest_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &PngReader::fail, [](png_structp, png_const_charp) {});
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  PngReader(const PngReader &) = delete;
  PngReader &operator=(const PngReader &) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  /// Whether it went well.
  template <class Step>
  bool guarded(const Step &step) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    step(png_, info_);
    return true;
  }

  const char *complaint() const { return complaint_.data(); }

  static void give(png_structp png, png_bytep to, std::size_t count) {
    auto &rest = static_cast<PngReader *>(png_get_io_ptr(png))->rest_;
    if (rest.size() < count) png_error(png, "it is cut short");
    std::memcpy(to, rest.data(), count);
    rest.remove_prefix(count);
  }

private:
  [[noreturn]] static void fail(png_structp png, png_const_charp text) {
    auto *self = static_cast<PngReader *>(png_get_error_ptr(png));
    std::strncpy(self->complaint_.data(), text, self->complaint_.size() - 1);
    png_longjmp(png, 1);
  }

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::string_view rest_;
  std::array<char, 200> complaint_{};
};

struct PngHeader {
  png_uint_32 width = 0, height = 0;
  int depth = 0, colour = 0;
};

/// How the bytes of a row become colours.
enum class RowKind {
  kColours, ///< they are
  kGrey,
  kWideGrey, ///< two bytes each, the upper one first
  kPalette,
};

} // namespace

Image decode_png(std::string_view bytes, const ScaleRule &rule, const std::string &where) {
  PngReader reader(bytes);
  const auto refuse = [&](const std::string &message) { throw Error(ErrorCode::kInvalidFile, where, message); };
  const auto damaged = [&] { refuse(fmt::format("the PNG is damaged: {}", one_line(reader.complaint()))); };

  PngHeader header;
  if (!reader.guarded([&](png_structp png, png_infop info) {
        png_set_read_fn(png, &reader, &PngReader::give);
        png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // kMaxPixels is ours
        png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
        png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1); // texts, gamma and profiles are not unpacked
        png_read_info(png, info);
        png_get_IHDR(png, info, &header.width, &header.height, &header.depth, &header.colour, nullptr, nullptr, nullptr);
      }))
    damaged();
  const std::int64_t height = header.height, width = header.width;
  if (height > kMaxPixels / width) refuse(fmt::format("{} x {} pixels; {} at most are accepted", width, height, kMaxPixels));

  const std::int64_t packed_row = (width * header.depth + 7) / 8; // of one channel, at least
  if (packed_row * height / static_cast<std::int64_t>(kMostPerByte) > static_cast<std::int64_t>(bytes.size()))
    refuse(fmt::format("says that it is {} x {} pixels, which {} bytes cannot hold: cut short?", width, height, bytes.size()));
  rule(height, width);

  RowKind kind = RowKind::kColours;
  std::array<std::array<std::uint8_t, 3>, 256> palette{};
  std::size_t row_bytes = 0;
  int passes = 1;
  if (!reader.guarded([&](png_structp png, png_infop info) {
        if (header.colour == PNG_COLOR_TYPE_PALETTE) {
          kind = RowKind::kPalette;
          png_set_packing(png); // one byte each
          png_colorp colours = nullptr;
          int count = 0;
          png_get_PLTE(png, info, &colours, &count);
          for (int i = 0; i < count; ++i)
            palette[static_cast<std::size_t>(i)] = {colours[i].red, colours[i].green, colours[i].blue};
        } else if (header.colour == PNG_COLOR_TYPE_GRAY && header.depth == 16) {
          kind = RowKind::kWideGrey;
        } else {
          if ((header.colour & PNG_COLOR_MASK_COLOR) == 0) kind = RowKind::kGrey;
          if (header.depth < 8) png_set_expand_gray_1_2_4_to_8(png);
          png_set_strip_16(png);
          png_set_strip_alpha(png);
        }
        passes = png_set_interlace_handling(png);
        png_read_update_info(png, info);
        row_bytes = png_get_rowbytes(png, info);
      }))
    damaged();

  Image image{.height = height, .width = width, .full_height = height, .full_width = width, .pixels = {}};
  std::vector<std::uint8_t> rows(row_bytes * static_cast<std::size_t>(height));
  if (!reader.guarded([&](png_structp png, png_infop) {
        for (int pass = 0; pass < passes; ++pass)
          for (std::int64_t y = 0; y < height; ++y)
            png_read_row(png, rows.data() + static_cast<std::size_t>(y) * row_bytes, nullptr);
        png_read_end(png, nullptr);
      }))
    damaged();
  if (kind == RowKind::kColours) {
    image.pixels = std::move(rows);
    return image;
  }
  if (kind != RowKind::kPalette)
    for (std::size_t grey = 0; grey < palette.size(); ++grey) palette[grey].fill(static_cast<std::uint8_t>(grey));
  const auto count = static_cast<std::size_t>(height * width);
  image.pixels.resize(3 * count);
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_above = kind == RowKind::kWideGrey && rows[2 * i] != 0;
    const std::size_t value = is_above ? 255 : kind == RowKind::kWideGrey ? rows[2 * i + 1] : rows[i];
    std::copy_n(palette[value].data(), 3, image.pixels.data() + 3 * i);
  }
  return image;
}

} // namespace pare::train
