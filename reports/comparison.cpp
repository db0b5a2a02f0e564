#include "reports/comparison.hpp"

#include "base/enums.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "reports/numbers.hpp"
#include "solver/result.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <set>
#include <tuple>

namespace pare {

// ------------------------------------------------------------------------------------------------- names

std::string short_spec(std::string_view spec) {
  if (spec.find('@') != std::string_view::npos) return std::string(spec); // no file is read to name a row
  const auto canonical = [](std::string_view text) -> std::optional<std::string> {
    try {
      const NetworkSpec read = parse_network_spec(text);
      return canonical_spec(*read.family, read.values);
    } catch (const Error &) {
      return std::nullopt;
    }
  };
  const std::string_view head = spec.substr(0, spec.find(':'));
  for (const NetworkFamily *family : network_families()) {
    const NetworkInfo &info = family->info();
    if (info.name != head) continue;
    const auto meant = canonical(spec);
    if (!meant) break;
    const NetworkValues values = parse_network_spec(spec).values;
    for (const ShortName &short_name : info.short_names) {
      // The values of its capitals: "wrn-D-K" with "depth=D,width=K".
      std::string name;
      for (const char c : short_name.name) {
        name += c;
        if (std::isupper(static_cast<unsigned char>(c)) == 0) continue;
        for (const NetworkKeyInfo &key : info.keys)
          if (short_name.values.find(fmt::format("{}={}", key.name, c)) != std::string_view::npos) {
            const auto given = values.find(key.name);
            name.pop_back();
            name += given == values.end() ? std::string(key.standard) : given->second;
          }
      }
      if (canonical(name) == meant) return name;
    }
    if (canonical(head) == meant) return std::string(head);
  }
  return std::string(spec);
}

// ------------------------------------------------------------------------------------------------- results

namespace {

using train::ResultRow;

constexpr const char *kNoneSaid = "none";
constexpr const char *kDone = "done";
constexpr const char *kPublished = "published";

std::string text_of(const std::optional<Count> &count) { return count ? count->to_string() : std::string(); }
std::string text_of(const std::optional<std::int64_t> &number) { return number ? std::to_string(*number) : std::string(); }

/// A run or a published point, and its teacher's run, where the file that it stands in has it.
struct Run {
  const ResultRow *row;
  const ResultRow *teacher;
};

/// All of a row but seed, outcome, and what is the machine's.
std::string key_of(const ResultRow &row, const std::string &teacher) {
  return fmt::format("{}", fmt::join(std::array{row.network, row.family, row.setting, row.families, row.score, row.tie,
                                                row.objective, row.budgets, teacher, row.variant, row.data, row.protocol,
                                                text_of(row.epochs), text_of(row.parameters), text_of(row.mult_adds_macs),
                                                text_of(row.mult_adds_reference), text_of(row.activation_elements),
                                                std::string(row.synthetic.value_or(false) ? "synthetic" : "")},
                                     "\x1f"));
}

/// What rows that are one have in common: their configuration, or, where it is not known, all that they say.
std::string key_of(const Run &run) {
  const ResultRow &row = *run.row;
  if (!row.configuration.empty()) return row.configuration;
  // Students of teachers that differ in their seeds differ in theirs.
  return key_of(row, run.teacher == nullptr ? row.teacher + "\x1f" + row.teacher_network
                                            : key_of(*run.teacher, run.teacher->teacher));
}

/// Whether its errors are final.
bool has_ended(const ResultRow &row) { return row.state == kDone || row.state == kPublished; }

/// How far a run is, as collating has it.
auto rank_of(const ResultRow &row) { return std::tuple(row.state == kDone, row.state == "diverged", row.epoch); }

/// What came of a run, and is not its machine's.
auto outcome_of(const ResultRow &row) {
  return std::tie(row.state, row.epoch, row.epochs, row.train_top1_error_percent, row.train_top5_error_percent,
                  row.top1_error_percent, row.top5_error_percent, row.validation_loss);
}

/// Each run once, by its identity: the furthest of its rows, in the place of the first.
std::vector<Run> runs_of(const std::vector<std::vector<ResultRow>> &files) {
  std::vector<Run> out;
  std::map<std::string_view, std::size_t> by_identity;
  for (const std::vector<ResultRow> &rows : files) {
    std::map<std::string_view, const ResultRow *> by_name;
    for (const ResultRow &row : rows) by_name.emplace(row.name, &row);
    for (const ResultRow &row : rows) {
      const auto teacher = by_name.find(row.teacher);
      const Run run{&row, teacher == by_name.end() ? nullptr : teacher->second};
      const auto known = row.identity.empty() ? by_identity.end() : by_identity.find(row.identity);
      if (known == by_identity.end()) {
        if (!row.identity.empty()) by_identity.emplace(row.identity, out.size());
        out.push_back(run);
        continue;
      }
      Run &other = out[known->second];
      if (has_ended(*other.row) && has_ended(row) && outcome_of(*other.row) != outcome_of(row))
        throw Error(ErrorCode::kInvalidFile, row.name,
                    fmt::format("two results that differ have the identity {}: of {} and of {}; one of them would be accepted",
                                shortened(row.identity, 12), shown(other.row->source), shown(row.source)));
      if (rank_of(*other.row) < rank_of(row)) other = run;
    }
  }
  return out;
}

/// To 15 digits, as many as a double always holds: the mean of 8.2 and 8.6 is 8.4.
double tidy(double value) { return parse_real(fmt::format("{:.15g}", value)).value_or(value); }

/// Mean and sample standard deviation, where all of the runs have it.
std::optional<Measured> measured(const std::vector<const ResultRow *> &runs, std::optional<double> ResultRow::*member) {
  double sum = 0;
  for (const ResultRow *run : runs) {
    if (!(run->*member)) return std::nullopt;
    sum += *(run->*member);
  }
  if (runs.empty()) return std::nullopt;
  const auto n = static_cast<double>(runs.size());
  Measured out{.mean = tidy(sum / n)};
  if (runs.size() == 1) return out;
  double squares = 0;
  for (const ResultRow *run : runs) squares += (*(run->*member) - out.mean) * (*(run->*member) - out.mean);
  out.sd = tidy(std::sqrt(squares / (n - 1)));
  return out;
}

/// "unfinished, epoch 3 of 10: the reason"
std::string why_left_out(const ResultRow &row) {
  std::string out = fmt::format("{}: {}", row.name, row.state);
  if (row.epoch && row.epochs) out += fmt::format(", epoch {} of {}", *row.epoch, *row.epochs);
  if (!row.note.empty()) out += fmt::format(" ({})", row.note);
  return out;
}

/// Rows that are one, in the order in which they came.
struct Group {
  std::string teacher;
  std::vector<const ResultRow *> rows;
  std::set<std::int64_t> seeds;
  std::vector<std::string> notes;
};

/// How a table calls the network that taught: what it is, where that is known, else what the row calls it.
std::string teacher_of(const Run &run) {
  const ResultRow &row = *run.row;
  if (row.teacher.empty()) return kNoneSaid;
  const std::string &network =
      row.teacher_network.empty() && run.teacher != nullptr ? run.teacher->network : row.teacher_network;
  if (network.empty()) return row.teacher;
  const bool is_substituted = run.teacher != nullptr && run.teacher->network == network && !run.teacher->setting.empty();
  return is_substituted ? fmt::format("{}, {}", short_spec(network), run.teacher->setting) : short_spec(network);
}

/// What rows say there, each once.
std::string joined(const std::vector<const ResultRow *> &rows, std::string ResultRow::*member) {
  std::vector<std::string> out;
  for (const ResultRow *row : rows)
    if (!(row->*member).empty() && std::find(out.begin(), out.end(), row->*member) == out.end()) out.push_back(row->*member);
  return fmt::format("{}", fmt::join(out, "; "));
}

Compared compared(const Group &group) {
  const ResultRow &first = *group.rows.front();
  Compared out;
  out.name = first.name;
  out.configuration = first.configuration;
  out.network = short_spec(first.network);
  out.family = first.family;
  out.setting = first.setting.empty() ? kNoneSaid : first.setting;
  out.families = first.families;
  out.score = first.score;
  out.tie = first.tie;
  out.objective = first.objective;
  out.budgets = joined(group.rows, &ResultRow::budgets);
  out.teacher = group.teacher;
  out.variant = joined(group.rows, &ResultRow::variant);
  out.data = first.data;
  out.protocol = first.protocol;
  out.epochs = first.epochs;
  out.parameters = first.parameters;
  out.original_parameters = first.original_parameters;
  out.activation_elements = first.activation_elements;
  out.synthetic = std::any_of(group.rows.begin(), group.rows.end(),
                              [](const ResultRow *row) { return row->synthetic.value_or(false); }); // not known before epoch 1
  out.notes = group.notes;
  if (out.synthetic) out.data += out.data.empty() ? "synthetic" : " (synthetic)";
  const auto put = [](auto &map, const char *convention, const std::optional<Count> &count) {
    if (count) map[convention] = *count;
  };
  put(out.mult_adds, "macs", first.mult_adds_macs);
  put(out.mult_adds, "reference", first.mult_adds_reference);
  put(out.original_mult_adds, "macs", first.original_mult_adds_macs);
  put(out.original_mult_adds, "reference", first.original_mult_adds_reference);

  std::vector<const ResultRow *> averaged;
  std::vector<std::pair<std::string, int>> states;
  for (const ResultRow *row : group.rows) {
    const auto state = std::find_if(states.begin(), states.end(), [&](const auto &known) { return known.first == row->state; });
    if (state == states.end())
      states.emplace_back(row->state, 1);
    else
      ++state->second;
    if (!has_ended(*row)) {
      out.left_out.push_back(why_left_out(*row));
      continue;
    }
    averaged.push_back(row);
    if (row->seed) out.seeds.push_back(*row->seed);
    if (row->state == kPublished && !row->note.empty()) out.notes.push_back(fmt::format("published: {}", row->note));
  }
  std::sort(out.seeds.begin(), out.seeds.end());
  if (first.state != kPublished) out.runs = static_cast<std::int64_t>(averaged.size());
  std::vector<std::string> texts;
  for (const auto &[state, n] : states) texts.push_back(states.size() == 1 ? state : fmt::format("{} {}", n, state));
  out.state = fmt::format("{}", fmt::join(texts, ", "));
  out.source = joined(group.rows, &ResultRow::source);
  out.top1_error_percent = measured(averaged, &ResultRow::top1_error_percent);
  out.top5_error_percent = measured(averaged, &ResultRow::top5_error_percent);
  out.train_top1_error_percent = measured(averaged, &ResultRow::train_top1_error_percent);
  out.train_top5_error_percent = measured(averaged, &ResultRow::train_top5_error_percent);
  out.validation_loss = measured(averaged, &ResultRow::validation_loss);
  out.seconds = measured(averaged, &ResultRow::seconds);
  return out;
}

} // namespace

std::vector<Compared> compare_results(const std::vector<std::vector<ResultRow>> &files) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> known; // groups by their key: the last with it
  for (const Run &run : runs_of(files)) {
    const ResultRow &row = *run.row;
    const std::string key = key_of(run);
    const auto found = known.find(key);
    const bool is_alone = row.state == kPublished || !row.seed;
    Group *group = found == known.end() || is_alone ? nullptr : &groups[found->second];
    std::vector<std::string> notes;
    // Of one configuration and another identity, it is the teacher's seed that differs.
    const bool differs_in_seeds = !row.configuration.empty() && !row.identity.empty();
    if (group != nullptr && !differs_in_seeds && group->seeds.contains(*row.seed)) {
      notes.push_back(fmt::format("{} is not averaged with {}, which has the same seed", row.name, group->rows.front()->name));
      group = nullptr;
    }
    if (group == nullptr) {
      if (!is_alone) known[key] = groups.size();
      group = &groups.emplace_back();
      group->teacher = teacher_of(run);
      group->notes = std::move(notes);
    }
    group->rows.push_back(&row);
    if (row.seed) group->seeds.insert(*row.seed);
  }
  std::vector<Compared> out;
  for (const Group &group : groups) out.push_back(compared(group));
  return out;
}

