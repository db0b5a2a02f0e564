#include "analysis/expression.hpp"

#include "analysis/contraction.hpp"
#include "analysis/substitution.hpp"
#include "base/checked.hpp"
#include "base/count.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace pare {

// ------------------------------------------------------------------------------------------------ functions

namespace {

using FormulaArguments = std::span<const double>;

std::int64_t whole_part(double value) { return static_cast<std::int64_t>(value); }

double mode_of(FormulaArguments a) {
  const auto modes = dimensionize(whole_part(a[2]), whole_part(a[1]));
  return static_cast<double>(modes[static_cast<std::size_t>(whole_part(a[0]) - 1)]);
}

double divisor_of(FormulaArguments a) {
  std::int64_t divisor = whole_part(std::min(a[0], a[1]));
  while (whole_part(a[0]) % divisor != 0) --divisor;
  return static_cast<double>(divisor);
}

/// The tensors that the numbers behind c_o and c_i are about.
using TensorsOf = FlattenedTensors (*)(std::span<const std::int64_t> numbers);

FlattenedTensors train_of(std::span<const std::int64_t> numbers) {
  const std::size_t d = (numbers.size() + 1) / 2;
  return train_tensors(numbers.first(d), numbers.subspan(d));
}
FlattenedTensors tucker_of(std::span<const std::int64_t> numbers) {
  const std::size_t d = numbers.size() / 2;
  return tucker_tensors(numbers.first(d), numbers.subspan(d));
}
FlattenedTensors tucker_train_of(std::span<const std::int64_t> numbers) {
  const std::size_t d = (numbers.size() + 1) / 3;
  return tucker_train_tensors(numbers.first(d), numbers.subspan(d, d), numbers.subspan(2 * d));
}
FlattenedTensors polyadic_of(std::span<const std::int64_t> numbers) {
  return polyadic_tensors(numbers.first(numbers.size() - 1), numbers.back());
}

struct ContractionCost {
  std::int64_t macs = 0;
  std::int64_t per_batch = 0;
};
template <TensorsOf tensors_of>
ContractionCost contraction_cost(FormulaArguments a) {
  std::vector<std::int64_t> numbers;
  for (const double value : a) numbers.push_back(whole_part(value));
  const std::span<const std::int64_t> all(numbers);
  const Straddled straddled = straddle(tensors_of(all.subspan(2)), all[0], all[1]);
  const Contraction contraction = cheapest_contraction(straddled.network);
  return {contraction.macs, checked_add(straddled.per_batch(), contraction.per_batch)};
}
template <TensorsOf tensors_of>
double contraction_macs(FormulaArguments a) {
  return static_cast<double>(contraction_cost<tensors_of>(a).macs);
}
template <TensorsOf tensors_of>
double contraction_merges(FormulaArguments a) {
  return static_cast<double>(contraction_cost<tensors_of>(a).per_batch);
}

constexpr std::string_view kContractionMeaning = "of all modes and ranks, here of two dimensions: multiply-accumulates at one "
                                                 "position in the cheapest of all orders in which the "
                                                 "activations take in groups of tensors, the sum over the groups of the "
                                                 "product of all dimensions that the activations and the "
                                                 "group have then; modes that straddle c_o and c_i are split between them";
constexpr std::string_view kMergesMeaning =
    "of the same: multiply-accumulates that merge each group of that order, once per batch";

Contraction train_matrix_contraction_of(FormulaArguments a) {
  std::vector<std::int64_t> numbers;
  for (const double value : a) numbers.push_back(whole_part(value));
  const std::span<const std::int64_t> all(numbers);
  const std::size_t d = (all.size() + 1) / 3;
  return cheapest_contraction(train_matrix_network(all.first(d), all.subspan(d, d), all.subspan(2 * d)));
}

double second_of_least(FormulaArguments a) {
  std::pair<double, double> least{a[0], a[1]};
  for (std::size_t i = 2; i + 1 < a.size(); i += 2) least = std::min(least, {a[i], a[i + 1]});
  return least.second;
}

double power_of_two_from(FormulaArguments a) {
  double out = 2;
  while (out < a[0]) out *= 2;
  return out;
}

constexpr FormulaFunction kFormulaFunctions[] = {
    {.name = "ceil",
     .value = [](FormulaArguments a) { return std::ceil(a[0]); },
     .latex = "",
     .opening = "\\lceil",
     .closing = "\\rceil",
     .usage = "ceil(a)",
     .meaning = "a, rounded up"},
    {.name = "train_contraction",
     .least = 5,
     .most = FormulaFunction::kAny,
     .value = contraction_macs<train_of>,
     .latex = "C_{\\mathrm{TT}}",
     .usage = "train_contraction(c_o, c_i, n_1, n_2, r_1)",
     .meaning = kContractionMeaning},
    {.name = "train_merges",
     .least = 5,
     .most = FormulaFunction::kAny,
     .value = contraction_merges<train_of>,
     .latex = "M_{\\mathrm{TT}}",
     .usage = "train_merges(c_o, c_i, n_1, n_2, r_1)",
     .meaning = kMergesMeaning},
    {.name = "tucker_contraction",
     .least = 6,
     .most = FormulaFunction::kAny,
     .value = contraction_macs<tucker_of>,
     .latex = "C_{\\mathrm{Tucker}}",
     .usage = "tucker_contraction(c_o, c_i, n_1, n_2, R_1, R_2)",
     .meaning = kContractionMeaning},
    {.name = "tucker_merges",
     .least = 6,
     .most = FormulaFunction::kAny,
     .value = contraction_merges<tucker_of>,
     .latex = "M_{\\mathrm{Tucker}}",
     .usage = "tucker_merges(c_o, c_i, n_1, n_2, R_1, R_2)",
     .meaning = kMergesMeaning},
    {.name = "tucker_train_contraction",
     .least = 7,
     .most = FormulaFunction::kAny,
     .value = contraction_macs<tucker_train_of>,
     .latex = "C_{\\mathrm{Tucker,TT}}",
     .usage = "tucker_train_contraction(c_o, c_i, n_1, n_2, R_1, R_2, q_1)",
     .meaning = kContractionMeaning},
    {.name = "tucker_train_merges",
     .least = 7,
     .most = FormulaFunction::kAny,
     .value = contraction_merges<tucker_train_of>,
     .latex = "M_{\\mathrm{Tucker,TT}}",
     .usage = "tucker_train_merges(c_o, c_i, n_1, n_2, R_1, R_2, q_1)",
     .meaning = kMergesMeaning},
    {.name = "polyadic_contraction",
     .least = 5,
     .most = FormulaFunction::kAny,
     .value = contraction_macs<polyadic_of>,
     .latex = "C_{\\mathrm{CP}}",
     .usage = "polyadic_contraction(c_o, c_i, n_1, n_2, R)",
     .meaning = kContractionMeaning},
    {.name = "polyadic_merges",
     .least = 5,
     .most = FormulaFunction::kAny,
     .value = contraction_merges<polyadic_of>,
     .latex = "M_{\\mathrm{CP}}",
     .usage = "polyadic_merges(c_o, c_i, n_1, n_2, R)",
     .meaning = kMergesMeaning},
    {.name = "train_matrix_contraction",
     .least = 5,
     .most = FormulaFunction::kAny,
     .value = [](FormulaArguments a) { return static_cast<double>(train_matrix_contraction_of(a).macs); },
     .latex = "C_{\\mathrm{TTM}}",
     .usage = "train_matrix_contraction(m_1, m_2, n_1, n_2, r_1)",
     .meaning = kContractionMeaning},
    {.name = "train_matrix_merges",
     .least = 5,
     .most = FormulaFunction::kAny,
     .value = [](FormulaArguments a) { return static_cast<double>(train_matrix_contraction_of(a).per_batch); },
     .latex = "M_{\\mathrm{TTM}}",
     .usage = "train_matrix_merges(m_1, m_2, n_1, n_2, r_1)",
     .meaning = kMergesMeaning},
    {.name = "second_of_least",
     .least = 4,
     .most = FormulaFunction::kAny,
     .value = second_of_least,
     .latex = "\\operatorname{second}",
     .usage = "second_of_least(a, b, c, d)",
     .meaning =
         "of pairs (a, b), (c, d), any number of them: the second number of the pair whose first is the least; of several "
         "such the least second"},
    {.name = "power_of_two",
     .value = power_of_two_from,
     .latex = "\\operatorname{pow}_2",
     .usage = "power_of_two(a)",
     .meaning = "the least power of two that is no less than a, from 2 up"},
    {.name = "int",
     .value = [](FormulaArguments a) { return std::trunc(a[0]); },
     .latex = "",
     .opening = "\\lfloor",
     .closing = "\\rfloor",
     .usage = "int(a)",
     .meaning = "the whole part of a, toward zero"},
    {.name = "round",
     .value = [](FormulaArguments a) { return std::nearbyint(a[0]); },
     .latex = "\\operatorname{round}",
     .usage = "round(a)",
     .meaning = "the whole number nearest to a, half to even"},
    {.name = "log2", .value = [](FormulaArguments a) { return std::log2(a[0]); }, .latex = "\\log_2"},
    {.name = "min",
     .most = FormulaFunction::kAny,
     .value = [](FormulaArguments a) { return *std::min_element(a.begin(), a.end()); },
     .latex = "\\min"},
    {.name = "max",
     .most = FormulaFunction::kAny,
     .value = [](FormulaArguments a) { return *std::max_element(a.begin(), a.end()); },
     .latex = "\\max"},
    {.name = "gcd",
     .least = 2,
     .most = 2,
     .value = [](FormulaArguments a) { return static_cast<double>(std::gcd(whole_part(a[0]), whole_part(a[1]))); },
     .latex = "\\gcd",
     .usage = "gcd(a, b)",
     .meaning = "the greatest common divisor"},
    {.name = "divisor",
     .least = 2,
     .most = 2,
     .value = divisor_of,
     .latex = "\\operatorname{divisor}",
     .usage = "divisor(a, b)",
     .meaning = "the largest divisor of a that is at most b"},
    {.name = "mode",
     .least = 3,
     .most = 3,
     .value = mode_of,
     .latex = "\\operatorname{mode}",
     .usage = "mode(k, d, n)",
     .meaning = "mode k of n numbers in d dimensions: the d-th root of n where it is whole; else, for k < d, the least divisor "
                "of what modes 1 to k - 1 leave of n that reaches the rounded root, or all of it where it is less; for k = d, "
                "what they leave"}};

} // namespace

