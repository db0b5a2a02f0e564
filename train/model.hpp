#pragma once

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "solver/solved_config.hpp"
#include "train/data/dataset.hpp"
#include "train/graph_module.hpp"

#include <memory>
#include <string>
#include <vector>

namespace pare::train {

/// A design as it is trained: the lowered graph as a module, and what it costs.
struct Model {
  Design design;
  std::shared_ptr<GraphModule> module;
  std::shared_ptr<GraphModule> auxiliary; ///< its head for training; null where none is asked for
  CostReport cost;
  std::int64_t original_parameters = 0; ///< of the network with nothing substituted
  std::int64_t classes = 0;             ///< logits
  std::vector<Lowered::Kept> kept;      ///< layers to which the substitution does not apply, left as they were
};

/// Lowers and builds it; parameters are not initialised. Throws Error{kInvalidConfig} where an auxiliary head is asked for and
/// the network has none.
Model build_model(Design design, bool auxiliary_head, bool where_possible);

/// Throws Error{kInvalidConfig} where the network has another number of classes than the data. `whose`: "the network".
void check_classes(const Model &model, const DataSource &data, const std::string &whose);

/// Loads a file of weights into a module. Returns what of it a user should know, a line each (load_state()). Throws Error.
std::vector<std::string> load_weights(GraphModule &module, const std::string &file, const formats::Reading &reading);

} // namespace pare::train