// ------------------------------------------------------------------------------------------------- columns

namespace {

/// When a column stands in a table for people where none were asked for.
enum class Show : std::uint8_t {
  kAlways,
  kWhereItSays,    ///< something in one row at least
  kWhereItVaries,  ///< between rows that have it
  kWhereItDiffers, ///< else what all rows have is a note
  kAsked,
};

Cell words(const std::string &text) { return text.empty() ? Cell() : Cell(text); }
Cell number(const std::optional<Count> &count) { return count ? Cell(*count) : Cell(); }
Cell number(const std::optional<std::int64_t> &whole) { return whole ? Cell(Count(*whole)) : Cell(); }
Cell number(const std::optional<Measured> &value) { return value ? Cell(*value) : Cell(); }
Cell number(const std::map<std::string, Count, std::less<>> &counts, std::string_view convention) {
  const auto found = counts.find(convention);
  return found == counts.end() ? Cell() : Cell(found->second);
}
Cell share(const Cell &part, const Cell &whole) {
  const Count *a = std::get_if<Count>(&part);
  const Count *b = std::get_if<Count>(&whole);
  const auto out = a != nullptr && b != nullptr ? percent(*a, *b) : std::nullopt;
  return out ? Cell(Percent{*out}) : Cell();
}

enum class Kind : std::uint8_t { kWords, kNumber, kMeasured };
using MakeCell = Cell (*)(const Compared &row, std::string_view convention);

/// A column, described once: options, headings and cells are made from it.
struct ColumnInfo {
  std::string_view name; ///< as options name it
  std::string_view heading;
  std::string_view unit;
  Kind kind;
  Show show;
  MakeCell cell;
  bool by_convention = false;
  bool is_error = false; ///< whose least is marked
  int decimals = 2;
};

constexpr std::array kColumns = {
    ColumnInfo{"network", "network", "", Kind::kWords, Show::kAlways,
               [](const Compared &r, std::string_view) { return words(r.network); }},
    ColumnInfo{"family", "family", "", Kind::kWords, Show::kAsked,
               [](const Compared &r, std::string_view) { return words(r.family); }},
    ColumnInfo{"setting", "setting", "", Kind::kWords, Show::kWhereItSays,
               [](const Compared &r, std::string_view) { return words(r.setting); }},
    ColumnInfo{"families", "families", "", Kind::kWords, Show::kWhereItVaries,
               [](const Compared &r, std::string_view) { return words(r.families); }},
    ColumnInfo{"score", "score", "", Kind::kWords, Show::kAsked,
               [](const Compared &r, std::string_view) { return words(r.score); }},
    ColumnInfo{"tie", "tie", "", Kind::kWords, Show::kWhereItVaries,
               [](const Compared &r, std::string_view) { return words(r.tie); }},
    ColumnInfo{"objective", "objective", "", Kind::kWords, Show::kAsked,
               [](const Compared &r, std::string_view) { return words(r.objective); }},
    ColumnInfo{"budgets", "budgets", "", Kind::kWords, Show::kAsked,
               [](const Compared &r, std::string_view) { return words(r.budgets); }},
    ColumnInfo{"teacher", "teacher", "", Kind::kWords, Show::kWhereItDiffers,
               [](const Compared &r, std::string_view) { return words(r.teacher); }},
    ColumnInfo{"variant", "variant", "", Kind::kWords, Show::kWhereItDiffers,
               [](const Compared &r, std::string_view) { return words(r.variant); }},
    ColumnInfo{"data", "data", "", Kind::kWords, Show::kWhereItDiffers,
               [](const Compared &r, std::string_view) { return words(r.data); }},
    ColumnInfo{"protocol", "protocol", "", Kind::kWords, Show::kWhereItDiffers,
               [](const Compared &r, std::string_view) { return words(r.protocol); }},
    ColumnInfo{"epochs", "epochs", "", Kind::kNumber, Show::kWhereItDiffers,
               [](const Compared &r, std::string_view) { return number(r.epochs); }},
    ColumnInfo{"input", "input", "", Kind::kNumber, Show::kWhereItDiffers,
               [](const Compared &r, std::string_view) { return words(r.input); }},
    ColumnInfo{"parameters", "parameters", "", Kind::kNumber, Show::kWhereItSays,
               [](const Compared &r, std::string_view) { return number(r.parameters); }},
    ColumnInfo{"parameters-ratio", "parameters of the original", "%", Kind::kNumber, Show::kWhereItSays,
               [](const Compared &r, std::string_view) { return share(number(r.parameters), number(r.original_parameters)); }},
    ColumnInfo{"mult-adds", "mult-adds", "", Kind::kNumber, Show::kWhereItSays,
               [](const Compared &r, std::string_view c) { return number(r.mult_adds, c); }, true},
    ColumnInfo{
        "mult-adds-ratio", "mult-adds of the original", "%", Kind::kNumber, Show::kAsked,
        [](const Compared &r, std::string_view c) { return share(number(r.mult_adds, c), number(r.original_mult_adds, c)); },
        true},
    ColumnInfo{"per-batch", "per batch", "", Kind::kNumber, Show::kWhereItSays,
               [](const Compared &r, std::string_view c) { return number(r.per_batch, c); }, true},
    ColumnInfo{"activations", "activation elements", "", Kind::kNumber, Show::kAsked,
               [](const Compared &r, std::string_view) { return number(r.activation_elements); }},
    ColumnInfo{"train-top1", "training error", "%", Kind::kMeasured, Show::kAsked,
               [](const Compared &r, std::string_view) { return number(r.train_top1_error_percent); }},
    ColumnInfo{"train-top5", "training top-5 error", "%", Kind::kMeasured, Show::kAsked,
               [](const Compared &r, std::string_view) { return number(r.train_top5_error_percent); }},
    ColumnInfo{"top1", "top-1 error", "%", Kind::kMeasured, Show::kWhereItSays,
               [](const Compared &r, std::string_view) { return number(r.top1_error_percent); }, false, true},
    ColumnInfo{"top5", "top-5 error", "%", Kind::kMeasured, Show::kAsked,
               [](const Compared &r, std::string_view) { return number(r.top5_error_percent); }, false, true},
    ColumnInfo{"loss", "validation loss", "", Kind::kMeasured, Show::kAsked,
               [](const Compared &r, std::string_view) { return number(r.validation_loss); }, false, false, 4},
    ColumnInfo{"runs", "n", "", Kind::kNumber, Show::kWhereItSays,
               [](const Compared &r, std::string_view) { return number(r.runs); }},
    ColumnInfo{"seeds", "seeds", "", Kind::kWords, Show::kAsked,
               [](const Compared &r, std::string_view) { return words(fmt::format("{}", fmt::join(r.seeds, ", "))); }},
    ColumnInfo{"seconds", "time", "s", Kind::kMeasured, Show::kAsked,
               [](const Compared &r, std::string_view) { return number(r.seconds); }, false, false, 1},
    ColumnInfo{"state", "state", "", Kind::kWords, Show::kWhereItDiffers,
               [](const Compared &r, std::string_view) { return words(r.state); }},
    ColumnInfo{"source", "source", "", Kind::kWords, Show::kAsked,
               [](const Compared &r, std::string_view) { return words(r.source); }}};
constexpr std::array kForPrograms = {std::string_view("state"), std::string_view("runs"), std::string_view("seeds"),
                                     std::string_view("source")}; ///< which they always get

/// A column of one table.
struct TableColumn {
  const ColumnInfo *info;
  std::string convention;

