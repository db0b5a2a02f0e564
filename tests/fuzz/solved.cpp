#include "analysis/cost_model.hpp"
#include "base/json.hpp"
#include "solver/solved_config.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/left_out.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  const json::Place place("student.json");
  const json::Value document = json::parse(bytes, place);
  if (document.is_object()) {
    for (const char *key : {"network", "original"})
      if (const auto spec = document.find(key); spec != document.end() && spec->is_string())
        if (is_spec_left_out(spec->get_ref<const std::string &>())) return;
    if (const auto plan = document.find("plan"); plan != document.end() && plan->is_object())
      for (const auto &layer : plan->items()) {
        const auto &entry =
            layer.value().is_object() && layer.value().contains("setting") ? layer.value()["setting"] : layer.value();
        if (entry.is_string() && is_substitute_left_out(entry.get_ref<const std::string &>())) return;
      }
  }

  const Design design = read_design(bytes, "student.json", {}, Holds::kPlanOrProof);
  if (design.mixed && !design.mixed->value) return; // a proof that there is no plan
  const auto original =
      without_error("what was read has no original", [&] { return original_of_solved(bytes, "student.json"); });
  expect(original.has_value() == design.is_solved, "a file is solved for one reader and not for the other");
  if (!design.is_solved) return;
  // Its plan was counted, so that it can be lowered. On other images sizes are others, and may not fit.
  without_error("what was counted cannot be counted again",
                [&] { return count(lower(design.network.graph, design.plan).graph).parameters; });
  NetworkOptions other;
  other.input.image = Shape{1, design.network.input.channels, 40, 24};
  read_solved(bytes, "student.json", other);
}

} // namespace pare::fuzz
