#include "tests/train/weights/files.hpp"

#include "tests/support.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace pare::test {

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "pare-weights-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::write(std::string_view name, std::string_view bytes) const {
  const std::string out = path(name);
  std::ofstream(out, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return out;
}

const Teachers &teachers() {
  static Teachers instance;
  static const bool written = [] {
    const std::string command = fmt::format("'{}' -B -W ignore '{}/tests/train/weights/write_teachers.py' '{}'",
                                            PARE_TORCH_PYTHON, PARE_SOURCE_DIR, instance.folder.path().string());
    if (const int status = std::system(command.c_str()); status != 0)
      throw std::runtime_error(fmt::format("{} ended with {}", command, status));
    instance.expected = nlohmann::json::parse(read_text(instance.folder.path("expected.json")));
    return true;
  }();
  (void)written;
  return instance;
}

} // namespace pare::test
