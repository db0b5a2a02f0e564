#include "train/data/mat.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "train/data/gzip.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace pare::train {

namespace {

// Types of elements.
constexpr std::uint32_t kInt8 = 1, kUint8 = 2, kInt16 = 3, kUint16 = 4, kInt32 = 5, kUint32 = 6, kSingle = 7, kDouble = 9,
                        kInt64 = 12, kUint64 = 13, kMatrix = 14, kCompressed = 15;
// Classes of arrays: cell, struct, object, char and sparse are before double, uint8 is one of the integers, int8 to uint64.
constexpr std::uint32_t kClassDouble = 6, kClassUint8 = 9, kClassUint64 = 15;

constexpr std::size_t kMatHeader = 128;
constexpr std::size_t kTag = 8;
constexpr std::uint64_t kMostNumbers = std::uint64_t{1} << 24; ///< that are no bytes, of which each takes 8

struct Element {
  std::uint32_t type = 0;
  std::string_view data;
};

/// Elements behind each other, in the file or in one of them.
class Elements {
public:
  Elements(std::string_view rest, bool swapped, const std::string &where) : rest_(rest), swapped_(swapped), where_(where) {}

  bool has_more() const { return !rest_.empty(); }

  Element next() {
    if (rest_.size() < kTag) fail("is cut short, or damaged: an element has no whole tag");
    const auto first = number<std::uint32_t>(rest_);
    // Up to four bytes of data may stand in the tag itself.
    if (const std::uint32_t bytes = first >> 16; bytes != 0) {
      if (bytes > 4)
        fail(fmt::format("is damaged: an element has {} bytes in its tag, "
                         "where there is room for 4",
                         bytes));
      Element out{.type = first & 0xffff, .data = rest_.substr(4, bytes)};
      rest_.remove_prefix(kTag);
      return out;
    }
    const std::size_t bytes = number<std::uint32_t>(rest_.substr(4));
    rest_.remove_prefix(kTag);
    if (bytes > rest_.size())
      fail(fmt::format("is cut short, or damaged: an element says that it has "
                       "{} bytes, and {} are left",
                       bytes, rest_.size()));
    Element out{.type = first, .data = rest_.substr(0, bytes)};
    const std::size_t padded = first == kCompressed ? bytes : (bytes + 7) / 8 * 8;
    rest_.remove_prefix(std::min(padded, rest_.size()));
    return out;
  }

  /// The number that `bytes`, long enough, begin with.
  template <class T>
  T number(std::string_view bytes) const {
    std::array<char, sizeof(T)> raw{};
    std::copy_n(bytes.data(), sizeof(T), raw.data());
    if (swapped_) std::reverse(raw.begin(), raw.end());
    return std::bit_cast<T>(raw);
  }

  [[noreturn]] void fail(const std::string &message) const { throw Error(ErrorCode::kInvalidFile, where_, message); }

private:
  std::string_view rest_;
  bool swapped_;
  const std::string &where_;
};

struct MatrixHeader {
  std::uint32_t kind = 0; ///< class
  bool is_complex = false;
  std::vector<std::int64_t> sizes;
  std::string name;
};

/// What a matrix begins with.
MatrixHeader read_header(Elements &elements) {
  MatrixHeader out;
  const Element flags = elements.next();
  if (flags.type != kUint32 || flags.data.size() != 8) elements.fail("is damaged: an array does not begin with its flags");
  const auto word = elements.number<std::uint32_t>(flags.data);
  out.kind = word & 0xff;
  out.is_complex = (word & 0x0800) != 0;
  const Element sizes = elements.next();
  if (sizes.type != kInt32 || sizes.data.size() < 8 || sizes.data.size() % 4 != 0)
    elements.fail("is damaged: an array has no sizes behind its flags");
  for (std::size_t i = 0; i < sizes.data.size(); i += 4) {
    out.sizes.push_back(elements.number<std::int32_t>(sizes.data.substr(i)));
    if (out.sizes.back() < 0) elements.fail(fmt::format("is damaged: an array has a size of {}", out.sizes.back()));
  }
  const Element name = elements.next();
  if (name.type != kInt8) elements.fail("is damaged: an array has no name behind its sizes");
  out.name = name.data;
  return out;
}

template <class T>
void add_values(std::vector<double> &out, const Elements &elements, std::string_view data) {
  for (std::size_t i = 0; i < data.size(); i += sizeof(T))
    out.push_back(static_cast<double>(elements.number<T>(data.substr(i))));
}

/// How each type of numbers is read.
struct NumberType {
  std::uint32_t type;
  std::size_t bytes;
  void (*add)(std::vector<double> &, const Elements &, std::string_view);
};
constexpr std::array kNumberTypes = {
    NumberType{kInt8, 1, add_values<std::int8_t>},   NumberType{kUint8, 1, add_values<std::uint8_t>},
    NumberType{kInt16, 2, add_values<std::int16_t>}, NumberType{kUint16, 2, add_values<std::uint16_t>},
    NumberType{kInt32, 4, add_values<std::int32_t>}, NumberType{kUint32, 4, add_values<std::uint32_t>},
    NumberType{kInt64, 8, add_values<std::int64_t>}, NumberType{kUint64, 8, add_values<std::uint64_t>},
    NumberType{kSingle, 4, add_values<float>},       NumberType{kDouble, 8, add_values<double>}};

MatArray read_array(std::string_view matrix, bool swapped, const std::string &where) {
  Elements elements(matrix, swapped, where);
  MatrixHeader header = read_header(elements);
  const std::string shown_name = shown(header.name);
  if (header.kind < kClassDouble || header.kind > kClassUint64 || header.is_complex)
    elements.fail(fmt::format("{} is no array of real numbers", shown_name));
  const Element data = elements.next();
  const auto *type =
      std::find_if(kNumberTypes.begin(), kNumberTypes.end(), [&](const NumberType &t) { return t.type == data.type; });
  if (type == kNumberTypes.end())
    elements.fail(fmt::format("is damaged: {} has numbers of type {}, which is none", shown_name, data.type));
  // Both are less than 2^32 before the product, so that it cannot overflow.
  std::uint64_t count = 1;
  for (const std::int64_t size : header.sizes) {
    count *= static_cast<std::uint64_t>(size);
    if (count > data.data.size()) break;
  }
  if (std::count(header.sizes.begin(), header.sizes.end(), 0) != 0) count = 0;
  if (data.data.size() % type->bytes != 0 || count != data.data.size() / type->bytes)
    elements.fail(fmt::format("is damaged: {} is {}, and has {} bytes of {} each", shown_name, fmt::join(header.sizes, " x "),
                              data.data.size(), type->bytes));
  if ((header.kind != kClassUint8 || type->bytes != 1) && count > kMostNumbers)
    elements.fail(
        fmt::format("{} has {} numbers that are no bytes; up to {} would be accepted", shown_name, count, kMostNumbers));
  MatArray out{.sizes = std::move(header.sizes), .bytes = {}, .values = {}};
  if (header.kind == kClassUint8 && type->bytes == 1) {
    out.bytes.assign(data.data.begin(), data.data.end());
  } else {
    out.values.reserve(count);
    type->add(out.values, elements, data.data);
  }
  return out;
}

} // namespace

