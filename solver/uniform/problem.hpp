#pragma once

#include "analysis/convention.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "solver/budget.hpp"
#include "solver/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace pare {

/// Exact costs of one plan, in the order of UniformProblem::quantities().
using CostRow = std::vector<Count>;

/// One setting for the whole network as a function of one number. Two settings of equal structure are the same network.
class UniformProblem {
public:
  enum class Axis : std::uint8_t {
    kReal,       ///< doubles from least() to most(); the structure's numbers and all costs never fall
    kWhole,      ///< whole numbers from least() up without end; all costs never fall
    kEnumerated, ///< costs go up and down: plateaus() lists one of each structure
  };
  /// The knobs in [first, end) have one structure; for whole-number knobs, first alone.
  struct Plateau {
    double first = 0;
    double end = 0;
  };

  UniformProblem(std::vector<Budget> budgets, std::vector<Convention> conventions);
  virtual ~UniformProblem() = default;

  virtual Axis axis() const = 0;
  /// The range of settings. most() of kWhole is 2^53.
  virtual double least() const = 0;
  virtual double most() const = 0;
  virtual Structure structure(double setting) const = 0;
  /// What was counted before is remembered. Throws Error{kOverflow}.
  virtual CostRow cost(double setting) = 0;
  virtual std::vector<Plateau> plateaus() const = 0; ///< kEnumerated only
  /// Layers that stay as they are at a setting, though they accept others.
  virtual std::int64_t refusing(double /*setting*/) const { return 0; }
  /// The first setting above one that has another structure, or the one behind most(); kReal only.
  virtual double next(double setting) = 0;
  /// What was tried where there could be more: "up to width=40 (4 times the network's own)". Empty: these are all settings.
  virtual std::string searched() const { return {}; }
  /// The setting as a person writes it: "Generic_0.054".
  virtual std::string text(double setting) const = 0;

  const std::vector<Budget> &budgets() const { return budgets_; }
  const std::vector<Convention> &conventions() const { return conventions_; }
  const std::vector<Quantity> &quantities() const { return quantities_; }
  /// A cost in one of them. Throws Error{kUnknownName}.
  const Count &value(const CostRow &cost, const Quantity &quantity) const;
  const Count &value(const CostRow &cost, const Budget &budget) const { return value(cost, budget.quantity); }
  Setting setting(const Plateau &plateau);

private:
  std::vector<Budget> budgets_;
  std::vector<Convention> conventions_;
  std::vector<Quantity> quantities_;
};

/// Which settings of a substitution are those of the network.
enum class SettingRange : std::uint8_t {
  kAllApply,   ///< every layer accepts them
  kAnyApplies, ///< a layer accepts them; those that do not stay as they are there, so that costs may fall along the axis
};

/// A substitution at every replaceable convolution, its knob free. Throws Error{kNotApplicable} where it applies at no setting
/// and `where_refused` is kThrow; otherwise such layers are in `kept`. Those that are in it already stay as they are, unasked.
std::unique_ptr<UniformProblem> make_substitution_problem(const Network &network, const Substitute &substitute,
                                                          std::vector<Budget> budgets, std::vector<Convention> conventions,
                                                          WhereRefused where_refused, std::vector<Lowered::Kept> &kept,
                                                          SettingRange range = SettingRange::kAllApply);
/// The original layers with every stage's channels scaled: all widths up to Widths::most(times).
std::unique_ptr<UniformProblem> make_width_problem(const Network &network, double times, std::vector<Budget> budgets,
                                                   std::vector<Convention> conventions);

/// The decimal of fewest places in [first, end), the smallest of them; above 0.
double shortest_decimal(double first, double end);

} // namespace pare