std::span<const FormulaFunction> formula_functions() { return kFormulaFunctions; }

// -------------------------------------------------------------------------------------------------- reading

class FormulaTree::Parser {
public:
  explicit Parser(FormulaTree &tree) : text_(tree.expression_), nodes_(tree.nodes_) {}

  void all() {
    sum();
    if (peek() != '\0') fail("an operator");
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
  std::size_t add(Node node) {
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }

  /// Operands with any of these between them, from left to right; what is tried first is longer.
  template <class Operand>
  std::size_t chain(std::initializer_list<std::string_view> operators, Operand &&operand) {
    std::size_t left = operand();
    for (;;) {
      const auto found = std::find_if(operators.begin(), operators.end(), [&](std::string_view token) { return take(token); });
      if (found == operators.end()) return left;
      const std::size_t right = operand();
      left = add({.kind = Kind::kOperator, .name = std::string(*found), .operands = {left, right}});
    }
  }
  std::size_t sum() {
    return chain({"+", "-"}, [&] { return product(); });
  }
  std::size_t product() {
    return chain({"*", "//", "/"}, [&] { return atom(); });
  }
  std::size_t atom() {
    const char c = peek();
    if (take("(")) {
      const std::size_t inner = sum();
      if (!take(")")) fail(")");
      return inner;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      double value = 0;
      const auto end = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value).ptr;
      at_ = static_cast<std::size_t>(end - text_.data());
      return add({.kind = Kind::kNumber, .number = value});
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (name.empty()) fail("a number or a name");
    if (!take("(")) return add({.kind = Kind::kSymbol, .name = std::string(name)});
    std::vector<std::size_t> arguments;
    do arguments.push_back(sum());
    while (take(","));
    if (!take(")")) fail(")");
    for (const FormulaFunction &function : formula_functions())
      if (function.name == name && function.least <= arguments.size() && arguments.size() <= function.most)
        return add({.kind = Kind::kCall, .name = std::string(name), .function = &function, .operands = std::move(arguments)});
    fail(fmt::format("a known function instead of {} of {}", name, arguments.size()));
  }

  std::string_view text_;
  std::vector<Node> &nodes_;
  std::size_t at_ = 0;
};

FormulaTree::FormulaTree(std::string_view expression) : expression_(expression) { Parser(*this).all(); }

bool FormulaTree::has(std::string_view name) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const Node &node) { return node.name == name; });
}

