#include "base/digest.hpp"

#include "base/error.hpp"

#include <boost/crc.hpp>
#include <fmt/format.h>
#include <sodium/crypto_hash_sha256.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace pare {

namespace {

class Sha256 {
public:
  Sha256() { crypto_hash_sha256_init(&state_); }
  void add(std::string_view bytes) {
    crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
  }
  std::string hex() {
    std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
    crypto_hash_sha256_final(&state_, hash.data());
    std::string out;
    for (const unsigned char byte : hash) out += fmt::format("{:02x}", byte);
    return out;
  }

private:
  crypto_hash_sha256_state state_{};
};

class Crc64 {
public:
  void add(std::string_view bytes) { crc_.process_bytes(bytes.data(), bytes.size()); }
  std::string hex() { return fmt::format("{:016x}", static_cast<std::uint64_t>(crc_.checksum())); }

private:
  boost::crc_optimal<64, 0x42F0E1EBA9EA3693, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, true, true> crc_;
};

template <class Hash>
std::string of_bytes(std::string_view bytes) {
  Hash hash;
  hash.add(bytes);
  return hash.hex();
}

template <class Hash>
std::string of_file(const std::string &path) {
  const auto fail = [&] {
    throw Error(ErrorCode::kIo, path,
                fmt::format("cannot be read: {}; a file that can be read would be accepted", std::strerror(errno)));
  };
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail();           // first: to open a pipe is to wait for who writes it
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) // the latter says so itself
    throw Error(ErrorCode::kIo, path, "is a pipe or a device; a regular file, which can be read twice, would be accepted");
  const std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) fail();
  Hash hash;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) hash.add({buffer.data(), n});
  if (std::ferror(file.get()) != 0) fail();
  return hash.hex();
}

} // namespace

std::string digest(std::string_view bytes, Digest kind) {
  switch (kind) {
  case Digest::kSha256: return of_bytes<Sha256>(bytes);
  case Digest::kCrc64: return of_bytes<Crc64>(bytes);
  }
  return {};
}

std::string digest_of_file(const std::string &path, Digest kind) {
  switch (kind) {
  case Digest::kSha256: return of_file<Sha256>(path);
  case Digest::kCrc64: return of_file<Crc64>(path);
  }
  return {};
}

std::size_t digits_of(Digest kind) {
  switch (kind) {
  case Digest::kSha256: return 2 * crypto_hash_sha256_BYTES;
  case Digest::kCrc64: return 16;
  }
  return 0;
}

Digest kind_of_digest(std::string_view written) {
  return written.size() == digits_of(Digest::kCrc64) ? Digest::kCrc64 : Digest::kSha256;
}

} // namespace pare
