#include "analysis/tally.hpp"

namespace pare {

std::string_view to_string(Event event) {
  switch (event) {
  case Event::kMac: return "mac";
  case Event::kBias: return "bias";
  case Event::kElement: return "element";
  case Event::kWindow: return "window";
  case Event::kCopy: return "copy";
  case Event::kMultiply: return "multiply";
  case Event::kTransform: return "transform";
  case Event::kReferenceMac: return "reference_mac";
  }
  return "unknown";
}

std::optional<Event> event_from(std::string_view name) {
  for (std::size_t i = 0; i < kEventCount; ++i)
    if (to_string(static_cast<Event>(i)) == name) return static_cast<Event>(i);
  return std::nullopt;
}

std::string_view to_string(Spelling spelling) {
  switch (spelling) {
  case Spelling::kModule: return "module";
  case Spelling::kFunction: return "function";
  }
  return "unknown";
}

std::optional<Spelling> spelling_from(std::string_view name) {
  for (std::size_t i = 0; i < kSpellingCount; ++i)
    if (to_string(static_cast<Spelling>(i)) == name) return static_cast<Spelling>(i);
  return std::nullopt;
}

} // namespace pare
