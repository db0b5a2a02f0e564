#include "projection/teacher.hpp"

#include "analysis/lower.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pare {

namespace {

std::vector<std::int64_t> sizes_of(const Extents &extents) { return {extents.begin(), extents.end()}; }

formats::Fit fit_of(const Graph &graph, const formats::TensorFile &file) {
  const Graph lowered = lower(graph, {}).graph;
  formats::NamedSizes wanted;
  for (NodeId id = 0; id < lowered.node_count(); ++id)
    if (std::holds_alternative<Parameter>(lowered.node(id).op))
      wanted.emplace(lowered.parameter_name(id), sizes_of(lowered.weight(id)));
  formats::NamedSizes given;
  for (const auto &[name, tensor] : file.tensors) given.emplace(name, tensor.sizes);
  return formats::best_fit(wanted, given);
}

} // namespace

TeacherWeights::TeacherWeights(const Graph &graph, formats::TensorFile file, std::string where)
    : file_(std::move(file)), where_(std::move(where)), fit_(fit_of(graph, file_)) {}

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
    for (const std::int64_t size : tensor.sizes) out.extents.push_back(size);
    if (out.extents.rank() == 2 && fit_.map != nullptr && fit_.map->linear_to_conv(ours)) {
      out.extents.push_back(1);
      out.extents.push_back(1);
    }
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
