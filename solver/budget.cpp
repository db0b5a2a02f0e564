#include "solver/budget.hpp"

#include "analysis/convention.hpp"
#include "base/enums.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/wide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace pare {

namespace {

constexpr std::size_t kMostDigits = 19; ///< of 2^63 - 1; times 2^63 they fit in 128 bits

/// digits x 10^exponent, exactly as written.
struct Decimal {
  Wide digits = 0;
  int exponent = 0;
  bool cut = false; ///< there were more than kMostDigits, and only these are here
};

std::optional<Decimal> parse_decimal(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::size_t mark = std::min(text.find_first_of("eE"), text.size());
  Decimal out;
  // An exponent first: what is behind the point, and zeros at the end, only move it.
  if (mark < text.size()) {
    std::string_view exponent = text.substr(mark + 1);
    const bool negative = exponent.starts_with('-');
    if (negative || exponent.starts_with('+')) exponent.remove_prefix(1);
    if (exponent.empty() || exponent.size() > 3 || !std::all_of(exponent.begin(), exponent.end(), is_digit))
      return std::nullopt;
    for (const char c : exponent) out.exponent = out.exponent * 10 + (c - '0');
    if (negative) out.exponent = -out.exponent;
  }
  std::string digits;
  bool point = false;
  for (const char c : text.substr(0, mark)) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(c)) return std::nullopt;
    digits += c;
    if (point) --out.exponent;
  }
  if (digits.empty()) return std::nullopt;
  digits.erase(0, digits.find_first_not_of('0'));
  while (digits.size() > 1 && digits.back() == '0') {
    digits.pop_back();
    ++out.exponent;
  }
  if (digits.size() > kMostDigits) {
    out.exponent += static_cast<int>(digits.size() - kMostDigits);
    digits.resize(kMostDigits);
    out.cut = true;
  }
  for (const char c : digits) out.digits = out.digits * 10 + (c - '0');
  return out;
}

enum class Rounding : std::uint8_t { kDown, kUp, kNearestDouble };

/// digits x 10^exponent x factor as a count: whole where it is, else rounded as is said.
Count to_count(const Decimal &decimal, std::int64_t factor, Rounding rounding, std::string_view written) {
  Wide value = decimal.digits * factor;
  Wide divisor = 1;
  const auto too_large = [&] {
    throw Error(ErrorCode::kUsage, fmt::format("budget {}", shown(written)),
                "the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted");
  };
  for (int e = decimal.exponent; e > 0 && value != 0; --e) {
    if (value > static_cast<Wide>(INT64_MAX)) too_large();
    value *= 10;
  }
  if (decimal.exponent >= 0 && value > static_cast<Wide>(INT64_MAX)) too_large();
  for (int e = decimal.exponent; e < 0; ++e) {
    if (divisor > static_cast<Wide>(INT64_MAX) * INT64_MAX / 10)
      return std::int64_t{rounding == Rounding::kUp && value != 0 ? 1 : 0};
    divisor *= 10;
  }
  const Wide whole = value / divisor;
  if (whole > static_cast<Wide>(INT64_MAX)) too_large();
  if (whole * divisor == value || rounding == Rounding::kDown) return static_cast<std::int64_t>(whole);
  if (rounding == Rounding::kUp && whole == INT64_MAX) too_large();
  if (rounding == Rounding::kUp) return static_cast<std::int64_t>(whole) + 1;
  return Count::from_real(static_cast<double>(static_cast<long double>(value) / static_cast<long double>(divisor)));
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

struct Written {
  Decimal decimal;
  bool is_percentage = false;
};

std::optional<Written> parse_limit(std::string_view text) {
  Written out;
  int scale = 0;
  if (!text.empty()) switch (std::toupper(static_cast<unsigned char>(text.back()))) {
    case 'K': scale = 3; break;
    case 'M': scale = 6; break;
    case 'G': scale = 9; break;
    case '%':
      scale = -2;
      out.is_percentage = true;
      break;
    default: break;
    }
  if (scale != 0) text = trimmed(text.substr(0, text.size() - 1));
  const auto decimal = parse_decimal(text);
  if (!decimal) return std::nullopt;
  out.decimal = *decimal;
  out.decimal.exponent += scale;
  return out;
}

std::string_view limit_text(std::string_view written) { return written.substr(written.find_first_of("=~") + 1); }

/// "parameters" and "mult-adds" as names are read, and "params".
bool is_name_of(std::string_view text, Metric metric) {
  const std::string name = folded(text);
  return name == folded(to_string(metric)) || (metric == Metric::kParameters && name == "params");
}

/// What an unknown quantity may have meant: a convention alone is its mult-adds.
std::string meant_quantity(std::string_view text) {
  std::vector<std::string> known;
  for (const auto &[metric, name] : kMetrics) known.emplace_back(name);
  for (const Convention &convention : conventions()) {
    known.push_back(Quantity::mult_adds(convention.name).text());
    if (folded(convention.name) == folded(text)) return fmt::format("; did you mean {}?", known.back());
  }
  return did_you_mean(text, std::vector<std::string_view>(known.begin(), known.end()));
}

/// A quantity as a person writes it; `fail` is called, and throws, for what is none.
template <class Fail>
Quantity read_quantity(std::string_view quantity, std::string_view bare_convention, const Fail &fail) {
  Quantity out;
  const std::string_view metric = quantity.substr(0, quantity.find('['));
  const auto named =
      std::find_if(kMetrics.begin(), kMetrics.end(), [&](const auto &m) { return is_name_of(quantity, m.first); });
  if (named != kMetrics.end()) {
    out.metric = named->first;
    if (named->first == Metric::kMultAdds) {
      if (bare_convention.empty())
        fail("mult-adds by which convention? Several are asked for, so mult-adds[macs] or mult-adds[reference] must say it",
             std::string());
      out.convention = bare_convention;
    }
  } else if (is_name_of(metric, Metric::kMultAdds) && quantity.ends_with("]") && quantity.size() > metric.size() + 2) {
    out = Quantity::mult_adds(quantity.substr(metric.size() + 1, quantity.size() - metric.size() - 2));
  } else {
    fail(fmt::format("{} is not a quantity: parameters, mult-adds, mult-adds[CONVENTION], activations and stored-bytes are",
                     shown(quantity, 40)),
         meant_quantity(quantity));
  }
  return out;
}

} // namespace

