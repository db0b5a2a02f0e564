#include "analysis/op.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace pare {

namespace {

/// A row of what the ops say, by kind.
struct Kind {
  std::string_view name;
  Role role;
  bool in_files;
  bool owner;
  Events events;
  std::span<const std::string_view> needed;
};

template <class T>
constexpr Kind kind_of() {
  Kind out{.name = T::kKind, .role = T::kRole, .in_files = T::kInFiles, .owner = Owner<T>, .events = T::kEvents, .needed = {}};
  if constexpr (HasNeeded<T>) out.needed = T::kNeeded;
  return out;
}

template <std::size_t... I>
constexpr std::array<Kind, kOpKindCount> all_kinds(std::index_sequence<I...> /*indices*/) {
  return {kind_of<std::variant_alternative_t<I, Op>>()...};
}
constexpr auto kKinds = all_kinds(std::make_index_sequence<kOpKindCount>());

template <std::size_t... I>
Op make(std::size_t kind, std::index_sequence<I...> /*indices*/) {
  using Make = Op (*)();
  constexpr std::array<Make, kOpKindCount> makers = {+[]() -> Op { return std::variant_alternative_t<I, Op>{}; }...};
  return makers[kind]();
}

} // namespace

std::string_view kind_name(std::size_t index) { return kKinds[index].name; }
Role role_of(std::size_t kind) { return kKinds[kind].role; }
bool is_in_files(std::size_t kind) { return kKinds[kind].in_files; }
bool owns_parameters(std::size_t kind) { return kKinds[kind].owner; }
Events events_of(std::size_t kind) { return kKinds[kind].events; }

bool is_needed(std::size_t kind, std::string_view field) {
  const auto &needed = kKinds[kind].needed;
  return std::find(needed.begin(), needed.end(), field) != needed.end();
}

std::optional<std::size_t> kind_from(std::string_view name) {
  for (std::size_t i = 0; i < kOpKindCount; ++i)
    if (kKinds[i].name == name) return i;
  return std::nullopt;
}

Op make_op(std::size_t kind) { return make(kind, std::make_index_sequence<kOpKindCount>()); }

bool makes_tensor(const Op &op) {
  return std::visit([](const auto &o) { return std::decay_t<decltype(o)>::kMakesTensor; }, op);
}

OwnedParameters owned_parameters(const Op &op, const Owned &owned, const Shape &x, const Initialisation &initialisation) {
  return std::visit(
      [&]<class T>(const T &o) -> OwnedParameters {
        if constexpr (Owner<T>)
          return owned_parameters(o, owned, x, initialisation);
        else
          return {};
      },
      op);
}

Owned owned_of(const Op &op, InputShapes inputs) {
  return std::visit(
      [&]<class T>(const T &o) -> Owned {
        if constexpr (Owner<T>)
          return owned_of(o, inputs);
        else
          return {};
      },
      op);
}

std::string kernel_text(const Op &op, InputShapes inputs) {
  return std::visit(
      [&]<class T>(const T &o) -> std::string {
        if constexpr (requires { o.kernel_text(inputs); })
          return o.kernel_text(inputs);
        else
          return {};
      },
      op);
}

TensorShape infer_shape(const Op &op, InputShapes inputs) {
  return std::visit([&](const auto &o) { return infer_shape(o, inputs); }, op);
}

void tally(const Op &op, InputShapes inputs, const TensorShape &output, Tally &out) {
  std::visit([&](const auto &o) { tally(o, inputs, output, out); }, op);
  assert(std::all_of(out.begin(), out.end(), [&](const Tally::Entry &e) { return events_of(op.index()).contains(e.event); }));
}

} // namespace pare
