#include "formats/inert.hpp"

#include "base/text.hpp"
#include "formats/tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

namespace pare::formats {

namespace {

constexpr std::size_t kMostArraySizes = 32; ///< numpy's own limit

struct InertName {
  std::string_view name;
  Inert inert;
};

constexpr std::array kInertNames = std::to_array<InertName>({
    {"collections.Counter", Inert::kDictionary},
    {"collections.defaultdict", Inert::kDictionary},
    {"collections.deque", Inert::kSequence},
    {"argparse.Namespace", Inert::kNamespace},
    {"types.SimpleNamespace", Inert::kNamespace},
    {"_codecs.encode", Inert::kEncode},
    {"datetime.datetime", Inert::kDatetime},
    {"datetime.date", Inert::kDate},
    {"datetime.time", Inert::kTime},
    {"datetime.timedelta", Inert::kTimedelta},
    {"datetime.timezone", Inert::kTimezone},
    {"numpy.dtype", Inert::kNumpyType},
    {"numpy.ndarray", Inert::kNumpyArrayClass},
});

// Python 2 and protocol 2 say __builtin__, numpy before 2 says core.
constexpr std::array<std::string_view, 2> kBuiltins = {"builtins.", "__builtin__."};
constexpr std::array kBuiltinNames = std::to_array<InertName>({
    {"set", Inert::kSequence},
    {"frozenset", Inert::kSequence},
    {"range", Inert::kRange},
    {"xrange", Inert::kRange},
    {"slice", Inert::kRange},
    {"complex", Inert::kComplex},
    {"bytes", Inert::kBytes},
    {"bytearray", Inert::kBytes},
    {"int", Inert::kClass},
    {"float", Inert::kClass},
    {"bool", Inert::kClass},
    {"str", Inert::kClass},
    {"list", Inert::kClass},
    {"dict", Inert::kClass},
    {"tuple", Inert::kClass},
    {"long", Inert::kClass},
    {"unicode", Inert::kClass},
    {"object", Inert::kClass},
});
constexpr std::array<std::string_view, 2> kNumpyCores = {"numpy.core.", "numpy._core."};
constexpr std::array kNumpyNames = std::to_array<InertName>({
    {"multiarray.scalar", Inert::kNumpyScalar},
    {"multiarray._reconstruct", Inert::kNumpyReconstruct},
    {"numeric._frombuffer", Inert::kNumpyFromBuffer},
});
constexpr std::array<std::string_view, 14> kNumpyTypes = {"bool_",   "bool",    "int8",    "int16",  "int32",
                                                          "int64",   "uint8",   "uint16",  "uint32", "uint64",
                                                          "float16", "float32", "float64", "str_"};
constexpr std::array<std::string_view, 3> kPathlibs = {"pathlib.", "pathlib._local.", "pathlib._pathlib."};
constexpr std::array<std::string_view, 6> kPaths = {"Path",     "PosixPath",     "WindowsPath",
                                                    "PurePath", "PurePosixPath", "PureWindowsPath"};

template <class Names>
std::optional<Inert> find_inert(const Names &names, std::string_view name) {
  for (const InertName &entry : names)
    if (entry.name == name) return entry.inert;
  return std::nullopt;
}

[[noreturn]] void damage(std::string what) { throw Damage{std::move(what)}; }

template <class T>
const T &inert_argument(const Value &value, std::string_view what) {
  if (const T *out = value.as<T>()) return *out;
  damage(fmt::format("{} is {}", what, kind_of(value)));
}

/// Python 2 writes bytes as a text.
std::string_view bytes_in(const Value &value, std::string_view what) {
  if (const auto *bytes = value.as<Bytes>()) return bytes->bytes;
  return inert_argument<std::string>(value, what);
}

std::int64_t whole_in(const Value &value, std::string_view what) { return inert_argument<std::int64_t>(value, what); }

/// The bytes of a text whose characters are below 256, which is how protocol 2 writes bytes.
std::string latin1(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      out += text[i];
      continue;
    }
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if ((c & 0xFCU) != 0xC0U || (next & 0xC0U) != 0x80U)
      damage("a text that stands for bytes has other characters than those of Latin-1");
    out += static_cast<char>(((c & 3U) << 6U) | (next & 0x3FU));
    ++i;
  }
  return out;
}

// ---- dates ----

std::string_view bytes_of_date(const std::vector<const Value *> &arguments, std::string_view what, std::size_t bytes) {
  if (arguments.empty() || arguments.size() > 2)
    damage(fmt::format("a {} with {} arguments; 1 or 2 would be accepted", what, arguments.size()));
  const std::string_view out = bytes_in(*arguments[0], fmt::format("a {}'s state", what));
  if (out.size() != bytes) damage(fmt::format("a {} of {} bytes; {} would be accepted", what, out.size(), bytes));
  return out;
}

