#include "train/data/gzip.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace pare::train {

namespace {

class Inflation {
public:
  Inflation(std::string_view bytes, int window_bits, const std::string &where) : bytes_(bytes), where_(where) {
    if (inflateInit2(&stream_, window_bits) != Z_OK)
      throw Error(ErrorCode::kLimit, where, "there is no memory to unpack it in");
  }
  Inflation(const Inflation &) = delete;
  Inflation &operator=(const Inflation &) = delete;
  ~Inflation() { inflateEnd(&stream_); }

  bool has_ended() const { return ended_; }
  bool has_more_bytes() const { return !bytes_.empty(); }
  /// Behind the end, where another begins.
  void begin_again() {
    inflateReset(&stream_);
    ended_ = false;
  }

  /// Adds at most `most` bytes of what is packed, and never more than some.
  void add_to(std::string &out, std::size_t most) {
    constexpr std::size_t kPiece = std::size_t{1} << 20;
    const std::size_t piece = std::min(most, kPiece);
    const auto given = static_cast<uInt>(std::min<std::size_t>(bytes_.size(), std::numeric_limits<uInt>::max()));
    const std::size_t had = out.size();
    out.resize(had + piece);
    stream_.next_in = const_cast<Bytef *>(reinterpret_cast<const Bytef *>(bytes_.data())); // zlib reads it only
    stream_.avail_in = given;
    stream_.next_out = reinterpret_cast<Bytef *>(out.data() + had);
    stream_.avail_out = static_cast<uInt>(piece);
    const int state = inflate(&stream_, Z_NO_FLUSH);
    out.resize(had + piece - stream_.avail_out);
    bytes_.remove_prefix(given - stream_.avail_in);
    ended_ = state == Z_STREAM_END;
    if (ended_) return;
    if (state == Z_BUF_ERROR || (state == Z_OK && bytes_.empty() && stream_.avail_out > 0))
      throw Error(ErrorCode::kInvalidFile, where_, "ends before what was packed in it does: cut short?");
    if (state != Z_OK)
      throw Error(ErrorCode::kInvalidFile, where_,
                  fmt::format("cannot be unpacked: {}", stream_.msg != nullptr ? stream_.msg : "it is damaged"));
  }

private:
  std::string_view bytes_;
  const std::string &where_;
  z_stream stream_{};
  bool ended_ = false;
};

} // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string gunzip(std::string_view bytes, std::size_t most, const std::string &where) {
  constexpr int kGzip = 16 + MAX_WBITS;
  Inflation inflation(bytes, kGzip, where);
  std::string out;
  while (!inflation.has_ended() || inflation.has_more_bytes()) {
    if (inflation.has_ended()) inflation.begin_again(); // another member
    inflation.add_to(out, std::numeric_limits<std::size_t>::max());
    if (out.size() > most)
      throw Error(ErrorCode::kLimit, where, fmt::format("unpacks to more than {} bytes, which is all that is read", most));
  }
  return out;
}

std::string inflate_first(std::string_view bytes, std::size_t count, const std::string &where) {
  Inflation inflation(bytes, MAX_WBITS, where);
  std::string out;
  while (!inflation.has_ended() && out.size() < count) inflation.add_to(out, count - out.size());
  return out;
}

} // namespace pare::train
