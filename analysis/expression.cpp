#include "analysis/expression.hpp"

#include "analysis/substitution.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace pare {

namespace {

class Parser {
public:
  Parser(std::string_view text, const Symbols &symbols) : text_(text), symbols_(symbols) {}

  double all() {
    const double value = sum();
    if (peek() != '\0') fail("an operator");
    return value;
  }

private:
  [[noreturn]] void fail(std::string_view expected) const {
    throw std::invalid_argument(fmt::format("formula \"{}\", position {}: {} expected", text_, at_, expected));
  }
  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(std::string_view token) {
    peek();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  double sum() {
    double value = product();
    for (;;) {
      if (take("+"))
        value += product();
      else if (take("-"))
        value -= product();
      else
        return value;
    }
  }
  double product() {
    double value = atom();
    for (;;) {
      if (take("*"))
        value *= atom();
      else if (take("//"))
        value = std::floor(value / atom());
      else if (take("/"))
        value /= atom();
      else
        return value;
    }
  }
  double atom() {
    const char c = peek();
    if (take("(")) {
      const double value = sum();
      if (!take(")")) fail(")");
      return value;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      double value = 0;
      const auto end = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value).ptr;
      at_ = static_cast<std::size_t>(end - text_.data());
      return value;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (name.empty()) fail("a number or a name");
    if (!take("(")) {
      const auto symbol = symbols_.find(name);
      if (symbol == symbols_.end()) fail(fmt::format("a known symbol instead of {}", name));
      return symbol->second;
    }
    std::vector<double> arguments;
    do arguments.push_back(sum());
    while (take(","));
    if (!take(")")) fail(")");
    return call(name, arguments);
  }
  double call(std::string_view name, const std::vector<double> &a) const {
    const auto whole = [](double v) { return static_cast<std::int64_t>(v); };
    if (name == "int" && a.size() == 1) return std::trunc(a[0]);
    if (name == "round" && a.size() == 1) return std::nearbyint(a[0]);
    if (name == "log2" && a.size() == 1) return std::log2(a[0]);
    if (name == "gcd" && a.size() == 2) return static_cast<double>(std::gcd(whole(a[0]), whole(a[1])));
    if (name == "mode" && a.size() == 3)
      return static_cast<double>(dimensionize(whole(a[2]), whole(a[1]))[static_cast<std::size_t>(whole(a[0]) - 1)]);
    if (name == "divisor" && a.size() == 2) {
      std::int64_t divisor = whole(std::min(a[0], a[1]));
      while (whole(a[0]) % divisor != 0) --divisor;
      return static_cast<double>(divisor);
    }
    if ((name == "min" || name == "max") && !a.empty()) {
      double value = a[0];
      for (double v : a) value = name == "min" ? std::min(value, v) : std::max(value, v);
      return value;
    }
    fail(fmt::format("a known function instead of {} of {}", name, a.size()));
  }

  std::string_view text_;
  const Symbols &symbols_;
  std::size_t at_ = 0;
};

} // namespace

double evaluate(std::string_view expression, const Symbols &symbols) { return Parser(expression, symbols).all(); }

} // namespace pare
