#include "analysis/shape.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace pare {

std::string to_string(const Shape &s) { return fmt::format("[{}, {}, {}, {}]", s.batch, s.channels, s.height, s.width); }

std::string to_string(const Pair &pair) { return fmt::format("{} x {}", pair.height, pair.width); }

std::string to_string(const Padding &padding) {
  if (padding.is_symmetric()) return to_string(Pair{padding.vertical.before, padding.horizontal.before});
  return fmt::format("[{}, {}, {}, {}]", padding.vertical.before, padding.vertical.after, padding.horizontal.before,
                     padding.horizontal.after);
}

std::string to_string(const Extents &extents) {
  std::string out = "[";
  for (std::int64_t v : extents) out += (out.size() > 1 ? ", " : "") + std::to_string(v);
  return out + "]";
}

std::string to_string(const TensorShape &shape) {
  return std::visit([](const auto &s) { return to_string(s); }, shape);
}

Shape parse_image_shape(const std::string &where, std::string_view text) {
  std::array<std::int64_t, 3> sizes{};
  std::string_view rest = text;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t comma = i + 1 < sizes.size() ? rest.find(',') : rest.size();
    const auto size = comma == std::string_view::npos ? std::nullopt : parse_whole(rest.substr(0, comma));
    if (!size || *size < 1)
      throw Error(ErrorCode::kInvalidValue, where,
                  fmt::format("{} must be C,H,W, three whole numbers from 1 to {}, such as 3,32,32", shown(text), INT64_MAX));
    sizes[i] = *size;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return {.batch = 1, .channels = sizes[0], .height = sizes[1], .width = sizes[2]};
}

std::int64_t window_positions(std::int64_t size, std::int64_t kernel, std::int64_t stride, const Sides &padding,
                              std::int64_t dilation, bool ceil_mode) {
  const auto [before, after] = padding;
  const std::int64_t padded = checked_add(size, padding.sum());
  const std::int64_t reach = checked_add(checked_mul(dilation, kernel - 1), 1);
  if (reach > padded)
    throw Error(ErrorCode::kInvalidConfig, "kernel",
                fmt::format("a window of {} (kernel {}, dilation {}) does not fit into {} (input {}, padding {}); a smaller "
                            "kernel, more padding or a larger input would",
                            reach, kernel, dilation, padded, size,
                            before == after ? std::to_string(before) : fmt::format("{} and {}", before, after)));
  std::int64_t positions = (padded - reach) / stride + 1;
  if (ceil_mode && (padded - reach) % stride != 0 && positions <= (size + before - 1) / stride) ++positions;
  return positions;
}

Padding same_padding(const Shape &x, const Pair &kernel, const Pair &stride, const Pair &dilation) {
  const auto both = [](std::int64_t size, std::int64_t k, std::int64_t s, std::int64_t d) {
    const std::int64_t windows = (size - 1) / s + 1;
    const std::int64_t wanted = checked_add(checked_mul(windows - 1, s), checked_add(checked_mul(d, k - 1), 1));
    return std::max<std::int64_t>(wanted - size, 0);
  };
  const std::int64_t vertical = both(x.height, kernel.height, stride.height, dilation.height);
  const std::int64_t horizontal = both(x.width, kernel.width, stride.width, dilation.width);
  return {{vertical / 2, vertical - vertical / 2}, {horizontal / 2, horizontal - horizontal / 2}};
}

Shape pooled_shape(const Shape &x, const Pair &kernel, const Pair &stride, const Padding &padding, bool ceil_mode) {
  expect_at_least(kernel, 1, "kernel");
  expect_at_least(stride, 1, "stride");
  expect_at_least(padding, 0, "padding");
  if (std::max(padding.vertical.before, padding.vertical.after) > kernel.height / 2 ||
      std::max(padding.horizontal.before, padding.horizontal.after) > kernel.width / 2)
    throw Error(ErrorCode::kInvalidConfig, "padding",
                fmt::format("padding = {} must be at most half of the kernel, {}", to_string(padding), to_string(kernel)));
  if (ceil_mode && !padding.is_symmetric())
    throw Error(ErrorCode::kInvalidConfig, "ceil_mode",
                fmt::format("ceil_mode = true must be false where padding differs from side to side, as in {}: no library says "
                            "which partial windows there are then",
                            to_string(padding)));
  return {.batch = x.batch,
          .channels = x.channels,
          .height = window_positions(x.height, kernel.height, stride.height, padding.vertical, 1, ceil_mode),
          .width = window_positions(x.width, kernel.width, stride.width, padding.horizontal, 1, ceil_mode)};
}

void expect_inputs(InputShapes inputs, std::size_t least, std::size_t most) {
  if (inputs.size() >= least && inputs.size() <= most) return;
  const std::string wanted = least == most ? std::to_string(least) : fmt::format("{} to {}", least, most);
  throw Error(ErrorCode::kInvalidConfig, "inputs",
              fmt::format("{} {} given, {} expected", inputs.size(), inputs.size() == 1 ? "input" : "inputs", wanted));
}

const Shape &expect_activation(InputShapes inputs, std::size_t port) {
  if (port >= inputs.size()) throw Error(ErrorCode::kInvalidConfig, "inputs", fmt::format("input {} is missing", port));
  if (const auto *shape = std::get_if<Shape>(inputs[port])) return *shape;
  throw Error(ErrorCode::kInvalidConfig, "inputs",
              fmt::format("input {} is a weight of {}, an activation is expected", port, to_string(*inputs[port])));
}

const Extents &expect_weight(InputShapes inputs, std::size_t port) {
  if (port >= inputs.size()) throw Error(ErrorCode::kInvalidConfig, "inputs", fmt::format("input {} is missing", port));
  if (const auto *extents = std::get_if<Extents>(inputs[port])) return *extents;
  throw Error(ErrorCode::kInvalidConfig, "inputs",
              fmt::format("input {} is an activation of {}, a weight is expected", port, to_string(*inputs[port])));
}

void expect_extents(InputShapes inputs, std::size_t port, const Extents &wanted, const char *what) {
  const Extents &given = expect_weight(inputs, port);
  if (!(given == wanted))
    throw Error(ErrorCode::kInvalidConfig, what,
                fmt::format("{} has extents {}, {} expected", what, to_string(given), to_string(wanted)));
}

void expect_at_least(std::int64_t value, std::int64_t least, const char *field) {
  if (value < least)
    throw Error(ErrorCode::kInvalidValue, field, fmt::format("{} = {} must be at least {}", field, value, least));
}

void expect_at_least(const Padding &value, std::int64_t least, const char *field) {
  for (const Sides &sides : {value.vertical, value.horizontal})
    expect_at_least(std::min(sides.before, sides.after), least, field);
}

void expect_at_least(const Pair &value, std::int64_t least, const char *field) {
  expect_at_least(value.height, least, field);
  expect_at_least(value.width, least, field);
}

} // namespace pare
