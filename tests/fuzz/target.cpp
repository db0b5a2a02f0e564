// What libFuzzer calls for each input.

#include "tests/fuzz/fuzz.hpp"

#include <cstdio>
#include <cstdlib>

namespace pare::fuzz {

void fail(std::string_view what, std::string_view detail) {
  std::fprintf(stderr, "fuzz: %.*s%s%.*s\n", static_cast<int>(what.size()), what.data(), detail.empty() ? "" : ": ",
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

} // namespace pare::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace pare;
  constexpr std::size_t kMostBytes = 2000; // of a line that somebody is to read
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  try {
    fuzz::read(bytes);
  } catch (const Error &error) {
    const std::string_view line = error.what();
    if (line.find('\n') != line.npos) fuzz::fail("a fault of more than one line", line);
    if (line.size() > kMostBytes) fuzz::fail("a fault that is too long to be read", line);
    constexpr std::string_view kForeign = "json.exception"; // how nlohmann_json's own begin
    if (line.find(kForeign) != line.npos && bytes.find(kForeign) == bytes.npos)
      fuzz::fail("a fault in words that are not ours", line);
    if (error.message().empty()) fuzz::fail("a fault that says nothing", line);
  }
  return 0;
}
