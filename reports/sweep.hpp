#pragma once

#include "models/network.hpp"
#include "reports/format.hpp"
#include "solver/sweep.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace pare {

/// Writes the plans of families as they come: CSV and JSON (`pare.sweep/1`) plan by plan, so that any number of them takes no
/// memory; what is laid out by its widest cell at the end.
class SweepWriter {
public:
  virtual ~SweepWriter() = default;
  /// Of a family; those that follow are its plans. It lives until end().
  virtual void begin(const Sweep &sweep) = 0;
  virtual void add(const SweptPlan &plan) = 0;
  /// No more families. `is_cut`: some plans are missing, because it was interrupted.
  virtual void end(bool is_cut) = 0;
};

/// Gets each piece of text.
using Sink = std::function<void(std::string_view text)>;
/// The network outlives it. CSV, which has no place for them, leaves a sweep's notes to whoever writes it.
std::unique_ptr<SweepWriter> make_sweep_writer(Format format, const Network &network, Sink sink);

} // namespace pare
