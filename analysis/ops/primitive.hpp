#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <concepts>
#include <cstdint>
#include <string_view>

namespace pare {

/// What an op is in a network.
enum class Role : std::uint8_t {
  kSource,     ///< takes nothing: the image, or what is stored
  kWeight,     ///< computes a weight from weights, once per batch
  kActivation, ///< works on activations
};

/// What every op says of itself: an op that leaves one of these out does not compile.
///   kKind         its name in files, tables and conventions
///   kRole         see Role
///   kInFiles      whether network files hold it; the parameters that it owns are implied there (analysis/ops/owned.hpp)
///   kMakesTensor  whether its output is a new tensor (an activation that takes memory) rather than a view
///   kEvents       all that tally(), and those who attach events, may say of it: the rest no convention can weigh
///   visit_fields  calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from
template <class T>
concept Primitive = requires(const T op) {
  { T::kKind } -> std::convertible_to<std::string_view>;
  { T::kRole } -> std::convertible_to<Role>;
  { T::kInFiles } -> std::convertible_to<bool>;
  { T::kMakesTensor } -> std::convertible_to<bool>;
  { T::kEvents } -> std::convertible_to<Events>;
  T::visit_fields(op, [](auto &&...) {});
  { op == op } -> std::convertible_to<bool>;
};

} // namespace pare
