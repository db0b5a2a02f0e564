#include "train/plan/event_file.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pare::train {
namespace {

/// Bytes from hexadecimal digits; spaces are for the reader.
std::string bytes(std::string_view hex) {
  std::string digits;
  for (char c : hex)
    if (c != ' ') digits += c;
  std::string out;
  for (std::size_t i = 0; i < digits.size(); i += 2) out += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return out;
}

// RFC 3720, appendix B.4.
TEST(Crc32c, GivesItsKnownAnswers) {
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c(rising), 0x46dd794eU);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

// TFRecord: length (8 bytes, little-endian), its masked CRC-32C, the event, its masked CRC-32C; masked(c) = (c rotated right by
// 15) + 0xa282ead8. The checksums below are those of a bitwise CRC-32C in another language. Event: 09 = field 1 as a
// double: 1.5 = 3ff8 0000 0000 0000; 1a = field 3 as bytes, 13 of them.
TEST(EventFile, BeginsWithItsVersion) {
  EXPECT_EQ(event_file_header(1.5), bytes("1800000000000000 a37f4b22"
                                          "09 000000000000f83f"
                                          "1a 0d 627261696e2e4576656e743a32" // brain.Event:2
                                          "2a28646c"));
}

// 10 = field 2 as a varint: 300 = 0b10'0101100 = ac 02; 2a = field 5, a summary of 25 bytes: two values (0a), each with a tag
// (0a) and a float (15): 0.25 = 3e800000, -2 = c0000000.
TEST(EventFile, HoldsScalars) {
  EXPECT_EQ(event_record(1.5, 300, {{"a/loss", 0.25F}, {"b", -2.0F}}), bytes("2700000000000000 bbe1b146"
                                                                             "09 000000000000f83f"
                                                                             "10 ac02"
                                                                             "2a 19"
                                                                             "0a 0d 0a 06 612f6c6f7373 15 0000803e"
                                                                             "0a 08 0a 01 62 15 000000c0"
                                                                             "bb95ebc2"));
}

} // namespace
} // namespace pare::train