  std::string name() const {
    return info->by_convention ? fmt::format("{}[{}]", info->name, convention) : std::string(info->name);
  }
  Cell cell(const Compared &row) const { return info->cell(row, convention); }
  Column column() const {
    const std::string heading(info->heading);
    return {.heading = info->by_convention ? fmt::format("{}[{}]", heading, convention) : heading,
            .unit = std::string(info->unit),
            .align = info->kind == Kind::kWords ? Align::kLeft : Align::kRight,
            .with_sd = info->kind == Kind::kMeasured,
            .decimals = info->decimals};
  }
};

std::vector<TableColumn> all_columns(const std::vector<Convention> &conventions) {
  std::vector<TableColumn> out;
  for (const ColumnInfo &info : kColumns) {
    if (!info.by_convention) out.push_back({&info, {}});
    if (info.by_convention)
      for (const Convention &convention : conventions) out.push_back({&info, convention.name});
  }
  return out;
}

/// The columns that a name means: of mult-adds without a convention there is one for each.
std::vector<TableColumn> find_columns(std::string_view name, const std::vector<TableColumn> &all, const std::string &where) {
  std::vector<std::string> names;
  for (const ColumnInfo &info : kColumns) names.emplace_back(info.name);
  for (const TableColumn &column : all)
    if (column.info->by_convention) names.push_back(column.name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto found = find_name(name, known);
  if (!found)
    throw Error(ErrorCode::kUnknownName, where,
                fmt::format("unknown column {}; known: {}{}", shown(name), fmt::join(known, ", "), did_you_mean(name, known)));
  std::vector<TableColumn> out;
  for (const TableColumn &column : all)
    if (column.info->name == known[*found] || column.name() == known[*found]) out.push_back(column);
  return out;
}

TableColumn find_column(std::string_view name, const std::vector<TableColumn> &all, const std::string &where) {
  const std::vector<TableColumn> found = find_columns(name, all, where);
  if (found.size() == 1) return found.front();
  std::vector<std::string> names;
  for (const TableColumn &column : found) names.push_back(column.name());
  throw Error(ErrorCode::kUsage, where,
              fmt::format("{} are several columns; one of {} would be accepted", name, fmt::join(names, ", ")));
}

// ------------------------------------------------------------------------------------------------- cells

/// The number of a cell; none of words and of nothing.
std::optional<double> value_of(const Cell &cell) {
  struct Visitor {
    std::optional<double> operator()(std::monostate /*empty*/) const { return {}; }
    std::optional<double> operator()(const std::string & /*text*/) const { return {}; }
    std::optional<double> operator()(const Count &count) const { return count.to_double(); }
    std::optional<double> operator()(const Percent &percent) const { return percent.value; }
    std::optional<double> operator()(const Measured &measured) const { return measured.mean; }
  };
  return std::visit(Visitor{}, cell);
}

/// What two cells have in common where they are equal.
std::string text_of(const Cell &cell) {
  if (const auto *text = std::get_if<std::string>(&cell)) return *text;
  const auto value = value_of(cell);
  return value ? shortest(*value) : std::string();
}

/// Whether a reader learns something from a cell: not that a network is as it is, all of its original, or one run.
bool says_something(const ColumnInfo &info, const Cell &cell) {
  if (std::holds_alternative<std::monostate>(cell)) return false;
  if (const auto *text = std::get_if<std::string>(&cell))
    return *text != kNoneSaid || info.name == "tie"; // which is one of its values
  constexpr double kAll = 100;
  if (const auto *percent = std::get_if<Percent>(&cell)) return percent->value != kAll;
  if (info.name == "runs") return *value_of(cell) > 1;
  return info.name != "per-batch" || *value_of(cell) > 0;
}

// ------------------------------------------------------------------------------------------------- rows

/// "parameters<=1M"
struct Condition {
  TableColumn column;
  std::string relation;
  std::string value;
};

constexpr std::array<std::string_view, 4> kRelations = {"!=", "<=", ">=", "="};

/// 0.8M, 5, 3.5%: as budgets write them.
std::optional<double> read_number(std::string_view text) {
  double factor = 1;
  constexpr std::array<std::pair<char, double>, 7> kSuffixes = {
      {{'k', 1e3}, {'K', 1e3}, {'m', 1e6}, {'M', 1e6}, {'g', 1e9}, {'G', 1e9}, {'%', 1}}};
  for (const auto &[suffix, power] : kSuffixes)
    if (text.ends_with(suffix)) {
      text.remove_suffix(1);
      factor = power;
      break;
    }
  const auto number = parse_real(text);
  return number ? std::optional(*number * factor) : std::nullopt;
}

Condition read_condition(const std::string &text, const std::vector<TableColumn> &all) {
  std::size_t at = std::string::npos;
  std::string_view relation;
  for (const std::string_view known : kRelations)
    if (const auto found = text.find(known); found < at) {
      at = found;
      relation = known;
    }
  if (at == std::string::npos)
    throw Error(ErrorCode::kUsage, "--where",
                fmt::format("{} must be COLUMN=VALUE, COLUMN!=VALUE, COLUMN<=VALUE or COLUMN>=VALUE", shown(text)));
  Condition out{find_column(std::string_view(text).substr(0, at), all, "--where"), std::string(relation),
                text.substr(at + relation.size())};
  if (out.relation.size() == 2 && out.relation != "!=" && !read_number(out.value))
    throw Error(ErrorCode::kUsage, "--where", fmt::format("{} must compare with a number, such as 0.8M", shown(text)));
  return out;
}

bool holds(const Condition &condition, const Compared &row) {
  const Cell cell = condition.column.cell(row);
  const auto value = value_of(cell);
  const auto wanted = read_number(condition.value);
  if (condition.relation == "<=" || condition.relation == ">=")
    return value && (condition.relation == "<=" ? *value <= *wanted : *value >= *wanted);
  bool equal = value && wanted && *value == *wanted;
  if (const auto *text = std::get_if<std::string>(&cell)) {
    const std::array<std::string_view, 1> known = {*text};
    equal = find_name(condition.value, known).has_value() || short_spec(condition.value) == *text;
  }
  return (condition.relation == "=") == equal;
}

void sort_rows(std::vector<Compared> &rows, const std::vector<std::string> &keys, const std::vector<TableColumn> &all) {
  // From the last key to the first: each keeps the order of those behind it.
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    const bool falls = key->starts_with('-');
    const TableColumn column = find_column(std::string_view(*key).substr(falls ? 1 : 0), all, "--sort");
    std::stable_sort(rows.begin(), rows.end(), [&](const Compared &a, const Compared &b) {
      const Cell x = column.cell(a);
      const Cell y = column.cell(b);
      const bool has_x = !std::holds_alternative<std::monostate>(x);
      const bool has_y = !std::holds_alternative<std::monostate>(y);
      if (!has_x || !has_y) return has_x && !has_y; // what is missing is last
      const auto p = value_of(x);
      const auto q = value_of(y);
      if (p && q) return falls ? *q < *p : *p < *q;
      return falls ? text_of(y) < text_of(x) : text_of(x) < text_of(y);
    });
  }
}

/// Puts rows together that have the same there; where each group but the first begins.
std::vector<std::size_t> group_rows(std::vector<Compared> &rows, const TableColumn &column) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<Compared>> groups;
  for (Compared &row : rows) {
    const std::string name = text_of(column.cell(row));
    std::vector<Compared> &group = groups[name];
    if (group.empty()) names.push_back(name);
    group.push_back(std::move(row));
  }
  rows.clear();
  std::vector<std::size_t> out;
  for (const std::string &name : names) {
    if (!rows.empty()) out.push_back(rows.size());
    for (Compared &row : groups[name]) rows.push_back(std::move(row));
  }
  return out;
}

