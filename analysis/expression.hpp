#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// A small formula as text: numbers, names, + - * / // ( ), and the functions of formula_functions(). All arithmetic is in
/// doubles, from left to right, as written.
using Expression = std::string;

/// symbol = expression
struct Definition {
  std::string symbol;
  Expression expression;
};

using Symbols = std::map<std::string, double, std::less<>>;

/// A function of the language.
struct FormulaFunction {
  static constexpr std::size_t kAny = SIZE_MAX;
  std::string_view name;
  std::size_t least = 1; ///< arguments
  std::size_t most = 1;  ///< kAny: without end
  double (*value)(std::span<const double> arguments);
  /// In LaTeX: what stands in front of the arguments, and what encloses them.
  std::string_view latex;
  std::string_view opening = "(";
  std::string_view closing = ")";
  /// For legends: the function of named arguments, and what that is; empty where everybody knows.
  std::string_view usage = {};
  std::string_view meaning = {};
};
/// All of them: what can be read, computed and written.
std::span<const FormulaFunction> formula_functions();

/// A formula that has been read: its value, and how it is written. Throws std::invalid_argument for what cannot be read, and
/// for a symbol without a value: formulas are ours, so that is a bug.
class FormulaTree {
public:
  explicit FormulaTree(std::string_view expression);

  double value(const Symbols &symbols) const;
  /// Whether a symbol, a function or an operator ("//") occurs.
  bool has(std::string_view name) const;
  /// Read again it is the same tree. Symbols that `numbers` has are written as their numbers.
  std::string text(const Symbols &numbers = {}) const;
  /// For math mode with amsmath.
  std::string latex() const;
  /// The same in pieces of about `most` letters, broken behind a comma and in front of a + or -.
  std::vector<std::string> latex_lines(std::size_t most) const;

private:
  class Parser;
  enum class Kind : std::uint8_t { kNumber, kSymbol, kOperator, kCall };
  struct Node {
    Kind kind;
    double number = 0;
    std::string name = {}; ///< of the symbol, the operator or the function
    const FormulaFunction *function = nullptr;
    std::vector<std::size_t> operands = {};
  };
  struct Written;

  double value(const Node &node, const Symbols &symbols) const;
  Written text(const Node &node, const Symbols &numbers) const;
  Written latex(const Node &node) const;

  std::string expression_;
  std::vector<Node> nodes_; ///< operands before what has them: the last is the whole
};

double evaluate(std::string_view expression, const Symbols &symbols);

} // namespace pare
