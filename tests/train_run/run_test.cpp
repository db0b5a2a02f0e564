#include "tests/train_run/run_test.hpp"

#include <algorithm>
#include <cstring>

namespace pare::test {

Words join(Words first, const Words &second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Words with(Words words, const std::string &option, const std::string &value) {
  const auto at = std::find(words.begin(), words.end(), option);
  if (at == words.end()) return join(std::move(words), {option, value});
  *(at + 1) = value;
  return words;
}

namespace {

template <class Number>
Number number_at(const std::string &bytes, std::size_t at) {
  Number out{};
  if (at + sizeof(out) > bytes.size()) throw std::runtime_error("the file ends too early");
  std::memcpy(&out, bytes.data() + at, sizeof(out));
  return out;
}

/// A base-128 number of a protocol buffer.
std::uint64_t varint(const std::string &bytes, std::size_t &at) {
  std::uint64_t out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.at(at++));
    out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return out;
}

/// The field `step` (2) of an Event of tensorboard's event.proto; 0 where it is not there.
std::int64_t step_of(const std::string &event) {
  for (std::size_t at = 0; at < event.size();) {
    const std::uint64_t key = varint(event, at);
    switch (key & 7) {
    case 0: {
      const std::uint64_t value = varint(event, at);
      if (key >> 3 == 2) return static_cast<std::int64_t>(value);
      break;
    }
    case 1: at += 8; break;
    case 2: {
      const std::uint64_t length = varint(event, at);
      at += length;
      break;
    }
    default: throw std::runtime_error("a field of an event that nobody knows");
    }
  }
  return 0;
}

} // namespace

Tensors read_tensors(const std::string &path) {
  const std::string bytes = read_text(path);
  const auto header_length = number_at<std::uint64_t>(bytes, 0);
  const Json header = Json::parse(bytes.substr(8, header_length));
  Tensors out;
  for (const auto &[name, entry] : header.items()) {
    if (name == "__metadata__") {
      for (const auto &[key, value] : entry.items()) out.metadata[key] = value;
      continue;
    }
    const std::size_t begin = entry.at("data_offsets").at(0);
    const std::size_t end = entry.at("data_offsets").at(1);
    out.tensors[name] =
        entry.at("dtype").dump() + entry.at("shape").dump() + bytes.substr(8 + header_length + begin, end - begin);
  }
  return out;
}

std::vector<std::int64_t> event_steps(const std::string &path) {
  const std::string bytes = read_text(path);
  std::vector<std::int64_t> out;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto length = number_at<std::uint64_t>(bytes, at); // then a checksum, the event, a checksum
    const std::size_t begin = at + 12;
    EXPECT_LE(begin + length + 4, bytes.size()) << "a record is cut off";
    if (begin + length + 4 > bytes.size()) break;
    out.push_back(step_of(bytes.substr(begin, length)));
    at = begin + length + 4;
  }
  return out;
}

void expect_fault_in(Result result, int code, std::string_view tag, const std::vector<std::string> &parts) {
  ASSERT_FALSE(lines(result.err).empty());
  result.err = lines(result.err).back() + "\n";
  expect_fault(result, code, tag, parts);
}

void TrainRun::SetUp() {
  Cli::SetUp();
  output({"data", "synthesize", "--like", "cifar10", "--classes", "10", "--images", "200", "data"});
}

Result TrainRun::trained(const Words &words) {
  Result result = train(words);
  EXPECT_EQ(result.code, 0) << result.err;
  return result;
}

std::vector<Json> TrainRun::metrics(const std::string &folder) const {
  std::vector<Json> out;
  for (const std::string &line : lines(read(folder + "/metrics.jsonl"))) out.push_back(Json::parse(line));
  return out;
}

std::vector<std::string> TrainRun::checkpoints(const std::string &folder) const {
  std::vector<std::string> out;
  for (const auto &entry : std::filesystem::directory_iterator(this->folder() / folder))
    if (entry.path().filename().string().starts_with("checkpoint-")) out.push_back(entry.path().filename());
  std::sort(out.begin(), out.end());
  return out;
}

void TrainRun::expect_same_runs(const std::string &one, const std::string &other) const {
  // Not EXPECT_EQ: it would print the files.
  const auto same = [&](const std::string &file) { return read(one + "/" + file) == read(other + "/" + file); };
  EXPECT_EQ(read(one + "/metrics.jsonl"), read(other + "/metrics.jsonl"));
  EXPECT_EQ(read(one + "/run.json"), read(other + "/run.json"));
  EXPECT_TRUE(same("weights.safetensors")) << one << " and " << other;
  ASSERT_FALSE(checkpoints(one).empty());
  ASSERT_FALSE(checkpoints(other).empty());
  EXPECT_EQ(checkpoints(one).back(), checkpoints(other).back());
  EXPECT_TRUE(same(checkpoints(one).back())) << one << " and " << other;
  const auto steps = event_steps(one + "/events.out.tfevents.pare");
  EXPECT_GT(steps.size(), metrics(one).size()); // one for each line, and the file's version
  EXPECT_EQ(steps, event_steps(other + "/events.out.tfevents.pare"));
}

void TrainRun::expect_same_results(const std::string &one, const std::string &other) const {
  EXPECT_EQ(read(one + "/metrics.jsonl"), read(other + "/metrics.jsonl"));
  const Tensors a = read_tensors(one + "/weights.safetensors");
  const Tensors b = read_tensors(other + "/weights.safetensors");
  EXPECT_GT(a.tensors.size(), 10U);
  EXPECT_TRUE(a.tensors == b.tensors) << one << " and " << other;
}

} // namespace pare::test