unsigned at(std::string_view bytes, std::size_t index) { return static_cast<unsigned char>(bytes[index]); }

/// The highest bit of a month, or an hour, tells the second of two hours of one name.
std::string date_text(std::string_view bytes) {
  return fmt::format("{:04}-{:02}-{:02}", at(bytes, 0) * 256 + at(bytes, 1), at(bytes, 2) & 0x7FU, at(bytes, 3));
}

std::string time_text(std::string_view bytes) {
  const unsigned microseconds = at(bytes, 3) << 16U | at(bytes, 4) << 8U | at(bytes, 5);
  return fmt::format("{:02}:{:02}:{:02}{}", at(bytes, 0) & 0x7FU, at(bytes, 1), at(bytes, 2),
                     microseconds == 0 ? "" : fmt::format(".{:06}", microseconds));
}

/// A zone that follows the time, where it is given as kTimezone makes it.
std::string zone_text(const std::vector<const Value *> &arguments) {
  const std::string *zone = arguments.size() == 2 ? arguments[1]->as<std::string>() : nullptr;
  return zone != nullptr && zone->size() < 64 ? *zone : "";
}

std::string timezone_text(double seconds) {
  const double minutes = std::abs(seconds) / 60;
  if (!(minutes < 24 * 60)) damage("a timezone is more than a day away");
  const int whole = static_cast<int>(minutes);
  return fmt::format("{}{:02}:{:02}", seconds < 0 ? '-' : '+', whole / 60, whole % 60);
}

// ---- numpy ----

/// Of "<f8": 'f' and 8; of text "<U3" the 4 bytes of each character.
struct ElementType {
  char kind = 'V';
  std::uint64_t bytes = 0;
  bool is_swapped = false; ///< big-endian
};

std::optional<ElementType> element_type(std::string_view type) {
  ElementType out;
  if (!type.empty() && std::string_view("<>|=").find(type[0]) != std::string_view::npos) {
    out.is_swapped = type[0] == '>';
    type.remove_prefix(1);
  }
  if (type.size() < 2 || type.size() > 8) return std::nullopt;
  out.kind = type[0];
  for (const char digit : type.substr(1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    out.bytes = out.bytes * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (out.kind == 'U') out.bytes *= 4;
  return out;
}

Value numpy_number(const std::string &type, std::string_view raw) {
  const auto element = element_type(type);
  const auto is = [&](char kind, std::uint64_t bytes) { return element->kind == kind && element->bytes == bytes; };
  if (!element || element->bytes > 16 || raw.size() != element->bytes) return {fmt::format("a numpy {}", shown(type))};
  std::array<unsigned char, 16> bytes{};
  std::memcpy(bytes.data(), raw.data(), raw.size());
  if (element->is_swapped) std::reverse(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(raw.size()));
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof word);
  if (is('b', 1)) return {word != 0};
  if (is('f', 8)) return {std::bit_cast<double>(word)};
  if (is('f', 4)) return {static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(word)))};
  if (is('f', 2)) {
    std::string half(2, '\0');
    std::memcpy(half.data(), bytes.data(), 2);
    return {real_at(make_tensor(Dtype::kF16, {}, half), 0)};
  }
  const unsigned unused = 64U - 8U * static_cast<unsigned>(std::min<std::uint64_t>(element->bytes, 8));
  const bool is_number_of_bits = is(element->kind, 1) || is(element->kind, 2) || is(element->kind, 4) || is(element->kind, 8);
  if (element->kind == 'i' && is_number_of_bits) return {static_cast<std::int64_t>(word << unused) >> unused};
  if (element->kind == 'u' && is_number_of_bits && word >> 63U == 0) return {static_cast<std::int64_t>(word)};
  if (element->kind == 'u' && is_number_of_bits) return {static_cast<double>(word)};
  return {fmt::format("a numpy {}", shown(type))};
}

Array numpy_array(const Value &sizes, const Value &type, bool first_index_fastest, const Value &data) {
  Array out{
      .type = inert_argument<ArrayType>(type, "an array's type").text, .sizes = {}, .first_index_fastest = first_index_fastest};
  const Tuple &shape = inert_argument<Tuple>(sizes, "an array's shape");
  if (shape.items.size() > kMostArraySizes)
    damage(fmt::format("an array with {} sizes; up to {} would be accepted", shape.items.size(), kMostArraySizes));
  for (const Value *size : shape.items) out.sizes.push_back(whole_in(*size, "an array's size"));
  if (data.as<List>() != nullptr) return out; // an array of objects, which are not looked at
  const auto element = element_type(out.type);
  std::uint64_t bytes = element ? element->bytes : 1;
  for (const std::int64_t size : out.sizes)
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes))
      damage(fmt::format("an array of shape {}", sizes_text(out.sizes)));
  const std::string_view raw = bytes_in(data, "an array's data");
  if (element && raw.size() != bytes)
    damage(
        fmt::format("an array {} {} has {} bytes; {} would be accepted", out.type, sizes_text(out.sizes), raw.size(), bytes));
  if (element) out.data = &data;
  return out;
}

} // namespace

