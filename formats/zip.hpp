#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace pare::formats {

/// A zip file in memory whose entries are stored, not compressed, as PyTorch writes it (with zip64 where needed).
class Zip {
public:
  /// Reads the directory. Throws Error{kInvalidFile} placed at `where`.
  Zip(std::string_view file, std::string where);

  bool contains(const std::string &name) const { return entries_.contains(name); }
  /// The bytes of an entry, its checksum compared.
  std::string_view read(const std::string &name) const;
  /// What stands before the first / of every name: PyTorch puts all entries in one folder.
  const std::string &folder() const { return folder_; }

private:
  struct Entry {
    std::uint64_t header = 0; ///< offset of its local header
    std::uint64_t bytes = 0;
    std::uint32_t crc = 0;
    std::uint16_t method = 0;
    std::uint16_t flags = 0;
    std::uint64_t compressed = 0;
  };
  std::string_view file_;
  std::string where_;
  std::string folder_;
  std::map<std::string, Entry> entries_;
};

} // namespace pare::formats
