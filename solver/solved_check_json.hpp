#pragma once

// What a solved file says, held against its plan. Not installed: it includes nlohmann_json.

#include "analysis/convention.hpp"
#include "base/json.hpp"
#include "solver/budget.hpp"
#include "solver/solved_config.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace pare::solved {

/// Errors of what a file names are the file's.
template <class Make>
auto in_file(const json::Place &place, const Make &make) {
  try {
    return make();
  } catch (const Error &error) {
    place.fail(error.message());
  }
}

/// "parameters", "mult_adds", "activations", "stored_bytes": the metric as a key of objects.
std::string_view json_key(Metric metric);

/// What a counted number must look like in the file. The last digits of real ones were not always the same.
bool is_number(const json::Value &value, const Count &counted);

/// Compares what a file says with what its plan comes to.
class Recount {
public:
  /// `by_input`: whether mult-adds are to be compared too: they are where the image is the file's own. `all_known`: whether
  /// the file holds the conventions that it names; those of before did not.
  Recount(const Design &design, const std::vector<Convention> &conventions, bool by_input, bool all_known)
      : costs_(costs_of(design.network.graph, design.plan, conventions)), by_input_(by_input), all_known_(all_known) {}

  const Costs &costs() const { return costs_; }

  /// The plan's value of a quantity; none where it cannot be told.
  std::optional<Count> value(const Quantity &quantity) const {
    if (!quantity.is_of_parameters() && !by_input_) return std::nullopt;
    return costs_.find(quantity);
  }
  void check_convention(std::string_view name, const json::Place &place) const;
  static void check(const json::Value &written, const json::Place &place, std::string_view name, const Count &counted,
                    std::string_view whose = "the plan");
  /// {"parameters": ..., "mult_adds": {convention: ...}, ...}; calls check(written, place, name, quantity) for each. Files of
  /// before have no more than these two.
  template <class Check>
  void visit(const json::Value &written, const json::Place &place, const Check &check) const {
    json::Members members(written, place);
    for (const auto &[metric, name] : kMetrics) {
      const std::string_view key = json_key(metric);
      if (metric == Metric::kMultAdds) {
        json::Members mult_adds(members.at(key), members.place(key));
        for (const auto &entry : mult_adds.object().items()) {
          const Quantity quantity = Quantity::mult_adds(entry.key());
          check_convention(entry.key(), mult_adds.place(entry.key()));
          check(entry.value(), mult_adds.place(entry.key()), quantity.text(), quantity);
        }
      } else if (metric == Metric::kParameters || members.find(key) != nullptr) {
        check(members.at(key), members.place(key), name, Quantity{.metric = metric});
      }
    }
    members.finish();
  }

private:
  Costs costs_;
  bool by_input_;
  bool all_known_;
};

/// The budgets, each with what the plan comes to, if there is one. `original`: what percentages are of, where it can be told.
std::vector<Budget> read_budgets(const json::Value &budgets, const json::Place &place, const Recount &recount,
                                 const Costs *original, bool has_plan);

/// The layers that stay as they were are those that the plan leaves so.
void check_kept(const json::Value &kept, const json::Place &place, const Plan &plan);

/// What only a search knows, which must be of the right kind and contradict nothing: termination, same_network_for, next_up,
/// attainable, nearest. `members` are the document's, `conventions` all that it may name.
void check_search(json::Members &members, const Design &design, const Recount &recount, const std::vector<Budget> &budgets,
                  const std::vector<Convention> &conventions);

/// The same of a mixed plan: its value, bound and gap; or that there is none.
void check_mixed_termination(const json::Value &termination, const json::Place &place, const MixedAnswer &answer,
                             bool has_plan);

} // namespace pare::solved