MatFile::MatFile(std::string_view file, std::string where) : where_(std::move(where)) {
  const auto refuse = [&](const std::string &message) { throw Error(ErrorCode::kInvalidFile, where_, message); };
  constexpr const char *kWhatToDo = "one of version 5 is needed, as MATLAB's "
                                    "save -v7 and scipy.io.savemat write it";
  const std::string_view end = file.size() < kMatHeader ? std::string_view() : file.substr(kMatHeader - 4, 4);
  // The version, then the letters MI as a number of two bytes.
  const bool is_little = end.ends_with("IM");
  if (file.starts_with("\x89HDF") || file.starts_with("MATLAB 7.3") || end == std::string_view("\0\2IM", 4) ||
      end == std::string_view("\2\0MI", 4))
    refuse(fmt::format("is a MATLAB file of version 7.3, which is HDF5; {}", kWhatToDo));
  if (end != std::string_view("\0\1IM", 4) && end != std::string_view("\1\0MI", 4))
    refuse(fmt::format("is no MATLAB file of version 5, or is cut short; {}", kWhatToDo));
  swapped_ = is_little != (std::endian::native == std::endian::little);

  Elements elements(file.substr(kMatHeader), swapped_, where_);
  while (elements.has_more()) {
    const Element element = elements.next();
    if (element.type != kMatrix && element.type != kCompressed) continue;
    Variable variable{.bytes = element.data, .packed = element.type == kCompressed};
    std::string_view matrix = element.data;
    std::string begin;
    if (variable.packed) {
      constexpr std::size_t kEnough = 1024; // for flags, 32 sizes and a name
      begin = inflate_first(element.data, kEnough, where_);
      matrix = begin;
      if (matrix.size() < kTag || elements.number<std::uint32_t>(matrix) != kMatrix)
        refuse("is damaged: what is packed is no array");
      matrix.remove_prefix(kTag);
    }
    Elements inside(matrix, swapped_, where_);
    const std::string name = read_header(inside).name;
    if (!variables_.emplace(name, variable).second) refuse(fmt::format("has {} twice", shown(name)));
  }
}

std::vector<std::string> MatFile::names() const {
  std::vector<std::string> out;
  for (const auto &[name, variable] : variables_) out.push_back(name);
  return out;
}

MatArray MatFile::read(const std::string &name, std::size_t most) const {
  const auto refuse = [&](ErrorCode code, const std::string &message) { throw Error(code, where_, message); };
  const auto found = variables_.find(name);
  if (found == variables_.end()) {
    std::vector<std::string> all = names();
    constexpr std::size_t kShown = 10;
    const bool more = all.size() > kShown;
    if (more) all.resize(kShown);
    for (std::string &one : all) one = shown(one);
    refuse(ErrorCode::kInvalidFile,
           fmt::format("has no variable {}; it has {}{}", shown(name),
                       all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", ")), more ? ", ..." : ""));
  }
  const auto check = [&](std::size_t bytes) {
    if (bytes > most) refuse(ErrorCode::kLimit, fmt::format("{} has {} bytes; {} at most are read", shown(name), bytes, most));
  };
  const Variable &variable = found->second;
  if (!variable.packed) {
    check(variable.bytes.size());
    return read_array(variable.bytes, swapped_, where_);
  }
  const std::string tag = inflate_first(variable.bytes, kTag, where_);
  const std::size_t bytes = Elements(tag, swapped_, where_).number<std::uint32_t>(std::string_view(tag).substr(4));
  check(bytes);
  if (bytes / kMostPerByte > variable.bytes.size())
    refuse(ErrorCode::kInvalidFile, fmt::format("is damaged: {} says that it has {} bytes, which {} "
                                                "packed bytes cannot hold",
                                                shown(name), bytes, variable.bytes.size()));
  const std::string matrix = inflate_first(variable.bytes, kTag + bytes + 1, where_);
  if (matrix.size() != kTag + bytes)
    refuse(ErrorCode::kInvalidFile, fmt::format("is damaged: {} says that it has {} bytes, and has {}", shown(name), bytes,
                                                matrix.size() > kTag + bytes ? "more" : "fewer"));
  return read_array(std::string_view(matrix).substr(kTag), swapped_, where_);
}

} // namespace pare::train
