#include "models/literal_json.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pare {

namespace {

constexpr int kMostLevels = 16;
constexpr std::size_t kMostValues = 1'000'000;
constexpr std::size_t kMostKeys = 100; ///< of a dictionary or a call

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_name_part(char c) { return is_letter(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// A recursive descent over the text, one function for each form.
class LiteralReader {
public:
  LiteralReader(std::string_view text, const std::string &where, const LiteralCall &call)
      : text_(text), where_(where), call_(call) {}

  json::Value document() {
    skip();
    // PDARTS = Genotype(...)
    if (at_ < text_.size() && is_letter(text_[at_])) {
      const std::size_t begin = at_;
      name();
      skip();
      if (!take('=')) at_ = begin;
    }
    json::Value out = value(0);
    skip();
    if (at_ < text_.size()) expected("the end of the text: one value");
    return out;
  }

private:
  [[noreturn]] void fail(std::size_t at, const std::string &message, ErrorCode code = ErrorCode::kInvalidValue) const {
    const std::string_view before = text_.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t begin = before.rfind('\n');
    throw Error(code, where_,
                fmt::format("line {}, column {}: {}", line, begin == std::string_view::npos ? at + 1 : at - begin, message));
  }

  [[noreturn]] void expected(std::string_view what) const {
    const std::string found = at_ < text_.size() ? shown(text_.substr(at_, 12)) : std::string("the end of the text");
    fail(at_, fmt::format("{} stands where {} would be accepted", found, what));
  }

  /// Blanks, ends of lines and comments.
  void skip() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
        ++at_;
      else
        return;
    }
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void add_values(std::size_t count, std::size_t at) {
    values_ += count;
    if (values_ > kMostValues) fail(at, fmt::format("more than {} values", kMostValues), ErrorCode::kLimit);
  }

  json::Value value(int level) {
    skip();
    if (level > kMostLevels)
      fail(at_, fmt::format("nested deeper than {} levels, which nothing that is read here needs", kMostLevels));
    add_values(1, at_);
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    if (c == '[') return array(']', level);
    if (c == '(') return array(')', level);
    if (c == '{') return dictionary(level);
    if (c == '\'' || c == '"') return string();
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.') return number();
    if (is_letter(c)) return word(level);
    expected("a value");
  }

  /// What stands between `at_`, an opening bracket, and its partner: items and commas. Whether a comma ends them.
  template <typename Item>
  bool items(char close, const Item &item) {
    ++at_;
    bool has_comma = true;
    for (skip(); !take(close); skip()) {
      if (!has_comma) expected(fmt::format("a comma or {}", close));
      item();
      skip();
      has_comma = take(',');
    }
    return has_comma;
  }

  /// A list or a tuple. Brackets around one value without a comma are no tuple.
  json::Value array(char close, int level) {
    json::Value out = json::Value::array();
    const bool has_comma = items(close, [&] { out.push_back(value(level + 1)); });
    if (close == ')' && out.size() == 1 && !has_comma) return std::move(out[0]);
    return out;
  }

  json::Value dictionary(int level) {
    json::Value out = json::Value::object();
    items('}', [&] {
      const std::size_t begin = at_;
      if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) expected("a key in quotes");
      const auto key = string().get<std::string>();
      skip();
      if (!take(':')) expected("a colon");
      put(out, key, value(level + 1), begin);
    });
    return out;
  }

  void put(json::Value &object, const std::string &key, json::Value &&value, std::size_t at) {
    if (object.size() == kMostKeys) fail(at, fmt::format("more than {} keys", kMostKeys), ErrorCode::kLimit);
    if (object.contains(key)) fail(at, fmt::format("{} is given twice", shown(key)));
    object[key] = std::move(value);
  }

  json::Value string() {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) fail(begin, "a string that does not end");
    const std::string_view inside = text_.substr(at_, end - at_);
    if (std::any_of(inside.begin(), inside.end(), [](char c) { return c < ' ' || c > '~' || c == '\\'; }))
      fail(begin, fmt::format("{} must be of printable ASCII characters, without escapes", shown(inside)));
    at_ = end + 1;
    return std::string(inside);
  }

