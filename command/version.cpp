#include "command/version.hpp"

#include <CLI/Version.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace pare::command {

std::string_view version() { return PARE_VERSION; }

std::string_view compiler() { return PARE_COMPILER; }

std::vector<std::pair<std::string, std::string>> libraries() {
  return {{"Boost", PARE_BOOST_VERSION},
          {"CLI11", CLI11_VERSION},
          {"Eigen", PARE_EIGEN_VERSION},
          {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
          {"nlohmann_json",
           fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
          {"NLopt", PARE_NLOPT_VERSION}};
}

std::string version_text(const std::vector<std::pair<std::string, std::string>> &more) {
  std::string out = fmt::format("pare {}\ncompiler {}\n", version(), compiler());
  for (const auto &[name, number] : libraries()) out += fmt::format("{} {}\n", name, number);
  for (const auto &[name, number] : more) out += fmt::format("{} {}\n", name, number);
  return out;
}

} // namespace pare::command
