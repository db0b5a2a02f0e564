#pragma once

#include "base/count.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace pare {

/// A share in percent: 2.5 means 2.5 %. A real number, so people see it rounded and files see all of it.
struct Percent {
  double value = 0;
};

/// What stands in one place of a table: nothing, words, an exact number, a percentage.
using Cell = std::variant<std::monostate, std::string, Count, Percent>;

enum class Align : std::uint8_t { kLeft, kRight };

struct Column {
  std::string heading;
  std::string unit = {}; ///< written behind the heading in brackets; empty: none
  Align align = Align::kLeft;
  bool with_si = false;   ///< text for people shows "36.5 M" beside 36,479,194
  std::string brief = {}; ///< a shorter heading, for text that would be too wide
};

/// A table with what a reader needs around it. Each row has a cell for each column.
struct Report {
  std::vector<std::string> title; ///< lines above
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> notes; ///< lines below
};

/// "parameters", "of the original [%]"
std::string full_heading(const Column &column);

/// A column of numbers.
Column number_column(std::string heading, bool with_si = false);

} // namespace pare