/// Marks the least of a column in each group, as people see it: what they cannot tell apart is equally good. With `by_data` in
/// groups of one set of data only: errors on others are of another kind.
void mark_best(Report &report, std::size_t column, const std::vector<Compared> &rows, bool by_data) {
  const auto digits = [&](const Cell &cell) {
    const auto *count = std::get_if<Count>(&cell);
    return count != nullptr ? people_digits(*count, report.columns[column])
                            : people_digits(value_of(cell).value_or(0), report.columns[column]);
  };
  std::vector<std::size_t> begins{0};
  begins.insert(begins.end(), report.groups.begin(), report.groups.end());
  begins.push_back(report.rows.size());
  for (std::size_t group = 0; group + 1 < begins.size(); ++group) {
    const Cell *best = nullptr;
    int known = 0;
    std::set<std::string> data;
    for (std::size_t i = begins[group]; i < begins[group + 1]; ++i) {
      const Cell &cell = report.rows[i][column];
      const auto value = value_of(cell);
      if (!value) continue;
      ++known;
      data.insert(rows[i].data);
      if (best == nullptr || *value < *value_of(*best)) best = &cell;
    }
    if (known < 2 || (by_data && data.size() > 1)) continue; // nothing to compare with
    const std::string least = digits(*best);
    for (std::size_t i = begins[group]; i < begins[group + 1]; ++i) {
      Cell &cell = report.rows[i][column];
      if (value_of(cell) && digits(cell) == least) cell.best = true;
    }
  }
}

