#include "solver/budget.hpp"

#include "analysis/error.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <optional>

namespace pare {

namespace {

// NOLINTNEXTLINE: GCC's 128-bit integers, under -Wpedantic
__extension__ using Wide = __int128;

/// digits x 10^exponent, exactly as written.
struct Decimal {
  std::int64_t digits = 0;
  int exponent = 0;
};

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal out;
  std::size_t i = 0;
  bool any = false;
  bool point = false;
  int significant = 0;
  for (; i < text.size() && (std::isdigit(static_cast<unsigned char>(text[i])) != 0 || (text[i] == '.' && !point)); ++i) {
    if (text[i] == '.') {
      point = true;
      continue;
    }
    any = true;
    if (point) --out.exponent;
    if (significant > 0 || text[i] != '0') ++significant;
    if (significant > 18) return std::nullopt;
    out.digits = out.digits * 10 + (text[i] - '0');
  }
  if (!any) return std::nullopt;
  if (i == text.size()) return out;
  if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
  ++i;
  bool negative = false;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
  if (i == text.size() || text.size() - i > 3) return std::nullopt;
  int exponent = 0;
  for (; i < text.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) return std::nullopt;
    exponent = exponent * 10 + (text[i] - '0');
  }
  out.exponent += negative ? -exponent : exponent;
  return out;
}

/// digits x 10^exponent x factor as a count: whole where it is, else rounded down or to the nearest double.
Count to_count(const Decimal &decimal, std::int64_t factor, bool round_down, std::string_view written) {
  Wide value = static_cast<Wide>(decimal.digits) * factor;
  Wide divisor = 1;
  const auto too_large = [&] {
    throw Error(ErrorCode::kUsage, fmt::format("budget \"{}\"", written),
                "the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted");
  };
  for (int e = decimal.exponent; e > 0 && value != 0; --e) {
    if (value > static_cast<Wide>(INT64_MAX)) too_large();
    value *= 10;
  }
  for (int e = decimal.exponent; e < 0; ++e) {
    if (divisor > static_cast<Wide>(INT64_MAX) * INT64_MAX / 10) return std::int64_t{0};
    divisor *= 10;
  }
  const Wide whole = value / divisor;
  if (whole > static_cast<Wide>(INT64_MAX)) too_large();
  if (whole * divisor == value || round_down) return static_cast<std::int64_t>(whole);
  return Count::from_real(static_cast<double>(static_cast<long double>(value) / static_cast<long double>(divisor)));
}

struct Written {
  Decimal decimal;
  bool is_percentage = false;
};

std::optional<Written> parse_limit(std::string_view text) {
  Written out;
  int scale = 0;
  if (!text.empty()) switch (text.back()) {
    case 'K': scale = 3; break;
    case 'M': scale = 6; break;
    case 'G': scale = 9; break;
    case '%':
      scale = -2;
      out.is_percentage = true;
      break;
    default: break;
    }
  if (scale != 0) text.remove_suffix(1);
  const auto decimal = parse_decimal(text);
  if (!decimal) return std::nullopt;
  out.decimal = *decimal;
  out.decimal.exponent += scale;
  return out;
}

std::string_view limit_text(std::string_view written) { return written.substr(written.find_first_of("=~") + 1); }

} // namespace

std::string_view to_string(Metric metric) {
  switch (metric) {
  case Metric::kParameters: return "parameters";
  case Metric::kMultAdds: return "mult-adds";
  }
  return "unknown";
}

std::string_view to_string(Relation relation) {
  switch (relation) {
  case Relation::kAtMost: return "<=";
  case Relation::kNearest: return "~";
  }
  return "unknown";
}

std::string Budget::quantity() const {
  return metric == Metric::kParameters ? "parameters" : fmt::format("mult-adds[{}]", convention);
}

std::string Budget::text() const { return fmt::format("{} {} {}", quantity(), to_string(relation), limit.to_string()); }

Budget parse_budget(std::string_view text) {
  std::string plain;
  for (char c : text)
    if (c != ' ') plain += c;
  const auto fail = [&](std::string_view what) {
    throw Error(ErrorCode::kUsage, fmt::format("budget \"{}\"", text),
                fmt::format("{}; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, parameters~0.8M, "
                            "parameters<=5%",
                            what));
  };
  const auto relation = plain.find_first_of("<>=~");
  if (relation == std::string::npos) fail("there is no <= or ~ in it");
  Budget out;
  out.written = plain;
  if (plain[relation] == '~')
    out.relation = Relation::kNearest;
  else if (plain.substr(relation, 2) == "<=")
    out.relation = Relation::kAtMost;
  else
    fail(fmt::format("\"{}\" is not a relation: <= and ~ are", plain.substr(relation, 1)));

  const std::string quantity = plain.substr(0, relation);
  if (quantity == "parameters") {
    out.metric = Metric::kParameters;
  } else if (quantity == "mult-adds") {
    out.metric = Metric::kMultAdds;
    out.convention = "macs";
  } else if (quantity.starts_with("mult-adds[") && quantity.ends_with("]") && quantity.size() > 11) {
    out.metric = Metric::kMultAdds;
    out.convention = quantity.substr(10, quantity.size() - 11);
  } else {
    fail(fmt::format("\"{}\" is not a quantity: parameters, mult-adds and mult-adds[CONVENTION] are", quantity));
  }

  const std::string_view number = limit_text(out.written);
  const auto limit = parse_limit(number);
  if (!limit) fail(fmt::format("\"{}\" is not a number above 0 of at most 18 digits, with or without K, M, G or %", number));
  out.is_percentage = limit->is_percentage;
  if (limit->decimal.digits == 0) fail("a limit must be above 0");
  if (!out.is_percentage) out.limit = to_count(limit->decimal, 1, false, out.written);
  if (!out.is_percentage && out.limit.is_zero()) fail("a limit must be above 0");
  return out;
}

Budget resolve_percentage(const Budget &budget, const Count &original) {
  if (!budget.is_percentage) return budget;
  Budget out = budget;
  const Decimal share = parse_limit(limit_text(budget.written))->decimal;
  if (original.is_whole())
    out.limit = to_count(share, original.whole(), budget.relation == Relation::kAtMost, budget.written);
  else
    out.limit = original.times(to_count(share, 1, false, budget.written).to_double());
  return out;
}

} // namespace pare
