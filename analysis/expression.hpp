#pragma once

#include <map>
#include <string>
#include <string_view>

namespace pare {

/// A small formula as text: numbers, names, + - * / // ( ), and int, round (half to even), min, max, gcd, log2,
/// divisor(n, most) = the largest divisor of n that is at most `most`, mode(k, d, n) = mode k (from 1) of n numbers in d
/// dimensions. All arithmetic is in doubles, from left to right, as written.
using Expression = std::string;

/// symbol = expression
struct Definition {
  std::string symbol;
  Expression expression;
};

using Symbols = std::map<std::string, double, std::less<>>;

/// Throws std::invalid_argument for a formula that cannot be read: formulas are ours, so that is a bug.
double evaluate(std::string_view expression, const Symbols &symbols);

} // namespace pare
