#include "train/plan/protocol.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  using namespace train;
  const Protocol protocol = read_protocol(bytes, "mine.json");
  const std::string text = write_protocol(protocol);
  const Protocol again = without_error("what was written is refused", [&] { return read_protocol(text, "mine.json"); });
  expect(write_protocol(again) == text && differences(again, protocol).empty(), "what was written reads as another protocol");
  // Every value as --set takes it.
  Protocol set = protocols().front();
  set.name = protocol.name;
  set.description = protocol.description;
  for (const auto &[key, value] : field_texts(protocol))
    without_error(key, [&, &k = key, &v = value] {
      set_field(set, k, v);
      return 0;
    });
  expect(differences(set, protocol).empty(), "field by field it is another protocol");
  remarks(protocol);
  for (const std::int64_t epoch : {std::int64_t{0}, protocol.epochs / 2, protocol.epochs - 1}) {
    learning_rate(protocol, epoch);
    drop_path_probability(protocol, epoch);
  }
}

} // namespace pare::fuzz
