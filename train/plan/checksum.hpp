#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pare::train {

/// CRC-64/XZ (ECMA-182, reflected) in 16 hexadecimal digits. Of "123456789": 995dc9bbdf1939fa.
std::string crc64(std::string_view bytes);
/// Of a whole file, read in pieces. Throws Error{kIo} placed at the path.
std::string crc64_of_file(const std::string &path);

} // namespace pare::train
