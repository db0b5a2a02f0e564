#include "solver/budget.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  const Budget budget = parse_budget(bytes);
  const Budget again = without_error("what was written is refused", [&] { return parse_budget(budget.written, ""); });
  expect(again.written == budget.written && again.quantity == budget.quantity && again.relation == budget.relation &&
             again.is_percentage == budget.is_percentage && again.limit == budget.limit,
         "what was written reads as another budget");
  for (const Count &original : {Count(1), Count(36'479'194), Count(INT64_MAX), Count::from_real(0.5)}) {
    const Budget resolved = resolve_percentage(budget, original);
    resolved.holds(original);
    resolved.text();
  }
}

} // namespace pare::fuzz
