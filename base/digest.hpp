#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pare {

/// How files are told apart.
enum class Digest : std::uint8_t {
  kSha256, ///< FIPS 180-4, 64 hexadecimal digits. Of "abc": ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61
           ///< f20015ad
  kCrc64,  ///< CRC-64/XZ (ECMA-182, reflected), 16 digits. Of "123456789": 995dc9bbdf1939fa. What Pare wrote before; read only.
};

/// Hexadecimal, lower case.
std::string digest(std::string_view bytes, Digest kind = Digest::kSha256);
/// Of a whole file, read in pieces. Throws Error{kIo} placed at the path, also where it is a pipe or a device: who digests a
/// file reads it once more, and a device may have no end.
std::string digest_of_file(const std::string &path, Digest kind = Digest::kSha256);

/// Digits of one: 64 or 16.
std::size_t digits_of(Digest kind);
/// Which kind a written digest is of: by its length, kSha256 for any other.
Digest kind_of_digest(std::string_view written);

} // namespace pare
