#pragma once

#include "analysis/graph.hpp"
#include "analysis/network_file.hpp"
#include "analysis/widen.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// Settings of a network family by key, as text; a missing key has its standard value.
using NetworkValues = std::map<std::string, std::string, std::less<>>;

struct NetworkKeyInfo {
  std::string_view name;
  std::string_view standard;
  std::string_view accepted; ///< in words: "a whole number, 6n + 4"
  bool always_written;       ///< in canonical specs, even at its standard value
  /// Values that are names, and are read as names are: in any case.
  std::vector<std::string_view> choices = {};
  /// The one text of a value that can be written in several ways; throws Error placed at `where`. Where there is none, numbers
  /// have one.
  std::string (*canonical)(const std::string &text, const std::string &where) = nullptr;
};

/// The key by which the linear layers of a family's networks are replaceable, for the families that have some.
inline constexpr std::string_view kReplaceLinear = "replace_linear";
inline NetworkKeyInfo replace_linear_key() {
  return {.name = kReplaceLinear,
          .standard = "no",
          .accepted = "yes or no: whether linear layers are replaceable too, as 1 x 1 convolutions",
          .always_written = false,
          .choices = {"no", "yes"}};
}

/// The key by which a family's channels are rounded as torchvision rounds them.
inline NetworkKeyInfo round_to_key(std::string_view standard = "1") {
  return {.name = "round_to",
          .standard = standard,
          .accepted = "a whole number from 1 to 1048576: channels are rounded to its multiples",
          .always_written = false};
}

struct ShortName {
  std::string_view name;   ///< "wrn-D-K"; a capital letter stands for a value
  std::string_view values; ///< "depth=D,width=K"
};

struct NetworkInfo {
  std::string_view name; ///< "wide_resnet"
  std::string_view description;
  std::string_view source;
  std::vector<NetworkKeyInfo> keys;
  std::vector<ShortName> short_names;
  Shape input; ///< its own
  /// The key that scales every stage's channels.
  std::string_view width_key;
  bool width_is_whole = false;
};

/// A family of networks. build() throws Error{kInvalidValue} or {kInvalidConfig} placed at "family/key" or a layer.
class NetworkFamily {
public:
  virtual ~NetworkFamily() = default;
  virtual const NetworkInfo &info() const = 0;
  virtual Graph build(const NetworkValues &values, const Shape &input) const = 0;
  /// The channel counts that the width key decides, each never falling as it rises. Equal channels, equal network.
  virtual std::vector<std::int64_t> channels(const NetworkValues &values) const = 0;
  /// The head that training adds at the node marked Mark::kAuxiliaryTap, whose output has the shape `tap`, and that counts have
  /// only where they are asked for it: a network of its own, from that output to more logits. None for most families.
  virtual std::optional<Graph> auxiliary_head(const NetworkValues & /*values*/, const Shape & /*tap*/) const { return {}; }
};

/// The registry: list.def.
std::span<const NetworkFamily *const> network_families();
/// Throws Error{kUnknownName}.
const NetworkFamily &find_network_family(std::string_view name);

/// A network: one of a family, or one that a user brought as a file.
struct Network {
  const NetworkFamily *family = nullptr; ///< null for a network from a file
  NetworkValues values;
  std::string name; ///< the canonical spec, or the file's own name
  Shape input;      ///< of one image, batch 1
  Graph graph;
  /// Of one from a file that has another width than the file's layers: the file, and the width.
  std::shared_ptr<const NetworkFile> layers = {};
  FileWidth file_width = {};

  bool from_file() const { return family == nullptr; }
};

struct NetworkOptions {
  InputOptions input = {}; ///< instead of one image of the network's own size
};

/// "wrn-28-10", "wide_resnet:depth=28,width=10,classes=10": a short name or a family, with keys. A value that starts with
/// [, { or ( runs to its matching bracket, `@file` reads a file. A name that is not written so is read as folded() reads it:
/// WRN-28-10, resnet50.
Network make_network(std::string_view spec, const NetworkOptions &options = {});
Network make_network(const NetworkFamily &family, const NetworkValues &values, const NetworkOptions &options = {});
/// One that was read from a file, of the width that it says. Throws what Widening does where that is not the layers' own.
Network make_network(NetworkFile file);
/// Of these layers, whose ties are known, another width.
Network make_network(std::shared_ptr<const NetworkFile> layers, const Widening &ties, const FileWidth &width);
/// The document with the network, that came from a file, in the place of its first `"network": null`.
std::string embed_network(std::string document, const Network &network);

/// A spec as it was read.
struct NetworkSpec {
  const NetworkFamily *family = nullptr;
  NetworkValues values;
  std::map<std::string, std::string, std::less<>> files = {}; ///< where a value came from, by its key
};
enum class Names : std::uint8_t { kAsWritten, kFolded };
NetworkSpec parse_network_spec(std::string_view spec, Names names = Names::kFolded);
/// Faults of a value from a file are the file's.
Network make_network(const NetworkSpec &spec, const NetworkOptions &options = {});
std::string canonical_spec(const NetworkFamily &family, const NetworkValues &values);

/// Puts the network's auxiliary head into its graph, behind all other layers: it reads its tap, and the output stays what it
/// was. Throws Error{kNotApplicable} where the network has none.
void append_auxiliary_head(Network &network);

namespace spec {
/// Values of a family's keys, checked. Each throws Error{kInvalidValue} placed at "family/key".
class Reader {
public:
  Reader(const NetworkInfo &info, const NetworkValues &values) : info_(info), values_(values) {}
  std::string text(std::string_view key) const;
  std::int64_t whole(std::string_view key, std::int64_t least, std::int64_t most) const;
  /// A finite number above 0.
  double positive(std::string_view key) const;
  /// Channels times the key width, rounded to multiples of the key round_to.
  std::vector<std::int64_t> scaled(std::span<const std::int64_t> channels) const;
  [[noreturn]] void fail(std::string_view key, const std::string &rule) const;

private:
  const NetworkInfo &info_;
  const NetworkValues &values_;
};

/// The channels of a family: scaled_channels() of analysis/widen.hpp.
inline std::int64_t scaled(std::int64_t channels, double factor, const std::string &where, std::int64_t round_to = 1) {
  return scaled_channels(channels, factor, where, round_to);
}
} // namespace spec

/// The average pooling in front of a classifier: the network's own window where it leaves 1 x 1, and the whole map of an image
/// of another size.
AvgPool pool_to_one(const Shape &map, std::int64_t window);

} // namespace pare
