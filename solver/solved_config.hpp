#pragma once

#include "solver/solver.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// `pare.solved/1`: a solution as a file, which the trainer, the schedule and the reports read (solver/README.md describes
/// it). `provenance` is JSON text of an object: versions and options.
std::string write_solved(const Solution &solution, std::string_view provenance);

/// What an argument that asks for a network names: a network with a plan for it.
struct Design {
  Network network;
  Plan plan;
  std::optional<std::string> substitution; ///< of a solved file that is uniform
  std::vector<Convention> conventions;     ///< a user's own, that a solved file holds
  std::optional<MixedAnswer> mixed;        ///< of a solved file of a mixed plan: what `verify` proves
  std::vector<Budget> budgets;             ///< of a solved file
  Termination termination;                 ///< what a solved file says
  std::optional<std::string> original;     ///< of a solved file: the spec before its width changed
  std::optional<double> original_width;    ///< the same of a network from a file
  std::optional<double> max_width;         ///< how many times the original's width was tried; files of before: none above it
  bool is_solved = false;                  ///< read from a solved file: its plan is settled, even where it is empty (width)

  /// What its layers are replaced by: "Generic_0.1", or that it differs from layer to layer; empty: nothing is.
  std::string substitution_text() const;
};

/// Whether a solved file must hold a plan, or may hold the proof that there is none.
enum class Holds : std::uint8_t { kPlan, kPlanOrProof };

/// Reads `pare.solved/1`. Throws Error{kInvalidFile}, also where something in it that a recount can tell is not what its plan
/// comes to.
Design read_solved(std::string_view json, const std::string &where, const NetworkOptions &options = {},
                   Holds holds = Holds::kPlan);

/// Reads whichever of pare.solved/1 and pare.network/1 the text is.
Design read_design(std::string_view json, const std::string &where, const NetworkOptions &options = {},
                   Holds holds = Holds::kPlan);

/// The network that a solved design was solved for: its own, before its width changed.
Network original_of(const Design &design);
/// Whether it was solved for its width: nothing is substituted.
bool is_of_width(const Design &design);

/// The text of a file that an argument names, and what it is called in messages. Behind a pare.network/1 may stand the width
/// that it is to have, which is in the text then: "net.json:width=0.5,round_to=8".
struct NetworkFileText {
  std::string text;
  std::string where;
};
NetworkFileText read_network_file(std::string_view argument);

/// Why a solved design takes no other substitutes, behind what it is called: "has substitutes of its own; ...".
std::string_view what_is_settled(const Design &design);

/// What a solved file was solved for: the spec or the pare.network/1 document of the network before anything was substituted
/// or its width was changed. None for a text that is no solved file.
std::optional<std::string> original_of_solved(std::string_view json, const std::string &where);

/// The network that a short name or a spec names; none where the argument means a file. Throws Error{kUnknownName} for neither.
std::optional<Network> network_by_name(std::string_view argument, const NetworkOptions &options = {});

/// A short name, a spec, or a file (pare.network/1 or pare.solved/1; "-": stdin). Throws Error{kUnknownName}, {kIo},
/// {kInvalidFile}, ...
Design load_design(std::string_view argument, const NetworkOptions &options = {}, Holds holds = Holds::kPlan);

} // namespace pare