/// Counts in one unit that the heading says, the smallest of them with three digits at least.
void use_si(Column &column, std::size_t at, const std::vector<std::vector<Cell>> &rows) {
  std::optional<double> least;
  for (const std::vector<Cell> &row : rows)
    if (const auto *count = std::get_if<Count>(&row[at]); count != nullptr && !count->is_zero())
      least = std::min(least.value_or(count->to_double()), count->to_double());
  constexpr std::array<std::pair<int, const char *>, 4> kUnits = {{{12, "T"}, {9, "G"}, {6, "M"}, {3, "k"}}};
  for (const auto &[power, unit] : kUnits) {
    const double of_unit = least.value_or(0) / std::pow(10, power);
    if (of_unit < 1) continue;
    column.power = power;
    column.unit = unit;
    column.decimals = of_unit >= 100 ? 0 : of_unit >= 10 ? 1 : 2;
    return;
  }
}

// ------------------------------------------------------------------------------------------------- notes

void append_some(std::vector<std::string> &notes, std::string_view what, const std::vector<std::string> &items) {
  constexpr std::size_t kMost = 5;
  if (items.empty()) return;
  std::string out = fmt::format(
      "{}{}", what, fmt::join(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(std::min(items.size(), kMost)), "; "));
  if (items.size() > kMost) out += fmt::format("; and {} more", items.size() - kMost);
  notes.push_back(std::move(out));
}

