#include "command/options.hpp"

#include <utility>

namespace pare::cli {

OptionInfo network_option() {
  return {.name = "NETWORK",
          .description =
              "A short name (wrn-28-10), a spec (wide_resnet:depth=28,width=10), or a file: pare.network/1 or pare.solved/1",
          .values = Values::kNetwork,
          .required = true};
}

OptionInfo substitute_option() {
  return {.name = "--substitute",
          .value = "S",
          .description = "Replace the network's convolutions: Generic_0.1, Shuffle_4, tensor_train:rank_scale=0.8,dimensions=4",
          .values = Values::kSubstitution};
}

OptionInfo where_possible_option() {
  return {.name = "--where-possible",
          .description =
              "Leave layers as they were where the substitution does not apply, and list them; solve: where it applies at no "
              "setting"};
}

OptionInfo input_option() {
  return {.name = "--input",
          .value = "C,H,W",
          .description = "Channels, height and width of an image; standard: the network's own"};
}

OptionInfo format_option(std::vector<std::string_view> choices) {
  return {.name = "--format", .value = "FORMAT", .description = "How to write the result", .choices = std::move(choices)};
}

OptionInfo output_option(std::string_view description) {
  return {.name = "--output", .letter = "-o", .value = "FILE", .description = description, .values = Values::kFile};
}

} // namespace pare::cli
