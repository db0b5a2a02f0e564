#include "train/plan/event_file.hpp"

#include <boost/crc.hpp>

#include <bit>

namespace pare::train {

namespace {

void put_little_endian(std::string &out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

void put_varint(std::string &out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

// Fields of protocol buffers: the key is (number << 3) | wire type.
void put_double(std::string &out, std::uint64_t field, double value) {
  put_varint(out, field << 3 | 1);
  put_little_endian(out, std::bit_cast<std::uint64_t>(value), 8);
}
void put_float(std::string &out, std::uint64_t field, float value) {
  put_varint(out, field << 3 | 5);
  put_little_endian(out, std::bit_cast<std::uint32_t>(value), 4);
}
void put_int(std::string &out, std::uint64_t field, std::int64_t value) {
  put_varint(out, field << 3);
  put_varint(out, static_cast<std::uint64_t>(value));
}
void put_bytes(std::string &out, std::uint64_t field, std::string_view value) {
  put_varint(out, field << 3 | 2);
  put_varint(out, value.size());
  out += value;
}

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

std::string record(std::string_view event) {
  std::string out;
  put_little_endian(out, event.size(), 8);
  put_little_endian(out, masked(crc32c(out)), 4);
  out += event;
  put_little_endian(out, masked(crc32c(event)), 4);
  return out;
}

} // namespace

std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

// Event: 1 wall_time double, 2 step int64, 3 file_version string, 5 summary; Summary: 1 value; Value: 1 tag string, 2
// simple_value float.
std::string event_file_header(double wall_time_seconds) {
  std::string event;
  put_double(event, 1, wall_time_seconds);
  put_bytes(event, 3, "brain.Event:2");
  return record(event);
}

std::string event_record(double wall_time_seconds, std::int64_t step,
                         const std::vector<std::pair<std::string, float>> &scalars) {
  std::string summary;
  for (const auto &[tag, value] : scalars) {
    std::string entry;
    put_bytes(entry, 1, tag);
    put_float(entry, 2, value);
    put_bytes(summary, 1, entry);
  }
  std::string event;
  put_double(event, 1, wall_time_seconds);
  put_int(event, 2, step);
  put_bytes(event, 5, summary);
  return record(event);
}

} // namespace pare::train
