#include "analysis/cost_model.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"
#include "reports/comparison.hpp"
#include "train/experiments/per_layer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pare::cli {

namespace {

/// What the inputs hold, in their order: networks to count, and rows of results.
struct Inputs {
  struct Counted {
    std::string argument;
    Design design;
    std::optional<Network> original; ///< of a solved file, before anything was substituted or its width was changed
  };
  std::vector<Counted> networks;
  std::vector<std::vector<train::ResultRow>> results; ///< by file
};

Inputs read_inputs(const Arguments &arguments) {
  NetworkOptions options;
  if (const auto image = arguments.find("--input")) options.input.image = parse_image_shape("--input", *image);
  Inputs out;
  for (const std::string &argument : arguments.items("INPUT")) {
    if (auto network = network_by_name(argument, options)) {
      Inputs::Counted &counted = out.networks.emplace_back();
      counted.argument = argument;
      counted.design.network = std::move(*network);
      continue;
    }
    const auto &[text, where] = read_network_file(argument);
    if (train::is_results(text)) {
      out.results.push_back(train::read_any_results(text, where));
      continue;
    }
    Design design = pare::read_design(text, where, options);
    std::optional<Network> original;
    if (design.is_solved) original = original_of(design);
    out.networks.push_back({argument, std::move(design), std::move(original)});
  }
  return out;
}

std::map<std::string, Count, std::less<>> mult_adds_of(const CostReport &cost, const std::vector<Convention> &conventions) {
  std::map<std::string, Count, std::less<>> out;
  for (const Convention &convention : conventions) out[convention.name] = cost.mult_adds(convention);
  return out;
}

/// Counts a network as its plan says. Faults say which network, and what it was to be substituted with.
Compared count_one(const Network &network, const Plan &plan, const CostReport &original, std::string setting,
                   const std::vector<Convention> &conventions, WhereRefused where_refused) {
  Compared out;
  out.network = short_spec(network.name);
  out.setting = std::move(setting);
  out.state = out.source = "counted";
  try {
    const Lowered lowered = lower(network.graph, plan, where_refused);
    const CostReport cost = count(lowered.graph);
    out.evaluation = lowered.evaluation_text();
    const Shape &input = lowered.graph.input_shape();
    out.input = fmt::format("{} x {} x {}", input.channels, input.height, input.width);
    out.parameters = cost.parameters;
    out.original_parameters = original.parameters;
    out.activation_elements = cost.activation_elements;
    out.mult_adds = mult_adds_of(cost, conventions);
    out.original_mult_adds = mult_adds_of(original, conventions);
    for (const Convention &convention : conventions) out.per_batch[convention.name] = cost.per_batch(convention);
    if (!lowered.kept.empty())
      out.notes.push_back(
          fmt::format("{} of {}: {} layers were left as they were", out.setting, out.network, lowered.kept.size()));
  } catch (const Error &error) {
    throw error.within(fmt::format("{} of {}", out.setting, out.network));
  }
  return out;
}

std::vector<Compared> count_all(const Inputs &inputs, const std::vector<Substitute> &substitutes,
                                const std::vector<Convention> &conventions, WhereRefused where_refused) {
  std::vector<Compared> out;
  for (const Inputs::Counted &counted : inputs.networks) {
    const Design &design = counted.design;
    const Network &before = counted.original ? *counted.original : design.network;
    const CostReport original = count(lower(before.graph, {}).graph);
    if (design.is_solved) {
      const bool is_width = is_of_width(design);
      std::optional<train::PerLayerText> chosen;
      if (design.mixed) chosen = train::describe(design.mixed->request);
      std::string setting = is_width ? fmt::format("{}={}", width_key(design.network), shortest(own_width(design.network)))
                            : chosen ? chosen->setting()
                                     : design.substitution.value_or("mixed");
      Compared row =
          count_one(design.network, design.plan, original, std::move(setting), conventions, WhereRefused::kLeaveAsItIs);
      row.network = short_spec(before.name);
      row.family = is_width              ? std::string(kWidth)
                   : design.substitution ? std::string(parse_substitute(*design.substitution).family->info().name)
                                         : "mixed";
      if (chosen) {
        row.family = fmt::format("{}", fmt::join(train::families_of(design.network, design.plan), "+"));
        row.families = chosen->families;
        row.score = chosen->score;
        row.tie = chosen->tie;
        row.objective = chosen->objective;
      }
      std::vector<std::string> budgets;
      for (const Budget &budget : design.budgets) budgets.push_back(budget.written.empty() ? budget.text() : budget.written);
      row.budgets = fmt::format("{}", fmt::join(budgets, ", "));
      row.source = fmt::format("counted, {}", counted.argument);
      out.push_back(std::move(row));
      continue;
    }
    if (substitutes.empty()) out.push_back(count_one(design.network, {}, original, "none", conventions, where_refused));
    for (const Substitute &substitute : substitutes) {
      out.push_back(count_one(design.network, {.uniform = substitute, .layers = {}}, original, substitute.text(), conventions,
                              where_refused));
      out.back().family = substitute.family->info().name;
    }
  }
  return out;
}

TableRequest read_table_request(const Arguments &arguments) {
  TableRequest out{.conventions = {},
                   .columns = arguments.items("--columns"),
                   .sort = arguments.items("--sort"),
                   .group_by = arguments.find("--group-by"),
                   .where = arguments.all("--where"),
                   .best = {},
                   .si = arguments.has("--si"),
                   .caption = arguments.get("--caption"),
                   .label = arguments.get("--label")};
  if (arguments.has("--best")) {
    out.best = arguments.items("--best");
    if (out.best == std::vector<std::string>{"none"}) out.best->clear();
  }
  constexpr std::string_view kInLabels = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:._-/+";
  if (out.label.find_first_not_of(kInLabels) != std::string::npos)
    throw Error(ErrorCode::kUsage, "--label",
                fmt::format("label = {} must be letters, digits, and : . _ - / +, such as tab:cost", shown(out.label)));
  return out;
}

int do_table(const Arguments &arguments) {
  const Format format = read_format(arguments);
  TableRequest request = read_table_request(arguments);
  std::vector<Substitute> substitutes;
  for (const std::string &text : with_evaluation(arguments, arguments.items("--substitute")))
    substitutes.push_back(parse_substitute(text));

  const Inputs inputs = read_inputs(arguments);
  std::vector<Convention> own; // that solved files hold
  bool takes_substitutes = false;
  for (const Inputs::Counted &counted : inputs.networks) {
    takes_substitutes = takes_substitutes || !counted.design.is_solved;
    for (const Convention &convention : counted.design.conventions)
      if (std::none_of(own.begin(), own.end(), [&](const Convention &c) { return c.name == convention.name; }))
        own.push_back(convention);
  }
  if (!substitutes.empty() && !takes_substitutes)
    throw Error(ErrorCode::kUsage, "--substitute",
                "replaces convolutions of networks, and none is given that is not solved; a network would be accepted");
  for (const std::string_view option : {"--where-possible", "--evaluation"})
    if (arguments.has(option) && substitutes.empty())
      throw Error(ErrorCode::kUsage, std::string(option),
                  "is about --substitute, which is not given; both, or neither would be accepted");
  request.conventions = read_conventions(arguments, own);

  std::vector<Compared> rows = count_all(inputs, substitutes, request.conventions, read_where_refused(arguments));
  for (Compared &row : compare_results(inputs.results)) rows.push_back(std::move(row));
  if (rows.empty())
    throw Error(ErrorCode::kUsage, "INPUT",
                fmt::format("{} has no rows; a network or results with rows would be accepted",
                            shown(fmt::format("{}", fmt::join(arguments.all("INPUT"), " ")))));
  const bool for_programs = format == Format::kCsv || format == Format::kJson;
  const Report table = comparison_table(std::move(rows), request, for_programs ? Reader::kProgram : Reader::kPerson);
  deliver(arguments.get("--output"), write({&table, 1}, format));
  return kDone;
}

} // namespace

