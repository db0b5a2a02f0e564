#pragma once

// Files of weights for tests: a folder that goes away, and what real PyTorch wrote.

#include "formats/fit.hpp"
#include "formats/tensor_file.hpp"

#include "tests/support.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pare::test {

/// A fresh folder, removed at the end.
class Folder {
public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "pare-weights-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  std::string path(std::string_view name) const { return (path_ / name).string(); }
  const std::filesystem::path &path() const { return path_; }
  std::string write(std::string_view name, std::string_view bytes) const {
    const std::string out = path(name);
    std::ofstream(out, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return out;
  }

private:
  std::filesystem::path path_;
};

/// What `action` throws, as one line: "[invalid_file] f/header: ..."; "" where it throws nothing.
template <class Action>
std::string fault(Action &&action) {
  try {
    action();
    return "";
  } catch (const Error &error) {
    return error.what();
  }
}

/// A tensor of plain numbers.
template <class T>
formats::TensorBytes tensor(formats::Dtype dtype, std::vector<std::int64_t> sizes, const std::vector<T> &values) {
  return formats::make_tensor(dtype, std::move(sizes),
                              std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)));
}

/// A file of tensors of these names and sizes, and of no bytes: as far as a fit goes.
inline formats::TensorFile file_of(const formats::NamedSizes &tensors) {
  formats::TensorFile out;
  out.format = "torch zip";
  for (const auto &[name, sizes] : tensors) {
    out.tensors[name].sizes = sizes;
    out.order.push_back(name);
  }
  return out;
}

inline std::vector<double> values_of(const formats::TensorBytes &tensor) {
  std::vector<double> out;
  for (std::size_t i = 0; i < tensor.bytes.size() / size_of(tensor.dtype); ++i) out.push_back(real_at(tensor, i));
  return out;
}

/// Files that PyTorch writes and Pare reads: the keys of write_teachers.py's expected.json.
inline const std::vector<std::string> kTeachers = {"reference.t7", "parallel.pt", "bare.pth",  "nested.pt",
                                                   "inert.pt",     "inert2.t7",   "inert4.t7", "plain.safetensors"};

/// Files beside them that call something when they are unpickled, and what.
struct Caller {
  const char *file;
  const char *name;
};
inline constexpr Caller kCallers[] = {
    {"system.t7", "posix.system"},   // GLOBAL
    {"eval.t7", "builtins.eval"},    // STACK_GLOBAL, of protocol 4
    {"eval.pt", "__builtin__.eval"}, // GLOBAL, the name of protocol 2, in a zip file
};

/// That a file is refused with the name of what it calls.
inline void expect_caller_refused(const std::string &path, const std::string &name) {
  EXPECT_EQ(fault([&] { formats::read_tensor_file(path); }),
            "[invalid_file] " + path + ": the pickle asks for " + name +
                "; only tensors, numbers, texts, lists, tuples and dictionaries are read, such as a state dict");
}

/// That a file holds what expected.json says of it.
inline void expect_file(const formats::TensorFile &read, const nlohmann::ordered_json &expected, const std::string &file) {
  EXPECT_EQ(read.format, expected["format"]) << file;
  EXPECT_EQ(read.tensors.size(), expected["tensors"].size()) << file;
  for (const auto &[name, tensor] : expected["tensors"].items()) {
    ASSERT_TRUE(read.tensors.contains(name)) << file << ": " << name;
    const formats::TensorBytes &found = read.tensors.at(name);
    EXPECT_EQ(name_of(found.dtype), tensor["dtype"]) << file << ": " << name;
    EXPECT_EQ(found.sizes, tensor["sizes"].get<std::vector<std::int64_t>>()) << file << ": " << name;
    EXPECT_EQ(values_of(found), tensor["values"].get<std::vector<double>>()) << file << ": " << name;
  }
  EXPECT_EQ(read.metadata.size(), expected["metadata"].size()) << file;
  for (const auto &[key, text] : expected["metadata"].items()) {
    ASSERT_TRUE(read.metadata.contains(key)) << file << ": " << key;
    // A checkpoint's are JSON.
    if (read.format == "safetensors")
      EXPECT_EQ(read.metadata.at(key), text.get<std::string>()) << file;
    else
      EXPECT_EQ(nlohmann::json::parse(read.metadata.at(key)), nlohmann::json::parse(text.get<std::string>()))
          << file << ": " << key;
  }
}

} // namespace pare::test
