#include "base/json.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  const json::Place place("document.json");
  const json::Value whole = json::parse(bytes, place);
  const std::string text = json::dumped(whole);
  expect(without_error("what was written is refused", [&] { return json::parse(text, place); }) == whole,
         "what was written reads as another value");
  json::shown(whole);

  // In one piece or streamed, a document is the same.
  std::vector<json::Value> items;
  bool is_there = false;
  json::Value rest = json::parse_streamed(
      bytes, place, "layers", [&](json::Value item, const json::Place & /*place*/) { items.push_back(std::move(item)); },
      is_there); // refuses what is no array
  expect(is_there == (whole.is_object() && whole.contains("layers")), "the streamed member is not where it is");
  if (is_there) {
    expect(whole["layers"] == json::Value(items), "the streamed items are others");
    rest["layers"] = std::move(items);
    expect(nlohmann::json(rest) == nlohmann::json(whole), "what was not streamed is another value");
  } else {
    expect(rest == whole, "a document without the streamed member is another value");
  }
}

} // namespace pare::fuzz
