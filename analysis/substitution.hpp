#pragma once

#include "analysis/builder.hpp"
#include "analysis/expression.hpp"
#include "analysis/graph.hpp"
#include "base/checked.hpp"
#include "base/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// A convolution that may be replaced, where it stands: x [N, in_channels, H, W] -> [N, out_channels, H_out, W_out]. A linear
/// layer is one of 1 x 1 on a 1 x 1 map.
struct ConvSite {
  std::string name;
  Shape input;
  Shape output;
  Pair kernel{1, 1};
  Pair stride{1, 1};
  Padding padding{0, 0};
  Pair dilation{1, 1};
  std::int64_t groups = 1;
  bool bias = false;
  Baseline baseline = Baseline::kConv;

  std::int64_t in_channels() const { return input.channels; }
  std::int64_t out_channels() const { return output.channels; }
  /// Numbers of its weight.
  std::int64_t weights() const { return checked_mul(in_channels() / groups, out_channels(), kernel.area()); }
  bool pointwise() const { return kernel.height == 1 && kernel.width == 1; }
};

/// The site of a layer of a graph that is marked as replaceable.
ConvSite site_of(const Graph &graph, const Graph::Replaceable &replaceable);
/// All places of one replaceable layer: its own, then those of the layers that share its parameters, in order. They have one
/// substitute, with one set of parameters, and may differ in image size, stride, padding and dilation.
using ConvSites = std::vector<ConvSite>;
/// Those of each of Graph::replaceable(). `sharers`: Graph::sharers(), for who has it already.
std::vector<ConvSites> replaceable_sites(const Graph &graph, const std::vector<std::vector<NodeId>> &sharers);
inline std::vector<ConvSites> replaceable_sites(const Graph &graph) { return replaceable_sites(graph, graph.sharers()); }
/// A site on its own, with the output shape inferred. Throws Error{kInvalidConfig}.
ConvSite make_site(std::string name, const Shape &input, std::int64_t out_channels, Pair kernel, Pair stride, Padding padding,
                   Pair dilation, bool bias = false);

/// How a structured map is evaluated.
enum class Evaluation : std::uint8_t {
  kFactored,    ///< its factors are applied to the activations one after the other
  kDense,       ///< its weight is built once per batch and applied as one convolution
  kContraction, ///< factors, or merges of them made once per batch, in the order that is cheapest (analysis/contraction.hpp)
  kFast,        ///< its transforms are applied to the activations by fast algorithms
  kCheapest,    ///< of a family's own the one with the least macs at a layer; settled() says which
};
inline constexpr std::array kEvaluations = {
    std::pair{Evaluation::kFactored, std::string_view("factored")}, std::pair{Evaluation::kDense, std::string_view("dense")},
    std::pair{Evaluation::kContraction, std::string_view("contraction")},
    std::pair{Evaluation::kFast, std::string_view("fast")}, std::pair{Evaluation::kCheapest, std::string_view("cheapest")}};
/// Between a setting and how it is evaluated: `TensorTrain_0.44@contraction`.
inline constexpr char kEvaluationSeparator = '@';

/// A constant of a substitution that could be otherwise: a number, or one of `choices` by index.
struct KeyInfo {
  std::string_view name;
  std::string_view description;
  std::int64_t standard = 0; ///< what Pare's own name means without it
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::vector<std::string_view> choices;
  bool sets_knob = false; ///< where it is not 0 it says what the knob would, which is not given then
};
/// A value for each of SubstitutionInfo::keys, in their order.
using Settings = std::vector<std::int64_t>;

/// The setting that a budget decides.
struct KnobInfo {
  enum class Kind : std::uint8_t {
    kNone,    ///< there is nothing to set
    kReal,    ///< a double in (0, 1]; parameters and mult-adds never fall as it rises
    kInteger, ///< a whole number from `least` up without end; every count is affine in it and never falls
    kGroups,  ///< a whole number from `least` up to a bound of the site; costs go up and down
  };
  Kind kind = Kind::kNone;
  std::string_view name;
  std::string_view description;
  std::int64_t least = 1;
};

/// The whole numbers of a structure that are free, where a user may say them in the place of the knob: `generic:rank=7`,
/// `tucker:ranks=3/5/2`. Any in the ranges of a site may be put together (Substitution::number_ranges()), each from 1 up.
struct NumbersInfo {
  std::string_view name = {}; ///< of the key; empty: there are none
  std::string_view description = {};
  bool are_several = false;  ///< written with / between them; else it is one
  bool are_ranks = false;    ///< what CandidateRule::multiple_of is about
  bool are_distinct = false; ///< no two settings of them come to one structure
};
using Numbers = std::vector<std::int64_t>;
inline constexpr char kNumbersSeparator = '/';