  json::Value number() {
    const std::size_t begin = at_;
    const auto is_part = [&](char c) {
      const bool is_sign = (c == '-' || c == '+') && at_ > begin && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
      return is_name_part(c) || c == '.' || is_sign || (c == '-' && at_ == begin);
    };
    while (at_ < text_.size() && is_part(text_[at_])) ++at_;
    const std::string_view digits = text_.substr(begin, at_ - begin);
    const bool is_plain = digits.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
    if (const auto whole = is_plain ? parse_whole(digits) : std::nullopt) return *whole;
    const auto real = is_plain ? parse_real(digits) : std::nullopt;
    if (!real || !std::isfinite(*real)) fail(begin, fmt::format("{} must be a number that 64 bits hold", shown(digits)));
    return *real;
  }

  json::Value word(int level) {
    const std::size_t begin = at_;
    std::string_view word = name();
    while (take('.')) word = name(); // genotypes.Genotype(...)
    for (const auto &[name, value] : {std::pair<std::string_view, json::Value>{"None", nullptr},
                                      {"null", nullptr},
                                      {"True", true},
                                      {"true", true},
                                      {"False", false},
                                      {"false", false}})
      if (word == name) return value;
    skip();
    const bool is_known = word == call_.name || word == "range" || word == "list" || word == "tuple";
    if (!is_known || at_ >= text_.size() || text_[at_] != '(') {
      at_ = begin;
      expected(fmt::format("a value, {}(...), range(...), list(...) or tuple(...)", call_.name));
    }
    if (word == call_.name) return call(level, begin);
    json::Value arguments = json::Value::array();
    items(')', [&] { arguments.push_back(value(level + 1)); });
    if (word == "range") return range(arguments, begin);
    if (arguments.size() != 1 || !arguments[0].is_array())
      fail(begin, fmt::format("{}(...) must be of one list, tuple or range", word));
    return std::move(arguments[0]);
  }

  json::Value range(const json::Value &arguments, std::size_t at) {
    std::vector<std::int64_t> numbers;
    for (const json::Value &argument : arguments) {
      const auto whole = json::as_whole(argument);
      if (!whole || *whole < -std::int64_t{kMostValues} || *whole > std::int64_t{kMostValues}) break;
      numbers.push_back(*whole);
    }
    if (numbers.empty() || numbers.size() > 3 || numbers.size() != arguments.size() || (numbers.size() == 3 && numbers[2] == 0))
      fail(at,
           fmt::format("range{} must be range(stop), range(start, stop) or range(start, stop, step), of whole numbers up to "
                       "{}",
                       json::shown(arguments), kMostValues));
    if (numbers.size() == 1) numbers.insert(numbers.begin(), 0);
    if (numbers.size() == 2) numbers.push_back(1);
    json::Value out = json::Value::array();
    for (std::int64_t i = numbers[0]; numbers[2] > 0 ? i < numbers[1] : i > numbers[1]; i += numbers[2]) {
      add_values(1, at);
      out.push_back(i);
    }
    return out;
  }

  json::Value call(int level, std::size_t begin) {
    json::Value out = json::Value::object();
    bool has_keyword = false;
    std::size_t position = 0;
    items(')', [&] {
      const std::size_t at = at_;
      std::string_view keyword = at_ < text_.size() && is_letter(text_[at_]) ? name() : std::string_view();
      skip();
      if (keyword.empty() || !take('=')) {
        at_ = at;
        if (has_keyword) expected("an argument by name, as the one before it,");
        if (position == call_.fields.size())
          expected(fmt::format("the end of {}(...), which has {} fields,", call_.name, position));
        keyword = call_.fields[position++];
      } else {
        has_keyword = true;
      }
      put(out, std::string(keyword), value(level + 1), at);
    });
    if (out.empty()) fail(begin, fmt::format("{}() must have arguments: {}", call_.name, fmt::join(call_.fields, ", ")));
    return out;
  }

  std::string_view text_;
  const std::string &where_;
  const LiteralCall &call_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
};

} // namespace

json::Value parse_literal(std::string_view text, const std::string &where, const LiteralCall &call) {
  return LiteralReader(text, where, call).document();
}

} // namespace pare