// -------------------------------------------------------------------------------------------------- values

double FormulaTree::value(const Symbols &symbols) const { return value(nodes_.back(), symbols); }

double FormulaTree::value(const Node &node, const Symbols &symbols) const {
  switch (node.kind) {
  case Kind::kNumber: return node.number;
  case Kind::kSymbol: {
    const auto symbol = symbols.find(node.name);
    if (symbol == symbols.end())
      throw std::invalid_argument(fmt::format("formula \"{}\": a known symbol instead of {} expected", expression_, node.name));
    return symbol->second;
  }
  case Kind::kOperator: {
    const double left = value(nodes_[node.operands[0]], symbols);
    const double right = value(nodes_[node.operands[1]], symbols);
    if (node.name == "+") return left + right;
    if (node.name == "-") return left - right;
    if (node.name == "*") return left * right;
    return node.name == "/" ? left / right : std::floor(left / right);
  }
  case Kind::kCall: {
    std::vector<double> arguments;
    for (const std::size_t operand : node.operands) arguments.push_back(value(nodes_[operand], symbols));
    return node.function->value(arguments);
  }
  }
  return 0;
}

double evaluate(std::string_view expression, const Symbols &symbols) { return FormulaTree(expression).value(symbols); }

// -------------------------------------------------------------------------------------------------- writing