/// From least to most, both included.
struct NumberRange {
  std::int64_t least = 1;
  std::int64_t most = 1;
};

/// A name of the 2019 system for a family with certain keys: `Name`, or `Name_setting`.
struct ReferenceName {
  enum class Suffix : std::uint8_t { kNone, kRequired };
  std::string_view name;
  Suffix suffix = Suffix::kRequired;
  Settings keys;
  std::optional<double> knob;   ///< of the bare name
  std::int64_t knob_offset = 0; ///< knob = written setting + offset
};

struct SubstitutionInfo {
  std::string_view name;
  std::string_view description;
  std::string_view source;  ///< paper
  std::string_view example; ///< as a user writes it: "Generic_0.1"
  /// How it can be evaluated; the first where nothing else is said. kCheapest is one of these.
  std::vector<Evaluation> evaluations;
  /// Whether the weight decay of its marked parameters is scaled by the compression ratio where a protocol says nothing. None:
  /// it marks none.
  std::optional<bool> decay_scaled = {};
  bool accepts_groups = false; ///< replaces grouped convolutions too
  bool among_all = true;       ///< one of those that `--families all` means
  /// What it is anyway, where a layer is that before anything is substituted.
  std::vector<Baseline> baselines = {};
  KnobInfo knob;
  NumbersInfo numbers = {};
  std::vector<KeyInfo> keys = {};
  std::vector<ReferenceName> reference_names = {};
};

/// The whole numbers that a setting comes to at one site: ranks, groups, values. Equal structures are equal layers, and for
/// a knob of kind kReal or kInteger none of them falls as the knob rises.
using Structure = std::vector<std::int64_t>;

/// Why a substitution does not apply: the field, and one sentence with value, rule and what would be accepted.
struct Refusal {
  std::string field;
  std::string message;
  /// Whether another setting of the knob would be accepted.
  bool depends_on_knob = false;
};

struct Resolved {
  Structure structure;
  std::optional<Refusal> refusal;
};

/// The range of each free number at a site, none of them empty, or why there is none.
struct NumberRanges {
  std::vector<NumberRange> ranges;
  std::optional<Refusal> refusal;
};

/// In what every count of what lower() writes is multilinear: a sum of products in which each number occurs once at most, so
/// that a few structures tell the cost of all (analysis/site_costs.hpp).
enum class CostsIn : std::uint8_t {
  kNothing,   ///< not known: each is lowered and counted
  kNumbers,   ///< the free numbers of a structure
  kStructure, ///< the numbers of a structure that differ from one setting to another
};

/// How many numbers can be chosen apart from each other in what a substitute computes.
struct DegreesOfFreedom {
  std::int64_t value = 0;
  bool is_estimate = false; ///< it is no less than that, and may be more
};

struct Substitute;
/// Which structures Substitution::candidates() gives.
struct CandidateRule {
  static constexpr std::size_t kAll = SIZE_MAX;
  static constexpr std::int64_t kMostFactors = 128; ///< of a knob of kind kInteger, which has no end; papers have a dozen
  /// All where there are no more; else, of m whole numbers, the whole part of most^(1/m) values of each, in geometric steps.
  std::size_t most = 1000;
  /// Ranks, and channels of each group of kGroups, are multiples of it.
  std::int64_t multiple_of = 1;
};

/// A symbol of closed forms that the place of a convolution says.
struct SiteSymbol {
  std::string_view name;
  std::string_view meaning;
  double (*value)(const ConvSite &site);
  bool is_rare = false; ///< for readers it is of no interest where no formula has it
};
/// c_i, c_o, k_h, k_w, S, S_in, S_v, D and b.
std::span<const SiteSymbol> site_symbols();

/// Closed forms, in the symbols of site_symbols() and the knob. Where a family names numbers (info().numbers), these are what
/// the definitions in which the knob occurs come to, in their order.
struct ClosedForm {
  std::vector<Definition> definitions; ///< in order, each may use those before
  Expression parameters;
  Expression mult_adds; ///< convention macs, on activations
  Expression per_batch; ///< convention macs, on weights
  // Estimates of the work on activations, by convention macs and with the depthwise in front, as mult_adds is: printed beside
  // counts, and none themselves. Empty: not known, or not meant. kEstimates says what each is.
  Expression floor = {};
  Expression lower_bound = {};
  Expression novikov = {};
};

