#pragma once

// A folder for targets whose readers take one.

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace pare::fuzz {

/// Made empty, of this process alone; removed in the end. `links`: other names of files in it, as (name, file).
class Folder {
public:
  Folder(const std::string &name, std::initializer_list<std::pair<const char *, const char *>> links)
      : path_(std::filesystem::temp_directory_path() / ("pare-fuzz-" + name + "." + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
    for (const auto &[link, file] : links) std::filesystem::create_symlink(file, path_ / link);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  void write(const char *name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  void remove(const char *name) const { std::filesystem::remove(path_ / name); }
  std::string text() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

} // namespace pare::fuzz
