#include "formats/zip.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <boost/crc.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace pare::formats {

namespace {

// Signatures, sizes and offsets as in PKWARE's APPNOTE 6.3, sections 4.3.7 to 4.3.16.
constexpr std::string_view kLocalHeader = "PK\x03\x04";
constexpr std::string_view kCentralHeader = "PK\x01\x02";
constexpr std::string_view kEnd = "PK\x05\x06";
constexpr std::string_view kEnd64 = "PK\x06\x06";
constexpr std::string_view kLocator64 = "PK\x06\x07";
constexpr std::size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr std::size_t kMaxCommentBytes = 0xffff;
constexpr std::uint32_t kIn64 = 0xffffffff;   ///< the value is in the zip64 fields
constexpr std::uint16_t kZip64Extra = 0x0001; ///< header id of an extra field

template <class T>
T number(std::string_view bytes, std::size_t at) {
  T out{};
  std::memcpy(&out, bytes.data() + at, sizeof(T));
  return out;
}

/// `bytes` bytes of the file from `at` on; empty where it ends before.
std::string_view part(std::string_view file, std::uint64_t at, std::uint64_t bytes) {
  if (at > file.size() || bytes > file.size() - at) return {};
  return file.substr(at, bytes);
}

struct Directory {
  std::uint64_t entries = 0, bytes = 0, offset = 0;
};

Directory find_directory(std::string_view file, const std::string &where) {
  const auto fail = [&](const std::string &message) {
    return Error(ErrorCode::kInvalidFile, where, fmt::format("{}; is the file truncated?", message));
  };
  const std::size_t searched = std::min(file.size(), kEndBytes + kMaxCommentBytes);
  const std::size_t at = file.substr(file.size() - searched).rfind(kEnd);
  const std::size_t end_at = file.size() - searched + at;
  if (at == std::string_view::npos || file.size() - end_at < kEndBytes) throw fail("its zip directory's end is missing");
  const std::string_view end = file.substr(end_at, kEndBytes);
  Directory out{.entries = number<std::uint16_t>(end, 10),
                .bytes = number<std::uint32_t>(end, 12),
                .offset = number<std::uint32_t>(end, 16)};
  if (end_at >= kLocatorBytes && file.substr(end_at - kLocatorBytes).starts_with(kLocator64)) {
    const std::string_view end64 = part(file, number<std::uint64_t>(file, end_at - kLocatorBytes + 8), kEnd64Bytes);
    if (!end64.starts_with(kEnd64)) throw fail("its zip64 directory's end is missing");
    out = {.entries = number<std::uint64_t>(end64, 32),
           .bytes = number<std::uint64_t>(end64, 40),
           .offset = number<std::uint64_t>(end64, 48)};
  }
  if (out.offset > file.size() || out.bytes > file.size() - out.offset) throw fail("its zip directory is outside the file");
  return out;
}

} // namespace

Zip::Zip(std::string_view file, std::string where) : file_(file), where_(std::move(where)) {
  const auto fail = [&](const std::string &message) { return Error(ErrorCode::kInvalidFile, where_, message); };
  const Directory directory = find_directory(file_, where_);
  std::string_view rest = file_.substr(directory.offset, directory.bytes);
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    if (rest.size() < kCentralBytes || !rest.starts_with(kCentralHeader))
      throw fail(fmt::format("its zip directory is damaged at entry {}", i));
    Entry entry{.header = number<std::uint32_t>(rest, 42),
                .bytes = number<std::uint32_t>(rest, 24),
                .crc = number<std::uint32_t>(rest, 16),
                .method = number<std::uint16_t>(rest, 10),
                .flags = number<std::uint16_t>(rest, 8),
                .compressed = number<std::uint32_t>(rest, 20)};
    const std::size_t name_bytes = number<std::uint16_t>(rest, 28);
    const std::size_t extra_bytes = number<std::uint16_t>(rest, 30);
    const std::size_t total = kCentralBytes + name_bytes + extra_bytes + number<std::uint16_t>(rest, 32);
    if (rest.size() < total) throw fail(fmt::format("its zip directory ends in entry {}", i));
    const std::string name(rest.substr(kCentralBytes, name_bytes));
    for (std::string_view extra = rest.substr(kCentralBytes + name_bytes, extra_bytes); extra.size() >= 4;) {
      const std::size_t bytes = number<std::uint16_t>(extra, 2);
      if (bytes > extra.size() - 4) throw fail(fmt::format("the extra fields of {} are damaged", shown(name)));
      if (number<std::uint16_t>(extra, 0) == kZip64Extra) {
        // Only what did not fit is there, in this order.
        std::string_view fields = extra.substr(4, bytes);
        for (std::uint64_t *value : {&entry.bytes, &entry.compressed, &entry.header}) {
          if (*value != kIn64) continue;
          if (fields.size() < 8) throw fail(fmt::format("the zip64 fields of {} are damaged", shown(name)));
          *value = number<std::uint64_t>(fields, 0);
          fields.remove_prefix(8);
        }
      }
      extra.remove_prefix(4 + bytes);
    }
    if (!entries_.emplace(name, entry).second) throw fail(fmt::format("has {} twice", shown(name)));
    if (i == 0) folder_ = name.substr(0, name.find('/'));
    rest.remove_prefix(total);
  }
}

std::string_view Zip::read(const std::string &name) const {
  const auto fail = [&](const std::string &message) {
    return Error(ErrorCode::kInvalidFile, where_, fmt::format("{} {}", shown(name), message));
  };
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw fail("is not in the zip file");
  const Entry &entry = found->second;
  constexpr std::uint16_t kEncrypted = 1;
  if (entry.method != 0 || entry.compressed != entry.bytes || (entry.flags & kEncrypted) != 0)
    throw fail("is compressed or encrypted; stored entries, as torch.save writes them, would be accepted");
  const std::string_view header = part(file_, entry.header, kLocalBytes);
  if (!header.starts_with(kLocalHeader)) throw fail("has no header where the zip directory says; is the file truncated?");
  const std::uint64_t name_bytes = number<std::uint16_t>(header, 26);
  const std::uint64_t skipped = kLocalBytes + name_bytes + number<std::uint16_t>(header, 28);
  if (part(file_, entry.header + kLocalBytes, name_bytes) != name) throw fail("has another name in its own header");
  const std::uint64_t begin = entry.header + skipped; // inside the file's size plus two short numbers
  if (begin > file_.size() || entry.bytes > file_.size() - begin) throw fail("is longer than the file; is the file truncated?");
  const std::string_view bytes = file_.substr(begin, entry.bytes);
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  if (crc.checksum() != entry.crc)
    throw fail("has another checksum than the zip directory says: the file is damaged, or was saved without checksums "
               "(torch.serialization.set_crc32_options(False)); saved with them it would be accepted");
  return bytes;
}

} // namespace pare::formats
