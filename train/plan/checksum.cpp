#include "train/plan/checksum.hpp"

#include "analysis/error.hpp"

#include <boost/crc.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace pare::train {

namespace {

using Crc64 = boost::crc_optimal<64, 0x42F0E1EBA9EA3693, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, true, true>;

std::string hex(const Crc64 &crc) { return fmt::format("{:016x}", static_cast<std::uint64_t>(crc.checksum())); }

} // namespace

std::string crc64(std::string_view bytes) {
  Crc64 crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return hex(crc);
}

std::string crc64_of_file(const std::string &path) {
  const auto fail = [&] {
    throw Error(ErrorCode::kIo, path,
                fmt::format("cannot be read: {}; a file that can be read would be accepted", std::strerror(errno)));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) fail();
  Crc64 crc;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) crc.process_bytes(buffer.data(), n);
  if (std::ferror(file.get()) != 0) fail();
  return hex(crc);
}

} // namespace pare::train