/// All of its expressions, in order.
std::vector<Expression> expressions_of(const ClosedForm &form);
/// Whether readers of these formulas are told of a symbol.
bool is_of_interest(const SiteSymbol &symbol, std::span<const Expression> formulas);

struct EstimateInfo {
  std::string_view name;
  std::string_view meaning;
  Expression ClosedForm::*formula;
};
inline constexpr std::array kEstimates = {
    EstimateInfo{"floor",
                 "for generic values, no linear scheme that treats each position by itself does with less; one that treats "
                 "several together can",
                 &ClosedForm::floor},
    EstimateInfo{"lower-bound",
                 "each stored number is used once for each position: mapping activations to the format's own space, and from "
                 "it, is free",
                 &ClosedForm::lower_bound},
    EstimateInfo{"novikov", "d r^2 m max(M, N), r and m the largest: an estimate from above (Novikov et al. 2015)",
                 &ClosedForm::novikov}};

/// A family of cheaper linear maps. It has no cost formula of its own: it lowers a convolution to ops, and these are counted.
class Substitution {
public:
  virtual ~Substitution() = default;
  virtual const SubstitutionInfo &info() const = 0;
  /// The whole numbers of a setting, or why it does not apply. The site is grouped only where info() accepts that.
  virtual Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const = 0;
  /// Writes the ops; returns the node whose output takes the convolution's place.
  virtual NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
                       Evaluation evaluation) const = 0;
  virtual ClosedForm closed_form(const Settings &settings, Evaluation evaluation) const = 0;

  // What a family says that names numbers (info().numbers); none of it is called for others. Settings are such that leave the
  // knob free.
  /// A structure that a knob gives has numbers in them.
  virtual NumberRanges number_ranges(const ConvSite &site, const Settings &settings) const;
  /// The structure that numbers in these ranges come to.
  virtual Structure structure_of(const ConvSite &site, const Settings &settings, const Numbers &numbers) const;
  /// The numbers that come to a structure, the smallest where several do.
  virtual Numbers numbers_of(const ConvSite &site, const Settings &settings, const Structure &structure) const;

  /// With these settings, in each evaluation but kContraction, of which nothing is known.
  virtual CostsIn costs_in(const Settings &settings) const;
  /// Of a structure at a site, without biases. Ranks are reduced to what is attainable, and what
  /// leaves a factorised weight as it is does not count; a depthwise in front counts fully, though a factor for each channel
  /// could be moved into the map behind it. Where a family does not say, what it stores, as an estimate.
  virtual DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings &settings, const Structure &structure) const;

  /// Channels of each group in a structure of a knob of kind kGroups: what CandidateRule::multiple_of is about.
  virtual std::vector<std::int64_t> group_channels(const ConvSite &site, const Settings &settings,
                                                   const Structure &structure) const;

  /// What there is to choose from for a layer at all its places: a substitute for each distinct structure that the rule asks
  /// for, each number in turn from its least up, the last the fastest, and most groups first. By numbers where the family has
  /// them, so that text() says the structure itself. A knob of kind kInteger is tried up to 128. One where there is nothing to
  /// set, or a key sets it; none where the family does not apply. Throws Error{kLimit} where they are more than 4,000,000.
  std::vector<Substitute> candidates(std::span<const ConvSite> sites, const Settings &settings,
                                     const CandidateRule &rule = {}) const;
};

/// The registry: substitutions/list.def, then what a program has registered. A span is good until the next registration.
std::span<const Substitution *const> substitutions();
/// What solving calls the network's own width: no family's name.
inline constexpr std::string_view kWidth = "width";
/// Adds a family of a user's own, which lives as long as the program, before anything else is asked of Pare. From then on it is
/// counted, solved for, listed and trained by its name like the others. Throws Error{kInvalidValue}, and adds nothing, where a
/// name of it is taken, in any letter case, or info() lacks what it must say.
void register_substitution(const Substitution &family);
/// The first that has a knob: for messages that say what would be accepted.
const Substitution &example_family();
/// Pare's own name ("tensor_train"). Throws Error{kUnknownName}.
const Substitution &find_substitution(std::string_view name);