const Command &command_table() {
  static const std::string columns =
      fmt::format("Columns, in their order: {}; mult-adds stand for one column of each convention, mult-adds[macs] for one",
                  fmt::join(comparison_columns(), ", "));
  static const Command command{
      .name = "table",
      .summary = "Compare networks and results in one table",
      .description =
          "Makes a table of networks, counted with each of the substitutions that are given, of solved files, and of results: "
          "runs that differ in their seeds only are one row, their mean and its sample deviation. What is not known is "
          "a "
          "dash. For programs (csv, json) each row says its state, its seeds and where it is from.",
      .options =
          {{.name = "INPUT",
            .description =
                "Networks (short names, specs, pare.network/1 and pare.solved/1 files) and results (pare.results/1, the 2019 "
                "system's collated.json, published points), one or a list",
            .values = Values::kNetwork,
            .required = true,
            .repeats = true},
           {.name = "--substitute",
            .value = "S",
            .description = "Count each network with its convolutions replaced, by one or each of a list: Conv,Generic_0.1",
            .values = Values::kSubstitution,
            .repeats = true},
           evaluation_option(),
           where_possible_option(),
           input_option(),
           convention_option(),
           {.name = "--columns",
            .value = "LIST",
            .description = columns,
            .otherwise = "those that have something to say, for people the most looked at",
            .repeats = true},
           {.name = "--sort",
            .value = "LIST",
            .description = "Columns to sort by; --sort=-parameters begins with the most",
            .otherwise = "as they come",
            .repeats = true},
           {.name = "--group-by", .value = "COLUMN", .description = "Put rows together that have the same there"},
           {.name = "--where",
            .value = "CONDITION",
            .description = "Only rows for which it holds: data=cifar10, state!=done, parameters<=1M, top1>=5",
            .repeats = true},
           {.name = "--best",
            .value = "LIST",
            .description = "Columns whose least is marked, in each group; none: no column",
            .otherwise = "top1 and top5",
            .repeats = true},
           {.name = "--si", .description = "Write counts in k, M, G or T, which the heading says, for people"},
           {.name = "--caption", .value = "TEXT", .description = "What stands above; in LaTeX the table is a float then"},
           {.name = "--label", .value = "LABEL", .description = "By which LaTeX and HTML refer to it: tab:cost"},
           format_option(),
           output_option()},
      .examples = {{"pare table wrn-28-10 darts --substitute Conv,Generic_0.1,Shuffle_4,ACDC_12", "The cost table of a paper"},
                   {"pare table student.json wrn-28-10 --format latex --caption 'A student and its teacher' -o cost.tex",
                    "A solved file beside the original, for LaTeX"},
                   {"pare table wrn-16-4 --substitute Conv,Shuffle_2,Shuffle_4 --si --sort=-parameters",
                    "In units of thousands, the largest first"}},
      .run = do_table};
  return command;
}

} // namespace pare::cli
