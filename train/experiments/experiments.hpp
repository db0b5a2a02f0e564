#pragma once

#include "train/experiments/schedule.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

struct ScheduleOptions {
  /// Of the data, where they are elsewhere, by what the file says of them ("cifar10:DIR"; "" is all): they are not opened then.
  std::map<std::string, std::string> fingerprints;
  /// Told of each network that is fitted and each set of images that is opened, before it is.
  std::function<void(std::string_view line)> say = [](std::string_view /*line*/) {};
};

/// What an experiments file (`pare.experiments/1`, described in train/experiments/README.md) asks for: every budget solved,
/// every combination of its lists one experiment, equal ones once. `where` names the text in faults. Throws Error{kInvalidFile}
/// for what the file says; where some budgets cannot be met and the file does not leave these out, Error{kInvalidConfig} that
/// names all of them.
Schedule make_schedule(std::string_view json, const std::string &where, const ScheduleOptions &options = {});

} // namespace pare::train