/// A part of a formula, written.
struct FormulaTree::Written {
  enum Binding : std::uint8_t { kSum, kProduct, kAtom }; ///< of its outermost operator
  std::string text;
  Binding binding = kAtom;
  bool is_tall = false; ///< in LaTeX: taller than a line
};

FormulaTree::Written FormulaTree::text(const Node &node, const Symbols &numbers) const {
  switch (node.kind) {
  // No number of a formula is negative; one that is put in may be.
  case Kind::kNumber: return {.text = digits(node.number)};
  case Kind::kSymbol: {
    const auto number = numbers.find(node.name);
    if (number == numbers.end()) return {.text = node.name};
    return {.text = digits(number->second), .binding = number->second < 0 ? Written::kSum : Written::kAtom};
  }
  case Kind::kOperator: {
    const auto binding = node.name == "+" || node.name == "-" ? Written::kSum : Written::kProduct;
    // On the right what binds as loosely is bracketed: from left to right is not all the same to doubles.
    const auto operand = [&](std::size_t which) {
      const Written written = text(nodes_[node.operands[which]], numbers);
      return written.binding < binding || (which == 1 && written.binding == binding) ? '(' + written.text + ')' : written.text;
    };
    return {.text = fmt::format("{} {} {}", operand(0), node.name, operand(1)), .binding = binding};
  }
  case Kind::kCall: {
    std::string arguments;
    for (const std::size_t operand : node.operands)
      arguments += (arguments.empty() ? "" : ", ") + text(nodes_[operand], numbers).text;
    return {.text = fmt::format("{}({})", node.name, arguments)};
  }
  }
  return {};
}

std::string FormulaTree::text(const Symbols &numbers) const { return text(nodes_.back(), numbers).text; }

