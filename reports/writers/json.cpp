#include "reports/writers/json.hpp"

#include "reports/numbers.hpp"

#include <nlohmann/json.hpp>

namespace pare {

std::string write_json(const Report &report) {
  using nlohmann::ordered_json;
  struct Visitor {
    ordered_json operator()(std::monostate /*empty*/) const { return nullptr; }
    ordered_json operator()(const std::string &text) const { return text; }
    ordered_json operator()(const Count &count) const {
      return std::visit([](auto value) { return ordered_json(value); }, plain_number(count));
    }
    ordered_json operator()(const Percent &percent) const { return percent.value; }
    ordered_json operator()(const Measured &measured) const { return measured.mean; }
  };
  ordered_json out = ordered_json::array();
  for (const std::vector<Cell> &row : report.rows) {
    ordered_json object = ordered_json::object();
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Column &column = report.columns[i];
      object[full_heading(column)] = std::visit(Visitor{}, row[i]);
      if (!column.with_sd) continue;
      const auto sd = sd_of(row[i]);
      object[sd_heading(column)] = sd ? ordered_json(*sd) : ordered_json(nullptr);
    }
    out.push_back(std::move(object));
  }
  return out.dump(2) + '\n';
}

} // namespace pare