/// A family with its keys, and its knob or its numbers: what `Generic_0.1`, `shuffle:groups=4` or `generic:rank=7` says.
struct Substitute {
  const Substitution *family = nullptr;
  Settings settings;
  std::optional<double> knob; ///< none: the family has none, or it is to be solved for, or there are numbers
  /// Of SubstitutionInfo::numbers, in the place of a knob.
  std::optional<Numbers> numbers = {};
  /// None: the family's first.
  std::optional<Evaluation> evaluation = {};
  // How it was asked for, which is how text() answers.
  bool by_own_name = false;
  std::string_view reference_name = {}; ///< empty: the first that says it

  Evaluation evaluated() const { return evaluation.value_or(family->info().evaluations.front()); }
  /// The canonical string: the reference name where there is one (that which was asked for, if it says these settings), else,
  /// and where that was asked for or there are numbers, Pare's own with the keys that are not standard; then `@` and the
  /// evaluation, where that is not the family's first.
  std::string text() const;
  /// The same without the evaluation.
  std::string setting() const;
  /// Does the family have a knob that these settings leave free?
  bool has_free_knob() const;
  /// Whether they mean the same, by whichever name.
  bool operator==(const Substitute &other) const {
    return family == other.family && settings == other.settings && knob == other.knob && numbers == other.numbers &&
           evaluated() == other.evaluated();
  }
};

/// "contraction". Throws Error{kInvalidValue} placed at `where` with what would be accepted.
Evaluation parse_evaluation(std::string_view name, const std::string &where);

enum class FreeKnob : std::uint8_t { kRefuse, kAllow };
/// Reads either spelling, in another case too where no name is written so: `acdc` is Pare's own name, `ACDC` the reference's,
/// `generic_0.1` and `conv` the reference's in another case. Throws Error{kUnknownName} or {kInvalidValue} with what would be
/// accepted. With kAllow a missing setting stays free ("Generic", "tensor_train:dimensions=4"). `@` and an evaluation may
/// follow either.
Substitute parse_substitute(std::string_view text, FreeKnob free_knob = FreeKnob::kRefuse);

/// Why a family cannot be evaluated so; none where it can. In the cheapest of its ways any can.
std::optional<std::string> refused_evaluation(const SubstitutionInfo &info, Evaluation evaluation);
/// resolve() behind the rules that all families share.
Resolved resolve(const ConvSite &site, const Substitute &substitute);
/// The same for a layer at all its places, which must come to the same numbers.
Resolved resolve(std::span<const ConvSite> sites, const Substitute &substitute);
/// Throws it as Error{kNotApplicable}, placed at the site.
[[noreturn]] void throw_refusal(const ConvSite &site, const Substitute &substitute, const Refusal &refusal);
/// A layer as the network has it, whatever that is.
const Substitute &baseline_substitute();
/// Whether this is what the site's baseline is anyway.
bool is_baseline(const ConvSite &site, const Substitute &substitute);
/// The same with kCheapest replaced by that evaluation which has the least macs for an image at all places of a layer together,
/// the first of them where several have. What does not apply there, and what is settled, is as it was.
Substitute settled(std::span<const ConvSite> sites, Substitute substitute);
/// Lowers one site. Throws Error{kNotApplicable} placed at the site.
NodeId lower_site(Graph &graph, const ConvSite &site, NodeId x, const Substitute &substitute);
/// The same with the numbers of `structure` in the place of those that the substitute comes to.
NodeId lower_site(Graph &graph, const ConvSite &site, NodeId x, const Substitute &substitute, const Structure &structure);
/// Of a substitute that applies, and no more than the weights of the convolution. Throws as lower_site() does.
DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Substitute &substitute);

/// Lowers the places of one layer one after the other into a graph: the first makes parameters, and what is computed from
/// them; those that follow run with these.
class SiteLowering {
public:
  /// Throws as lower_site() does, and Error{kNotApplicable} where a family makes other parameters for another place.
  NodeId lower(Graph &graph, const ConvSite &site, NodeId x, const Substitute &substitute);

private:
  std::string owner_;
  std::vector<LayerId> layers_;  ///< of the first place
  std::vector<NodeId> constant_; ///< its nodes that no image reaches
};

/// Modes of a flattened weight of `elements` numbers in `count` dimensions (formula of the 2019 reference): equal where the
/// root is whole, else each the smallest divisor of what is left that reaches the rounded root.
std::vector<std::int64_t> dimensionize(std::int64_t elements, std::int64_t count);

} // namespace pare
