#include "models/width.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pare {

namespace {

NetworkValues values_at(const Network &network, double width) {
  NetworkValues out = network.values;
  out[std::string(network.family->info().width_key)] = shortest(width);
  return out;
}

} // namespace

void check_width_times(double times, const std::string &where) {
  if (!(times >= 1 && times <= kMostWidthTimes))
    throw Error(ErrorCode::kInvalidValue, where,
                fmt::format("{} must be a number from 1 to {}: times the network's own width", shortest(times),
                            shortest(kMostWidthTimes)));
}

std::string_view width_key(const Network &network) { return network.from_file() ? "width" : network.family->info().width_key; }

double own_width(const Network &network) {
  if (network.from_file()) return network.file_width.factor;
  const NetworkInfo &info = network.family->info();
  return spec::Reader(info, network.values).positive(info.width_key);
}

Widths::Widths(const Network &network) : network_(network) {
  if (!network_.from_file()) return;
  if (!network_.layers)
    network_.layers = std::make_shared<const NetworkFile>(
        NetworkFile{.name = std::move(network_.name), .graph = std::move(network_.graph), .width = {}});
  ties_ = std::make_unique<const Widening>(network_.layers->graph);
}

bool has_widths(const Network &network) {
  try {
    (void)Widths(network);
    return true;
  } catch (const Error &) {
    return false;
  }
}

bool Widths::is_whole() const { return !network_.from_file() && network_.family->info().width_is_whole; }

std::vector<std::int64_t> Widths::channels(double width) const {
  if (network_.from_file()) return ties_->units(width, network_.file_width.round_to);
  return network_.family->channels(values_at(network_, width));
}

Network Widths::at(double width) const {
  if (network_.from_file()) return make_network(network_.layers, *ties_, file_width(width));
  return make_network(*network_.family, values_at(network_, width), {.input = network_.input});
}

double Widths::most(double times) const {
  check_width_times(times, "max_width");
  const double most = own() * times;
  if (!is_whole()) return most;
  // DARTS for ImageNet has no odd ones.
  for (double width = std::floor(most); width > own(); --width) {
    try {
      (void)channels(width);
      return width;
    } catch (const Error &) {
      continue;
    }
  }
  return own();
}

} // namespace pare
