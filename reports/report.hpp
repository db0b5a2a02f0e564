#pragma once

#include "base/count.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pare {

/// A share in percent: 2.5 means 2.5 %. A real number, so people see it rounded and files see all of it.
struct Percent {
  double value = 0;
};

/// What was measured: one run, or the mean of several with their sample standard deviation.
struct Measured {
  double mean = 0;
  std::optional<double> sd = {};
};

/// What stands in one place of a table: nothing, words, an exact number, a percentage, a measurement.
struct Cell : std::variant<std::monostate, std::string, Count, Percent, Measured> {
  using variant::variant;
  bool best = false; ///< of its column: bold, or with a star where nothing is bold
};

enum class Align : std::uint8_t { kLeft, kRight };

struct Column {
  std::string heading;
  std::string unit = {}; ///< written behind the heading in brackets; empty: none
  Align align = Align::kLeft;
  bool with_si = false;   ///< text for people shows "36.5 M" beside 36,479,194
  std::string brief = {}; ///< a shorter heading, for text that would be too wide
  /// Cells are Measured: CSV and JSON have the standard deviation in a column of its own.
  bool with_sd = false;
  /// Of Measured, and of counts in units of 10^power (whose `unit` says it): as people see them. Files have all digits.
  int decimals = 2;
  int power = 0;
};

/// A table with what a reader needs around it. Each row has a cell for each column.
struct Report {
  std::vector<std::string> title; ///< lines above
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> notes; ///< lines below
  /// Of a table for a paper. In LaTeX either makes it a table environment, with its notes in print.
  std::string caption = {};
  std::string label = {};
  std::vector<std::size_t> groups = {}; ///< rows that begin a group, but the first: there is a rule above them
  bool marks_missing = false;           ///< where there is nothing people see a dash
};

/// "parameters", "of the original [%]"
std::string full_heading(const Column &column);
/// The same for people: percentages carry their sign in each cell.
std::string shown_heading(const Report &report, std::size_t column);
/// "top-1 error sd [%]", and what stands there.
std::string sd_heading(const Column &column);
std::optional<double> sd_of(const Cell &cell);
bool has_best(const Report &report, std::size_t column);
bool begins_group(const Report &report, std::size_t row);

/// A column of numbers.
Column number_column(std::string heading, bool with_si = false);

} // namespace pare