namespace {

/// Where a line of LaTeX may end; it is in no formula.
constexpr char kBreak = '\n';

std::string without_breaks(std::string latex) {
  latex.erase(std::remove(latex.begin(), latex.end(), kBreak), latex.end());
  return latex;
}

/// c_i as it is, n_10 as n_{10}, S_in as S_{\mathrm{in}}, and a word upright: \mathrm{rank\_scale}.
std::string latex_symbol(std::string_view name) {
  if (name.size() == 1) return std::string(name);
  const auto upright = [](std::string_view word) {
    std::string out = "\\mathrm{";
    for (const char c : word) out += c == '_' ? "\\_" : std::string(1, c);
    return out + '}';
  };
  if (name[1] != '_' || name.size() == 2) return upright(name);
  const std::string_view index = name.substr(2);
  const bool is_number = std::all_of(index.begin(), index.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  return fmt::format("{}_{}", name[0],
                     index.size() == 1 ? std::string(index)
                     : is_number       ? fmt::format("{{{}}}", index)
                                       : fmt::format("{{{}}}", upright(index)));
}

/// About how many letters wide it is printed. A fraction is taken for wider than it is.
std::size_t latex_width(std::string_view latex) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < latex.size(); ++i) {
    const char c = latex[i];
    if (c == '\\') {
      std::size_t end = i + 1;
      while (end < latex.size() && std::isalpha(static_cast<unsigned char>(latex[end])) != 0) ++end;
      const std::string_view command = latex.substr(i + 1, end - i - 1);
      if (command == "min" || command == "max" || command == "gcd" || command == "log") out += command.size();
      if (command == "lfloor" || command == "rfloor" || command == "cdot") ++out;
      i = std::max(i + 1, end - 1); // "\," and "\_" are of one sign
      continue;
    }
    constexpr std::size_t kOperator = 3; // with the space around it
    if (c == '+' || c == '-')
      out += kOperator;
    else if (c != '{' && c != '}' && c != '_' && c != ' ')
      ++out;
  }
  return out;
}

std::string enclosed(std::string_view opening, const std::string &latex, std::string_view closing, bool is_tall) {
  // Not \left and \right, between which no line can end.
  if (is_tall) return fmt::format("\\Bigl{} {} \\Bigr{}", opening, latex, closing);
  return opening == "(" ? fmt::format("({})", latex) : fmt::format("{} {} {}", opening, latex, closing);
}

} // namespace

FormulaTree::Written FormulaTree::latex(const Node &node) const {
  switch (node.kind) {
  case Kind::kNumber: return {.text = digits(node.number)};
  case Kind::kSymbol: return {.text = latex_symbol(node.name)};
  case Kind::kOperator: {
    Written left = latex(nodes_[node.operands[0]]);
    Written right = latex(nodes_[node.operands[1]]);
    if (node.name == "/" || node.name == "//") {
      std::string fraction = fmt::format("\\frac{{{}}}{{{}}}", without_breaks(left.text), without_breaks(right.text));
      if (node.name == "//") fraction = enclosed("\\lfloor", fraction, "\\rfloor", true);
      return {.text = std::move(fraction), .is_tall = true};
    }
    const auto bracketed = [](const Written &written, bool needed) {
      return needed ? enclosed("(", written.text, ")", written.is_tall) : written.text;
    };
    const bool is_tall = left.is_tall || right.is_tall;
    if (node.name == "*") {
      const std::string factor = bracketed(right, right.binding == Written::kSum);
      const bool is_digit = std::isdigit(static_cast<unsigned char>(factor.front())) != 0;
      return {.text =
                  fmt::format("{}{}{}", bracketed(left, left.binding == Written::kSum), is_digit ? " \\cdot " : "\\,", factor),
              .binding = Written::kProduct,
              .is_tall = is_tall};
    }
    // a + (b + c) is written without brackets, for to a reader it is the same.
    const bool is_minus = node.name == "-";
    return {.text = fmt::format("{} {}{} {}", left.text, kBreak, node.name,
                                bracketed(right, is_minus && right.binding == Written::kSum)),
            .binding = Written::kSum,
            .is_tall = is_tall};
  }
  case Kind::kCall: {
    Written out;
    for (const std::size_t operand : node.operands) {
      const Written argument = latex(nodes_[operand]);
      if (!out.text.empty()) out.text += fmt::format(", {}", kBreak);
      out.text += argument.text;
      out.is_tall = out.is_tall || argument.is_tall;
    }
    out.text =
        std::string(node.function->latex) + enclosed(node.function->opening, out.text, node.function->closing, out.is_tall);
    return out;
  }
  }
  return {};
}

std::string FormulaTree::latex() const { return without_breaks(latex(nodes_.back()).text); }

std::vector<std::string> FormulaTree::latex_lines(std::size_t most) const {
  std::vector<std::string> out(1);
  const std::string all = latex(nodes_.back()).text;
  for (std::string_view rest = all; !rest.empty();) {
    const std::string_view piece = rest.substr(0, rest.find(kBreak));
    rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    if (!out.back().empty() && latex_width(out.back()) + latex_width(piece) > most) out.emplace_back();
    out.back() += piece;
  }
  return out;
}

} // namespace pare
