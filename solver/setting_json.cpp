#include "solver/setting_json.hpp"

#include "solver/solved_check_json.hpp"

#include <utility>
#include <variant>

namespace pare::solved {

using json::Value;

namespace {

/// Of what `of` says of each quantity.
template <class Of>
Value by_quantity(const Costs &costs, const Of &of) {
  Value out = Value::object();
  out[json_key(Metric::kParameters)] = nullptr;
  out[json_key(Metric::kMultAdds)] = Value::object(); // also where no convention was asked for
  for (const auto &[quantity, count] : costs) {
    Value value = of(quantity, count);
    if (quantity.metric == Metric::kMultAdds)
      out[json_key(quantity.metric)][quantity.convention] = std::move(value);
    else
      out[json_key(quantity.metric)] = std::move(value);
  }
  return out;
}

} // namespace

Value number(const Count &count) {
  return std::visit([](auto value) { return Value(value); }, plain_number(count));
}

Value number(const std::optional<Count> &count) { return count ? number(*count) : Value(nullptr); }

Value costs_json(const Costs &costs) {
  return by_quantity(costs, [](const Quantity &, const Count &count) { return number(count); });
}

Value percent_json(const Costs &costs, const Costs &original) {
  return by_quantity(costs, [&](const Quantity &quantity, const Count &count) {
    const auto share = percent(count, original.at(quantity));
    return share ? Value(*share) : Value(nullptr);
  });
}

Value interval_json(const std::optional<Setting> &setting) {
  if (!setting || setting->first == setting->end) return nullptr;
  return Value::array({setting->first, setting->end});
}

Value setting_json(const std::optional<Setting> &setting) {
  if (!setting) return nullptr;
  Value out = {{"setting", setting->text}, {"same_network_for", interval_json(setting)}};
  out.update(costs_json(setting->costs));
  return out;
}

} // namespace pare::solved
