#include "solver/result.hpp"

namespace pare {

std::string_view to_string(Reason reason) {
  switch (reason) {
  case Reason::kOptimal: return "optimal";
  case Reason::kFeasible: return "feasible";
  case Reason::kInfeasible: return "infeasible";
  }
  return "unknown";
}

} // namespace pare