Quantity parse_quantity(std::string_view text, const std::string &where, std::string_view bare_convention) {
  return read_quantity(trimmed(text), bare_convention, [&](std::string_view what, const std::string &meant) {
    throw Error(ErrorCode::kUsage, where, fmt::format("{}{}", what, meant));
  });
}

Budget Budget::by(std::string_view convention_name) const {
  Budget out = *this;
  out.quantity = Quantity::mult_adds(convention_name);
  if (!written.empty()) out.written = out.quantity.text() + written.substr(quantity.text().size());
  return out;
}

std::string Budget::text() const { return fmt::format("{} {} {}", quantity.text(), to_string(relation), limit.to_string()); }

Budget parse_budget(std::string_view text, std::string_view bare_convention) {
  const auto fail = [&](std::string_view what, std::string_view meant = {}) {
    throw Error(ErrorCode::kUsage, fmt::format("budget {}", shown(text)),
                fmt::format("{}; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, "
                            "stored-bytes>=4M, parameters~0.8M, parameters<=5%{}",
                            what, meant));
  };
  const auto relation = text.find_first_of("<>=~");
  if (relation == std::string::npos) fail("there is no <=, >= or ~ in it");
  Budget out;
  const auto known = std::find_if(kRelations.begin(), kRelations.end(),
                                  [&](const auto &entry) { return text.substr(relation).starts_with(entry.second); });
  if (known == kRelations.end())
    fail(fmt::format("{} is not a relation: <=, >= and ~ are", shown(trimmed(text.substr(relation)), 40)));
  out.relation = known->first;

  out.quantity = read_quantity(trimmed(text.substr(0, relation)), bare_convention, fail);

  const std::string_view number = trimmed(text.substr(relation + to_string(out.relation).size()));
  const auto limit = parse_limit(number);
  if (!limit)
    fail(fmt::format("{} is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them",
                     shown(number, 40)));
  out.is_percentage = limit->is_percentage;
  if (limit->decimal.digits == 0) fail("a limit must be above 0");
  if (!out.is_percentage) out.limit = to_count(limit->decimal, 1, Rounding::kNearestDouble, text);
  if (limit->decimal.cut) fail(fmt::format("{} has more than {} digits that count", shown(number, 40), kMostDigits));
  if (!out.is_percentage && out.limit.is_zero()) fail("a limit must be above 0");
  std::string without_blanks(number); // "0.8 M"
  without_blanks.erase(std::remove(without_blanks.begin(), without_blanks.end(), ' '), without_blanks.end());
  without_blanks.back() = static_cast<char>(std::toupper(static_cast<unsigned char>(without_blanks.back()))); // "50k"
  out.written = fmt::format("{}{}{}", out.quantity.text(), to_string(out.relation), without_blanks);
  return out;
}

Budget resolve_percentage(const Budget &budget, const Count &original) {
  if (!budget.is_percentage) return budget;
  Budget out = budget;
  const Decimal share = parse_limit(limit_text(budget.written))->decimal;
  if (original.is_whole())
    out.limit = to_count(share, original.whole(),
                         budget.relation == Relation::kAtMost    ? Rounding::kDown
                         : budget.relation == Relation::kAtLeast ? Rounding::kUp
                                                                 : Rounding::kNearestDouble,
                         budget.written);
  else
    out.limit = original.times(to_count(share, 1, Rounding::kNearestDouble, budget.written).to_double());
  return out;
}

} // namespace pare