/// The names of rows that no column tells apart, though they are of different configurations: "a, b", in their order.
std::vector<std::string> alike(const std::vector<Compared> &rows) {
  struct Alike {
    std::vector<std::string_view> names;
    std::set<std::string_view> configurations;
  };
  std::vector<std::string> order;
  std::map<std::string, Alike> by_looks;
  for (const Compared &row : rows) {
    if (row.configuration.empty()) continue;
    std::string looks = fmt::format(
        "{}", fmt::join(std::array{row.network, row.setting, row.families, row.score, row.tie, row.objective, row.teacher,
                                   row.variant, row.data, row.protocol, text_of(row.epochs), text_of(row.parameters)},
                        "\x1f"));
    Alike &same = by_looks[looks];
    if (same.names.empty()) order.push_back(std::move(looks));
    same.names.push_back(row.name);
    same.configurations.insert(row.configuration);
  }
  std::vector<std::string> out;
  for (const std::string &looks : order)
    if (const Alike &same = by_looks[looks]; same.configurations.size() > 1)
      out.push_back(fmt::format("{}", fmt::join(same.names, ", ")));
  return out;
}

std::vector<std::string> notes_of(const std::vector<Compared> &rows, const std::vector<TableColumn> &columns,
                                  const std::vector<std::string> &constants, const std::vector<Convention> &conventions) {
  std::vector<std::string> out;
  if (!constants.empty()) out.push_back(fmt::format("all rows: {}", fmt::join(constants, "; ")));
  const auto any = [&](auto &&has) { return std::any_of(rows.begin(), rows.end(), has); };
  if (any([](const Compared &row) { return row.synthetic; }))
    out.emplace_back("synthetic: the images are made up, and errors on them say nothing of other images");
  const bool has_sd = any([&](const Compared &row) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](const TableColumn &column) { return sd_of(column.cell(row)).has_value(); });
  });
  if (has_sd) out.emplace_back("mean ± sample standard deviation over n runs that differ in their seeds");
  std::vector<std::string> left_out;
  std::vector<std::string> others;
  for (const Compared &row : rows) {
    left_out.insert(left_out.end(), row.left_out.begin(), row.left_out.end());
    for (const std::string &note : row.notes)
      if (std::find(others.begin(), others.end(), note) == others.end()) others.push_back(note);
  }
  append_some(out, "not averaged in: ", left_out);
  append_some(out, "rows that look alike differ in configuration; their first runs, in their order: ", alike(rows));
  constexpr std::size_t kMost = 5;
  out.insert(out.end(), others.begin(), others.begin() + static_cast<std::ptrdiff_t>(std::min(others.size(), kMost)));
  if (others.size() > kMost) out.push_back(fmt::format("and {} more notes on rows", others.size() - kMost));
  const auto has_column = [&](auto &&is_it) { return std::any_of(columns.begin(), columns.end(), is_it); };
  if (has_column([](const TableColumn &column) { return column.info->name == "per-batch"; }))
    out.emplace_back("per batch: work on weights, done once however many images there are, and not in mult-adds");
  bool are_counted = false;
  for (const Convention &convention : conventions)
    if (has_column([&](const TableColumn &column) { return column.convention == convention.name; })) {
      out.push_back(fmt::format("{}: {}", convention.name, convention.source));
      are_counted = true;
    }
  std::set<std::string_view> evaluations;
  for (const Compared &row : rows)
    if (!row.evaluation.empty()) evaluations.insert(row.evaluation);
  if (are_counted && !evaluations.empty()) out.push_back(fmt::format("evaluation: {}", fmt::join(evaluations, "; ")));
  return out;
}

} // namespace

