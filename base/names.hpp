#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pare {

// How names are read that are not written as they are known. Everything that looks up a name uses these.

/// A name without what people write differently: in small letters, and without the - and _ between its characters, but between
/// two numbers, where both are -. "WRN_28_10": "wrn28-10", "mobilenet_v2": "mobilenetv2". Of a pattern such as "wrn-D-K"
/// capitals stand for numbers, and stay.
std::string folded(std::string_view name, bool is_pattern = false);

/// Which of `known` a name is: the one that is written so, else the only one that differs in what folded() leaves out.
std::optional<std::size_t> find_name(std::string_view name, std::span<const std::string_view> known);

/// The one of `known` that was probably meant: begun and not ended, or a few letters wrong, a third of them and three at most.
/// Where several are as near it is the one that all of them begin with, in whatever order they stand, or else none.
std::optional<std::string_view> nearest_name(std::string_view name, std::span<const std::string_view> known);

/// The end of a message about an unknown name: "; did you mean resnet-50?", or nothing where none is near.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> known);

} // namespace pare
