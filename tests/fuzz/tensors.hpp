#pragma once

// What the targets of files of tensors share.

#include "formats/fit.hpp"
#include "formats/readers.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <memory>
#include <string>

namespace pare::fuzz {

inline formats::FileBytes file_of(std::string_view bytes) { return std::make_shared<const std::string>(bytes); }

/// What was read is whole, and written as safetensors it is the same again. Throws Error for a name that is not UTF-8, which
/// pickles may have and safetensors may not, and where a network lies in it twice.
inline void check(const formats::TensorFile &file) {
  for (const auto &[name, tensor] : file.tensors) {
    const auto elements = formats::elements_of(tensor.sizes);
    expect(elements && static_cast<std::uint64_t>(*elements) * formats::size_of(tensor.dtype) == tensor.bytes.size(),
           "a tensor has not the bytes of its sizes");
    for (const char byte : tensor.bytes) static_cast<void>(*static_cast<const volatile char *>(&byte)); // all can be read
  }
  const std::string bytes = formats::serialize_safetensors(file);
  const formats::TensorFile again =
      without_error("what was written is refused", [&] { return formats::read_safetensors(file_of(bytes), "written"); });
  expect(formats::serialize_safetensors(again) == bytes, "what was written reads as other tensors");
  expect(again.metadata == file.metadata && again.tensors.size() == file.tensors.size(), "what was written lacks something");

  static const formats::NamedSizes network = {{"w", {2, 3}}, {"bn.running_mean", {2}}, {"bn.num_batches_tracked", {}}};
  const formats::Fit fit = formats::fit_tensors(network, file, {}, "file");
  for (const auto &[ours, theirs] : fit.source) expect(file.tensors.contains(theirs), "a network is given what is not there");
  expect(fit.source.size() + fit.missing.size() + fit.different.size() <= network.size(),
         "what fits and what does not do not add up");
}

} // namespace pare::fuzz
