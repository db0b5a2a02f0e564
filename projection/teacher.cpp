#include "projection/teacher.hpp"

#include "analysis/lower.hpp"
#include "analysis/state.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pare {

TeacherWeights::TeacherWeights(const Graph &graph, formats::TensorFile file, std::string where)
    : file_(std::move(file)), where_(std::move(where)) {
  const formats::NamedSizes state = state_tensors(lower(graph, {}).graph);
  fit_ = formats::fit_tensors(state, file_, {}, where_);
  if (!fit_.foreign.empty() || !fit_.twice.empty())
    throw Error(
        ErrorCode::kInvalidConfig, where_,
        fmt::format("holds {}, as of another network; weights of this network before anything is substituted would be accepted",
                    shown(fit_.foreign.empty() ? fit_.twice.front().other : fit_.foreign.front())));
  sizes_.insert(state.begin(), state.end());
}

LayerWeight TeacherWeights::of(const ConvSite &site) const {
  DenseTensors read;
  const auto find = [&](const std::string &ours) -> const DenseTensor * {
    const auto source = fit_.source.find(ours);
    if (source == fit_.source.end()) {
      std::string why = "is not there";
      for (const formats::Fit::Difference &difference : fit_.different)
        if (difference.name == ours)
          why = fmt::format("is {}, the network's {}", formats::sizes_text(difference.given),
                            formats::sizes_text(difference.wanted));
      throw Error(
          ErrorCode::kInvalidConfig, where_,
          fmt::format("{} {}; weights of this network before anything is substituted would be accepted", shown(ours), why));
    }
    const formats::TensorBytes &tensor = file_.tensors.at(source->second);
    DenseTensor &out = read[ours];
    for (const std::int64_t size : sizes_.at(ours)) out.extents.push_back(size);
    const std::size_t elements = tensor.bytes.size() / formats::size_of(tensor.dtype);
    out.values.reserve(elements);
    for (std::size_t i = 0; i < elements; ++i) {
      const auto value = static_cast<float>(formats::real_at(tensor, i));
      if (!std::isfinite(value))
        throw Error(ErrorCode::kNotFinite, where_,
                    fmt::format("{} has {} among its numbers; finite numbers would be accepted", shown(source->second), value));
      out.values.push_back(value);
    }
    return &out;
  };
  return layer_weight(site, find).value(); // find() has them all
}

} // namespace pare
