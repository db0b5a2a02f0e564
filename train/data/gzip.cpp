#include "train/data/gzip.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace pare::train {

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string gunzip(std::string_view bytes, std::size_t most, const std::string &where) {
  constexpr int kGzip = 16 + MAX_WBITS;
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  z_stream stream{};
  if (inflateInit2(&stream, kGzip) != Z_OK) throw Error(ErrorCode::kLimit, where, "there is no memory to unpack it in");
  struct End {
    z_stream &stream;
    ~End() { inflateEnd(&stream); }
  } end{stream};
  std::string out;
  int state = Z_OK;
  while (state != Z_STREAM_END || !bytes.empty()) {
    if (state == Z_STREAM_END) inflateReset(&stream); // another member
    const auto given = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max()));
    const std::size_t had = out.size();
    out.resize(had + kPiece);
    stream.next_in = const_cast<Bytef *>(reinterpret_cast<const Bytef *>(bytes.data())); // zlib reads it only
    stream.avail_in = given;
    stream.next_out = reinterpret_cast<Bytef *>(out.data() + had);
    stream.avail_out = static_cast<uInt>(kPiece);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(had + kPiece - stream.avail_out);
    bytes.remove_prefix(given - stream.avail_in);
    if (out.size() > most)
      throw Error(ErrorCode::kLimit, where, fmt::format("unpacks to more than {} bytes, which is all that is read", most));
    if (state == Z_STREAM_END) continue;
    if (state == Z_BUF_ERROR || (state == Z_OK && bytes.empty() && stream.avail_out > 0))
      throw Error(ErrorCode::kInvalidFile, where, "ends before what was packed in it does: cut short?");
    if (state != Z_OK)
      throw Error(ErrorCode::kInvalidFile, where,
                  fmt::format("cannot be unpacked: {}", stream.msg != nullptr ? stream.msg : "it is damaged"));
  }
  return out;
}

} // namespace pare::train
