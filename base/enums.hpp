#pragma once

#include "base/names.hpp"

#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pare {

// A closed set of choices is an enum with one table of names: an array of (value, name).

template <class Table, class Enum>
constexpr std::string_view name_of(const Table &table, Enum value) {
  for (const auto &[entry, name] : table)
    if (entry == value) return name;
  return {};
}

/// None for a name that the table has not.
template <class Table>
constexpr auto value_of(const Table &table, std::string_view name)
    -> std::optional<std::remove_cv_t<decltype(table.begin()->first)>> {
  for (const auto &[entry, text] : table)
    if (text == name) return entry;
  return std::nullopt;
}

/// All the names, in the order of the table.
template <class Table>
std::vector<std::string_view> names_of(const Table &table) {
  std::vector<std::string_view> out;
  for (const auto &entry : table) out.push_back(entry.second);
  return out;
}

/// The same as value_of(), for a name that people wrote: in any case.
template <class Table>
auto find_value(const Table &table, std::string_view name) -> std::optional<std::remove_cv_t<decltype(table.begin()->first)>> {
  const auto found = find_name(name, names_of(table));
  return found ? std::optional(table[*found].first) : std::nullopt;
}

} // namespace pare
