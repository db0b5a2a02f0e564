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
  };
  ordered_json out = ordered_json::array();
  for (const std::vector<Cell> &row : report.rows) {
    ordered_json object = ordered_json::object();
    for (std::size_t i = 0; i < row.size(); ++i) object[full_heading(report.columns[i])] = std::visit(Visitor{}, row[i]);
    out.push_back(std::move(object));
  }
  return out.dump(2) + '\n';
}

} // namespace pare
