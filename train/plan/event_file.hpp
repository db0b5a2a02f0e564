#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::train {

/// Records of a TensorBoard event file: TFRecords (length, masked CRC-32C of it, bytes, masked CRC-32C of them), each an Event
/// protocol buffer. These functions make the bytes; the run folder appends them.

/// The first record of a file: its version.
std::string event_file_header(double wall_time_seconds);
/// One event with scalars: tag, value.
std::string event_record(double wall_time_seconds, std::int64_t step,
                         const std::vector<std::pair<std::string, float>> &scalars);

/// CRC-32C (Castagnoli). Of "123456789": 0xe3069283 (RFC 3720, appendix B.4).
std::uint32_t crc32c(std::string_view bytes);

} // namespace pare::train