std::vector<std::string_view> comparison_columns() {
  std::vector<std::string_view> out;
  for (const ColumnInfo &info : kColumns) out.push_back(info.name);
  return out;
}

Report comparison_table(std::vector<Compared> rows, const TableRequest &request, Reader reader) {
  const std::vector<TableColumn> all = all_columns(request.conventions);
  std::vector<TableColumn> columns;
  const auto has = [&](std::string_view name) {
    return std::any_of(columns.begin(), columns.end(), [&](const TableColumn &column) { return column.name() == name; });
  };
  for (const std::string &name : request.columns)
    for (TableColumn &column : find_columns(name, all, "--columns")) {
      if (has(column.name()))
        throw Error(ErrorCode::kUsage, "--columns", fmt::format("{} is given twice; once would be accepted", column.name()));
      columns.push_back(std::move(column));
    }
  std::optional<TableColumn> group_by;
  if (request.group_by) group_by = find_column(*request.group_by, all, "--group-by");
  std::vector<std::string> best;
  if (request.best)
    for (const std::string &name : *request.best)
      for (const TableColumn &column : find_columns(name, all, "--best")) best.push_back(column.name());

  const std::size_t before = rows.size();
  for (const std::string &text : request.where) {
    const Condition condition = read_condition(text, all);
    std::erase_if(rows, [&](const Compared &row) { return !holds(condition, row); });
    if (rows.empty())
      throw Error(
          ErrorCode::kUsage, "--where",
          fmt::format("none of {} rows is left by {}; a value that one of them has would be accepted", before, shown(text)));
  }
  sort_rows(rows, request.sort, all);
  std::vector<std::size_t> groups;
  if (group_by) groups = group_rows(rows, *group_by);

  std::vector<std::string> constants;
  if (columns.empty())
    for (const TableColumn &column : all) {
      const Cell first = column.cell(rows.front());
      const auto says = [&](const Compared &row) { return says_something(*column.info, column.cell(row)); };
      const auto differs = [&](const Compared &row) { return text_of(column.cell(row)) != text_of(first); };
      const bool any_says = std::any_of(rows.begin(), rows.end(), says);
      bool is_shown = column.info->show == Show::kAlways || (group_by && column.name() == group_by->name());
      if (reader == Reader::kProgram || column.info->show == Show::kWhereItSays) is_shown = is_shown || any_says;
      if (column.info->show == Show::kWhereItVaries) {
        std::set<std::string> said;
        for (const Compared &row : rows)
          if (says(row)) said.insert(text_of(column.cell(row)));
        is_shown = is_shown || said.size() > 1;
      }
      if (reader == Reader::kPerson && column.info->show == Show::kWhereItDiffers) {
        is_shown = is_shown || std::any_of(rows.begin(), rows.end(), differs);
        if (!is_shown && any_says) constants.push_back(fmt::format("{} {}", column.info->heading, text_of(first)));
      }
      if (is_shown) columns.push_back(column);
    }
  if (reader == Reader::kProgram)
    for (const std::string_view name : kForPrograms)
      if (!has(name)) columns.push_back(find_column(name, all, "--columns"));

  Report out{.title = {},
             .columns = {},
             .rows = {},
             .notes = notes_of(rows, columns, constants, request.conventions),
             .caption = request.caption,
             .label = request.label,
             .groups = std::move(groups),
             .marks_missing = true};
  for (const TableColumn &column : columns) out.columns.push_back(column.column());
  for (const Compared &row : rows) {
    std::vector<Cell> &cells = out.rows.emplace_back();
    for (const TableColumn &column : columns) cells.push_back(column.cell(row));
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (request.si && reader == Reader::kPerson) use_si(out.columns[i], i, out.rows);
    const bool is_asked = std::find(best.begin(), best.end(), columns[i].name()) != best.end();
    if (request.best ? is_asked : columns[i].info->is_error) mark_best(out, i, rows, !request.best);
  }
  return out;
}

} // namespace pare
