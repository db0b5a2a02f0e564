#include "analysis/text_file.hpp"

#include "analysis/error.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace pare {

std::string read_text(const std::string &path, const std::string &where) {
  const auto fail = [&] {
    throw Error(ErrorCode::kIo, where,
                "cannot read \"" + path + "\": " + std::strerror(errno) + "; a file that can be read would be accepted");
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) fail();
  std::string text;
  char buffer[1 << 16];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, file.get())) text.append(buffer, n);
  if (std::ferror(file.get()) != 0) fail();
  return text;
}

} // namespace pare
