#include "train/plan/run_result.hpp"

#include "base/enums.hpp"
#include "base/json.hpp"
#include "train/plan/records_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <type_traits>

namespace pare::train {

namespace {

using Json = json::Value;

constexpr std::string_view kResultSchema = "pare.result/1";

/// Calls visit(key, value) for each field that is a number, in the order of the file.
template <class Result, class Visit>
void visit_numbers(Result &r, Visit &&visit) {
  visit("step", r.step);
  visit("steps", r.steps);
  visit("epoch", r.epoch);
  visit("epochs", r.epochs);
  visit("seconds", r.seconds);
}

} // namespace

std::string write_heartbeat(const Heartbeat &heartbeat) {
  const auto said = [](const auto &value) { return value ? Json(*value) : Json(nullptr); };
  return Json({{"step", heartbeat.step},
               {"seconds", said(heartbeat.seconds)},
               {"steps", said(heartbeat.steps)},
               {"seconds_left", said(heartbeat.seconds_left)},
               {"saved_step", heartbeat.saved_step},
               {"saved_seconds", said(heartbeat.saved_seconds)}})
             .dump() +
         "\n";
}

std::optional<Heartbeat> read_heartbeat(std::string_view text) {
  try {
    const json::Place place("heartbeat.json");
    const Json document = json::parse(text, place);
    json::Members members(document, place);
    Heartbeat out{.step = members.whole("step", 0)};
    const auto read = [&](const char *key, std::optional<double> &value) {
      if (members.said(key) != nullptr) value = members.real(key);
    };
    read("seconds", out.seconds);
    if (members.find("saved_step") == nullptr) { // of before: written when it saved, and only then
      out.saved_step = out.step;
      out.saved_seconds = out.seconds;
      return out;
    }
    if (members.said("steps") != nullptr) out.steps = members.whole("steps", 0);
    read("seconds_left", out.seconds_left);
    out.saved_step = members.whole("saved_step", 0);
    read("saved_seconds", out.saved_seconds);
    return out;
  } catch (const Error &) {
    return std::nullopt;
  }
}

std::string write_result(const RunResult &result) {
  Json out = {{"schema", kResultSchema},
              {"ending", name_of(kEndings, result.ending)},
              {"reason", result.reason.empty() ? Json(nullptr) : Json(result.reason)}};
  visit_numbers(result, [&]<class Number>(const char *key, const Number &value) {
    if constexpr (std::is_same_v<Number, std::int64_t>)
      out[key] = value;
    else
      out[key] = value ? Json(*value) : Json(nullptr);
  });
  out["last"] = result.last ? json_of(*result.last) : Json(nullptr);
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; // a reason may name files
}

RunResult read_result(std::string_view text, const std::string &where) {
  const json::Place place(where);
  const Json document = json::parse(text, place);
  json::Members members(document, place, kResultSchema);
  RunResult out;
  const std::string ending = members.text("ending");
  const auto known = value_of(kEndings, ending);
  if (!known)
    json::refuse(members.at("ending"), members.place("ending"), "ending",
                 fmt::format("one of {}", fmt::join(names_of(kEndings), ", ")));
  out.ending = *known;
  members.at("reason");
  if (members.said("reason") != nullptr) out.reason = members.text("reason");
  visit_numbers(out, [&]<class Number>(const char *key, Number &value) {
    if constexpr (std::is_same_v<Number, std::int64_t>)
      value = members.whole(key, 0);
    else if (members.at(key); members.said(key) != nullptr)
      value = members.real(key);
  });
  members.at("last");
  if (const Json *last = members.said("last")) out.last = read_epoch(*last, members.place("last"));
  members.finish();
  return out;
}

} // namespace pare::train
