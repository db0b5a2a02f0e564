#pragma once

// Files of weights for tests: a folder that goes away, and what real PyTorch writes.

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace pare::test {

/// A fresh folder, removed at the end.
class Folder {
public:
  Folder();
  ~Folder();
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  std::string path(std::string_view name) const { return (path_ / name).string(); }
  const std::filesystem::path &path() const { return path_; }
  std::string write(std::string_view name, std::string_view bytes) const;

private:
  std::filesystem::path path_;
};

/// What write_teachers.py wrote; it runs once, when it is first asked for.
struct Teachers {
  Folder folder;
  nlohmann::json expected;
};
const Teachers &teachers();

} // namespace pare::test