std::optional<Inert> inert_name(std::string_view name) {
  const auto under = [&](const auto &modules, const auto &find) -> std::optional<Inert> {
    for (const std::string_view module : modules)
      if (name.starts_with(module)) return find(name.substr(module.size()));
    return std::nullopt;
  };
  if (const auto found = find_inert(kInertNames, name)) return found;
  if (const auto found = under(kBuiltins, [](std::string_view rest) { return find_inert(kBuiltinNames, rest); })) return found;
  if (const auto found = under(kNumpyCores, [](std::string_view rest) { return find_inert(kNumpyNames, rest); })) return found;
  for (const std::string_view module : kPathlibs)
    for (const std::string_view path : kPaths)
      if (name.starts_with(module) && name.substr(module.size()) == path) return Inert::kPath;
  // numpy.float64 and its like, which a defaultdict may name.
  return under(std::array<std::string_view, 1>{"numpy."}, [](std::string_view type) -> std::optional<Inert> {
    const bool is_known = std::find(kNumpyTypes.begin(), kNumpyTypes.end(), type) != kNumpyTypes.end();
    return is_known ? std::optional(Inert::kClass) : std::nullopt;
  });
}

void InertMaker::charge_entries(std::size_t entries) {
  if (entries > entries_left_) damage("it makes more of its lists and dictionaries than a checkpoint has");
  entries_left_ -= entries;
}

std::string InertMaker::charged(std::string text) {
  if (text.size() > bytes_left_) damage("it makes more of its texts than it holds");
  bytes_left_ -= text.size();
  return text;
}

