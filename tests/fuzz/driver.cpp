// Runs a target over files and folders of files: for compilers that have no libFuzzer, whose own main does the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

int main(int argc, char **argv) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (const char *argument : std::vector<const char *>(argv + 1, argv + argc)) {
    if (fs::is_directory(argument))
      std::copy(fs::directory_iterator(argument), {}, std::back_inserter(files));
    else
      files.emplace_back(argument);
  }
  std::sort(files.begin(), files.end());
  for (const fs::path &file : files) {
    std::printf("%s\n", file.c_str());
    std::fflush(stdout); // the last one is the one that fails
    std::ifstream in(file, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    if (!in) {
      std::fprintf(stderr, "cannot be read\n");
      return 1;
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size());
  }
  if (files.empty()) {
    std::fprintf(stderr, "usage: %s FILE_OR_FOLDER...; there is no file\n", argv[0]);
    return 1;
  }
}
