#include "analysis/op.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace pare {

namespace {

template <std::size_t... I>
constexpr std::array<std::string_view, kOpKindCount> kind_names(std::index_sequence<I...> /*indices*/) {
  return {std::variant_alternative_t<I, Op>::kKind...};
}
constexpr auto kKindNames = kind_names(std::make_index_sequence<kOpKindCount>());

template <std::size_t... I>
constexpr std::array<Events, kOpKindCount> kind_events(std::index_sequence<I...> /*indices*/) {
  return {std::variant_alternative_t<I, Op>::kEvents...};
}
constexpr auto kKindEvents = kind_events(std::make_index_sequence<kOpKindCount>());

template <std::size_t... I>
Op make(std::size_t kind, std::index_sequence<I...> /*indices*/) {
  using Make = Op (*)();
  constexpr std::array<Make, kOpKindCount> makers = {+[]() -> Op { return std::variant_alternative_t<I, Op>{}; }...};
  return makers[kind]();
}

} // namespace

std::string_view kind_name(std::size_t index) { return kKindNames[index]; }

Events events_of(std::size_t kind) { return kKindEvents[kind]; }

std::optional<std::size_t> kind_from(std::string_view name) {
  for (std::size_t i = 0; i < kOpKindCount; ++i)
    if (kKindNames[i] == name) return i;
  return std::nullopt;
}

Op make_op(std::size_t kind) { return make(kind, std::make_index_sequence<kOpKindCount>()); }

bool makes_tensor(const Op &op) {
  return std::visit([](const auto &o) { return std::decay_t<decltype(o)>::kMakesTensor; }, op);
}

TensorShape infer_shape(const Op &op, InputShapes inputs) {
  return std::visit([&](const auto &o) { return infer_shape(o, inputs); }, op);
}

void tally(const Op &op, InputShapes inputs, const TensorShape &output, Tally &out) {
  std::visit([&](const auto &o) { tally(o, inputs, output, out); }, op);
  assert(std::all_of(out.begin(), out.end(), [&](const Tally::Entry &e) { return events_of(op.index()).contains(e.event); }));
}

} // namespace pare