Value InertMaker::call(Inert what, const std::vector<const Value *> &arguments) {
  const auto expect = [&](std::string_view name, std::size_t least, std::size_t most) {
    if (arguments.size() < least || arguments.size() > most)
      damage(fmt::format("{} with {} arguments; {} to {} would be accepted", name, arguments.size(), least, most));
  };
  switch (what) {
  case Inert::kDictionary: {
    expect("a Counter or defaultdict", 0, 2);
    Dict out;
    for (const Value *argument : arguments)
      if (const auto *dict = argument->as<Dict>()) {
        charge_entries(dict->items.size());
        out.items.insert(out.items.end(), dict->items.begin(), dict->items.end());
      } else if (argument->as<Global>() == nullptr && argument->as<None>() == nullptr) {
        damage(fmt::format("a Counter or defaultdict of {}", kind_of(*argument)));
      }
    return {std::move(out)};
  }
  case Inert::kNamespace: expect("a Namespace", 0, 0); return {Dict{.items = {}, .is_object = true}};
  case Inert::kSequence: {
    expect("a set", 0, 2);
    List out;
    if (!arguments.empty()) {
      const List *list = arguments[0]->as<List>();
      const Tuple *tuple = arguments[0]->as<Tuple>();
      if (list == nullptr && tuple == nullptr) damage(fmt::format("a set of {}", kind_of(*arguments[0])));
      out.items = list != nullptr ? list->items : tuple->items;
      charge_entries(out.items.size());
    }
    return {std::move(out)};
  }
  case Inert::kRange:
    expect("a range or slice", 1, 3);
    charge_entries(arguments.size());
    return {Tuple{arguments}};
  case Inert::kComplex: {
    expect("a complex number", 2, 2);
    const double imaginary = inert_argument<double>(*arguments[1], "a complex number's part");
    return {charged(fmt::format("{}{}{}j", inert_argument<double>(*arguments[0], "a complex number's part"),
                                imaginary < 0 ? "" : "+", imaginary))};
  }
  case Inert::kBytes: {
    expect("bytes", 0, 2);
    if (arguments.empty()) return {Bytes{}};
    if (arguments.size() == 1)
      return {Bytes{charged(std::string(inert_argument<Bytes>(*arguments[0], "a bytearray's argument").bytes))}};
    [[fallthrough]]; // a text and its encoding
  }
  case Inert::kEncode: {
    expect("_codecs.encode", 2, 2);
    const std::string &encoding = inert_argument<std::string>(*arguments[1], "an encoding");
    if (encoding != "latin1" && encoding != "latin-1")
      damage(fmt::format("bytes of the encoding {}; latin1 would be accepted", shown(encoding)));
    return {Bytes{charged(latin1(inert_argument<std::string>(*arguments[0], "a text that stands for bytes")))}};
  }
  case Inert::kPath: {
    std::string out;
    for (const Value *part : arguments) {
      const std::string &text = inert_argument<std::string>(*part, "a path's part");
      if (!out.empty() && out.back() != '/') out += '/';
      out += text;
      if (out.size() > bytes_left_) break; // refused below
    }
    return {charged(std::move(out))};
  }
  case Inert::kDatetime: {
    const std::string_view bytes = bytes_of_date(arguments, "datetime", 10);
    return {charged(date_text(bytes) + "T" + time_text(bytes.substr(4)) + zone_text(arguments))};
  }
  case Inert::kDate: return {charged(date_text(bytes_of_date(arguments, "date", 4)))};
  case Inert::kTime: return {charged(time_text(bytes_of_date(arguments, "time", 6)) + zone_text(arguments))};
  case Inert::kTimedelta: {
    expect("a timedelta", 3, 3);
    double seconds = 0;
    constexpr std::array<double, 3> kSeconds = {86400, 1, 1e-6}; // of days, seconds, microseconds
    for (std::size_t i = 0; i < kSeconds.size(); ++i)
      seconds += kSeconds[i] * static_cast<double>(whole_in(*arguments[i], "a timedelta's part"));
    return {seconds};
  }
  case Inert::kTimezone:
    expect("a timezone", 1, 2);
    return {charged(timezone_text(inert_argument<double>(*arguments[0], "a timezone's offset")))};
  case Inert::kNumpyType: {
    expect("a numpy.dtype", 1, 4);
    std::string text = inert_argument<std::string>(*arguments[0], "a numpy.dtype's name");
    if (text.size() > 16) damage(fmt::format("a numpy.dtype called {}", shown(text)));
    return {ArrayType{std::move(text)}};
  }
  case Inert::kNumpyScalar: {
    expect("a number of numpy's", 1, 2);
    const std::string &type = inert_argument<ArrayType>(*arguments[0], "a number's type").text;
    if (arguments.size() == 1) return {fmt::format("a numpy {}", shown(type))};
    return numpy_number(type, bytes_in(*arguments[1], "a number's bytes"));
  }
  case Inert::kNumpyReconstruct: {
    expect("an array of numpy's", 3, 3);
    const Global *type = arguments[0]->as<Global>();
    if (type == nullptr || type->kind != Global::Kind::kInert || type->inert != Inert::kNumpyArrayClass)
      damage(fmt::format("an array of class {}; numpy.ndarray would be accepted",
                         type != nullptr ? type->name : std::string(kind_of(*arguments[0]))));
    return {Array{.type = "|V0", .sizes = {0}}};
  }
  case Inert::kNumpyFromBuffer: {
    expect("an array of numpy's", 4, 4);
    return {numpy_array(*arguments[2], *arguments[1], inert_argument<std::string>(*arguments[3], "an array's order") == "F",
                        *arguments[0])};
  }
  case Inert::kClass:
  case Inert::kNumpyArrayClass: break;
  }
  damage("a call of a class that only stands beside others");
}

bool InertMaker::set_state(Value &object, const Value &state) {
  if (auto *dict = std::get_if<Dict>(&object.is); dict != nullptr && dict->is_object) {
    const Dict &attributes = inert_argument<Dict>(state, "a Namespace's state");
    charge_entries(attributes.items.size());
    const auto items = attributes.items; // it may be its own state
    dict->items.insert(dict->items.end(), items.begin(), items.end());
    return true;
  }
  if (auto *type = std::get_if<ArrayType>(&object.is)) {
    const Tuple &tuple = inert_argument<Tuple>(state, "a numpy.dtype's state");
    const std::string *order = tuple.items.size() > 1 ? tuple.items[1]->as<std::string>() : nullptr;
    if (order == nullptr || order->size() != 1 || std::string_view("<>|=").find(*order) == std::string_view::npos)
      damage("a numpy.dtype without a byte order");
    if (!type->text.empty() && std::string_view("<>|=").find(type->text[0]) == std::string_view::npos)
      type->text.insert(0, *order);
    return true;
  }
  if (auto *array = std::get_if<Array>(&object.is)) {
    const std::vector<const Value *> &items = inert_argument<Tuple>(state, "an array's state").items;
    if (items.size() != 4 && items.size() != 5)
      damage(fmt::format("an array's state of {} parts; 4 or 5 would be accepted", items.size()));
    const std::size_t first = items.size() - 4; // the first of five is a version
    *array = numpy_array(*items[first], *items[first + 1], inert_argument<bool>(*items[first + 2], "an array's order"),
                         *items[first + 3]);
    return true;
  }
  return false;
}

std::string_view Array::bytes() const {
  if (data == nullptr) return {};
  if (const auto *raw = data->as<Bytes>()) return raw->bytes;
  const auto *text = data->as<std::string>();
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

} // namespace pare::formats
