#pragma once

#include "base/checked.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace pare {

/// Shape of an activation, in elements.
struct Shape {
  std::int64_t batch = 1;
  std::int64_t channels = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;

  /// Elements of one image.
  std::int64_t elements_per_image() const { return checked_mul(channels, height, width); }
  std::int64_t elements() const { return checked_mul(batch, elements_per_image()); }
  /// Output positions of one image: height x width.
  std::int64_t positions() const { return checked_mul(height, width); }
  bool operator==(const Shape &) const = default;
};

/// A vertical and a horizontal number: kernels, strides, dilations.
struct Pair {
  std::int64_t height = 1;
  std::int64_t width = 1;

  std::int64_t area() const { return checked_mul(height, width); }
  bool operator==(const Pair &) const = default;
};

/// What is put before and after an image along one axis, in pixels.
struct Sides {
  std::int64_t before = 0;
  std::int64_t after = 0;

  constexpr Sides(std::int64_t both = 0) : before(both), after(both) {} // NOLINT(*-explicit-*): 1 is one on each side
  constexpr Sides(std::int64_t one, std::int64_t other) : before(one), after(other) {}
  std::int64_t sum() const { return checked_add(before, after); }
  bool operator==(const Sides &) const = default;
};

/// Around an image. Networks of TensorFlow have more on one side than on the other.
struct Padding {
  Sides vertical;   ///< top, bottom
  Sides horizontal; ///< left, right

  bool is_symmetric() const { return vertical.before == vertical.after && horizontal.before == horizontal.after; }
  bool operator==(const Padding &) const = default;
};

/// TensorFlow's "SAME": so much that there are ceil(size / stride) windows, what is odd at the bottom and on the right.
Padding same_padding(const Shape &x, const Pair &kernel, const Pair &stride, const Pair &dilation);

/// Extents of a parameter, a buffer or a computed weight: up to kMaxRank dimensions.
/// A convolution's weight is [out, in / groups, kernel height, kernel width].
class Extents {
public:
  static constexpr std::size_t kMaxRank = 6;

  Extents() = default;
  Extents(std::initializer_list<std::int64_t> values) {
    for (std::int64_t v : values) push_back(v);
  }

  void push_back(std::int64_t value) {
    assert(rank_ < kMaxRank);
    values_[rank_++] = value;
  }
  std::size_t rank() const { return rank_; }
  std::int64_t operator[](std::size_t i) const { return values_[i]; }
  std::int64_t &operator[](std::size_t i) { return values_[i]; }
  const std::int64_t *begin() const { return values_.data(); }
  const std::int64_t *end() const { return values_.data() + rank_; }
  std::int64_t elements() const {
    std::int64_t out = 1;
    for (std::int64_t v : *this) out = checked_mul(out, v);
    return out;
  }
  bool operator==(const Extents &) const = default;

private:
  std::array<std::int64_t, kMaxRank> values_{};
  std::size_t rank_ = 0;
};

/// What a node of the graph produces: an activation, or a weight that does not depend on the image.
using TensorShape = std::variant<Shape, Extents>;
using InputShapes = std::span<const TensorShape *const>;

/// "[1, 16, 32, 32]"
std::string to_string(const Shape &shape);
/// "3 x 3"
std::string to_string(const Pair &pair);
/// The same, or all four sides where they differ.
std::string to_string(const Padding &padding);
std::string to_string(const Extents &extents);
std::string to_string(const TensorShape &shape);

/// "C,H,W" of one image, the whole text. Throws Error{kInvalidValue} placed at `where`, an option or a key.
Shape parse_image_shape(const std::string &where, std::string_view text);

/// The positions of a sliding window along one axis, floor((size + before + after - dilation (kernel - 1) - 1) / stride) + 1,
/// or the same with ceil where a last partial window is kept that starts inside the input or the padding before it.
/// Throws Error{kInvalidConfig} where the window does not fit.
std::int64_t window_positions(std::int64_t size, std::int64_t kernel, std::int64_t stride, const Sides &padding,
                              std::int64_t dilation, bool ceil_mode = false);

/// Output of a pooling op: window_positions() along both axes. Padding may be half of the kernel at most.
Shape pooled_shape(const Shape &x, const Pair &kernel, const Pair &stride, const Padding &padding, bool ceil_mode);

/// Checks of infer_shape(): each throws Error{kInvalidConfig} with what was expected.
void expect_inputs(InputShapes inputs, std::size_t least, std::size_t most);
const Shape &expect_activation(InputShapes inputs, std::size_t port);
const Extents &expect_weight(InputShapes inputs, std::size_t port);
void expect_extents(InputShapes inputs, std::size_t port, const Extents &wanted, const char *what);
/// Throws unless value >= least.
void expect_at_least(std::int64_t value, std::int64_t least, const char *field);
void expect_at_least(const Pair &value, std::int64_t least, const char *field);
void expect_at_least(const Padding &value, std::int64_t least, const char *field);

} // namespace pare
