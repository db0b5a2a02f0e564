// The files of a run: one process at a time, growing files that are cut back, checkpoints that may be damaged.

#include "train/plan/checkpoint.hpp"
#include "train/plan/event_file.hpp"
#include "train/plan/run_folder.hpp"

#include "base/digest.hpp"
#include "tests/formats/files.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

namespace pare::train {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using test::read_text;

class RunFolders : public testing::Test {
protected:
  RunFolders() {
    std::string name = (fs::temp_directory_path() / "pare-run-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = name;
  }
  ~RunFolders() override { fs::remove_all(root_); }

  std::string path(const std::string &name = "run") const { return root_ / name; }
  static void write(const std::string &path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

private:
  fs::path root_;
};

TEST_F(RunFolders, AreMadeAndOpenedAgain) {
  {
    RunFolder folder(path("a/b"));
    folder.log("begun");
  }
  EXPECT_TRUE(fs::is_directory(path("a/b")));
  const RunFolder again(path("a/b"));
  EXPECT_EQ(again.path(), path("a/b"));
  EXPECT_EQ(again.file("log"), path("a/b") + "/log");
  EXPECT_TRUE(again.has("log"));
  EXPECT_FALSE(again.has("run.json"));
}

// A run that is refused before it wrote anything leaves nothing; what was there stays.
TEST_F(RunFolders, GoAgainWhereNothingWasBegun) {
  { const RunFolder folder(path()); }
  EXPECT_FALSE(fs::exists(path()));
  {
    RunFolder folder(path());
    folder.log("begun");
  }
  EXPECT_TRUE(fs::exists(path() + "/log"));
  fs::create_directory(path("empty"));
  { const RunFolder folder(path("empty")); }
  EXPECT_TRUE(fs::exists(path("empty")));
}

TEST_F(RunFolders, StdoutIsNone) {
  test::expect_message([] { const RunFolder folder("-"); },
                       "[usage] -: a run is a folder, and stdout is none; ./- would be accepted");
}

TEST_F(RunFolders, AreRefusedToASecondUser) {
  const RunFolder folder(path());
  expect_error([&] { RunFolder second(path()); }, ErrorCode::kIo, path(), "another process is training in this folder");
}

/// The exit code of a child process that opens the folder: 0, or 1 where it is refused.
int open_in_a_child(const std::string &path) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      const RunFolder folder(path);
      ::_exit(0);
    } catch (const Error &error) {
      ::_exit(error.code() == ErrorCode::kIo ? 1 : 2);
    }
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST_F(RunFolders, AreRefusedToASecondProcess) {
  {
    const RunFolder folder(path());
    EXPECT_EQ(open_in_a_child(path()), 1);
  }
  EXPECT_EQ(open_in_a_child(path()), 0); // the lock goes with its holder, and the file that stays is no lock
  EXPECT_NO_THROW(RunFolder{path()});
}

TEST_F(RunFolders, OfOthersAreRefused) {
  fs::create_directories(path());
  write(path() + "/thesis.tex", "work of years");
  expect_error([&] { RunFolder folder(path()); }, ErrorCode::kIo, path(), "holds files, and no run.json");
  EXPECT_EQ(fs::directory_iterator(path())->path().filename(), "thesis.tex");
  EXPECT_EQ(std::distance(fs::directory_iterator(path()), fs::directory_iterator()), 1) << "nothing was left in it";
  write(path("file"), "");
  expect_error([&] { RunFolder folder(path("file")); }, ErrorCode::kIo, path("file"), "is no folder");
  expect_error([&] { RunFolder folder(path("file") + "/run"); }, ErrorCode::kIo, path("file") + "/run");
  write(path() + "/run.json", "{}");
  EXPECT_NO_THROW(RunFolder{path()});
  // A run without its run.json is not begun anew over what it made.
  fs::remove(path() + "/run.json");
  expect_error([&] { RunFolder folder(path()); }, ErrorCode::kIo, path(), "holds files, and no run.json");
}

TEST_F(RunFolders, GrowByLinesAndEvents) {
  RunFolder folder(path());
  EXPECT_EQ(folder.lengths().metrics, 0);
  EXPECT_EQ(folder.lengths().events, 0);
  folder.metrics(R"({"step":1})", 1, {{"loss", 2.5F}});
  const RunFolder::Lengths first = folder.lengths();
  folder.metrics(R"({"step":2})", 2, {{"loss", 1.5F}});
  const RunFolder::Lengths second = folder.lengths();
  EXPECT_EQ(read_text(folder.file("metrics.jsonl")), "{\"step\":1}\n{\"step\":2}\n");
  EXPECT_EQ(first.metrics, 11);
  EXPECT_EQ(second.metrics, 22);
  // The version is 24 bytes, an event with one tag of four letters 9 + 2 + 2 + 2 + 6 + 5 = 26, each in a frame of 16.
  EXPECT_EQ(first.events, 24 + 16 + 26 + 16);
  EXPECT_EQ(second.events, first.events + 26 + 16);
  const std::string events = read_text(folder.file("events.out.tfevents.pare"));
  EXPECT_EQ(events.substr(23, 13), "brain.Event:2"); // behind 12 bytes of frame, 9 of time, a key and a length
}

TEST_F(RunFolders, AreCutBack) {
  RunFolder folder(path());
  folder.metrics(R"({"step":1})", 1, {{"loss", 2.5F}});
  const RunFolder::Lengths first = folder.lengths();
  const std::string events = read_text(folder.file("events.out.tfevents.pare"));
  folder.metrics(R"({"step":2})", 2, {{"loss", 1.5F}});
  const RunFolder::Lengths second = folder.lengths();
  folder.cut_back(first);
  EXPECT_EQ(read_text(folder.file("metrics.jsonl")), "{\"step\":1}\n");
  EXPECT_EQ(read_text(folder.file("events.out.tfevents.pare")), events);
  folder.cut_back(first); // nothing to do
  expect_error([&] { folder.cut_back(second); }, ErrorCode::kIo, "metrics.jsonl", "has 11 bytes, and 22 when");
  folder.cut_back({});
  EXPECT_EQ(folder.lengths().metrics, 0);
  EXPECT_EQ(folder.lengths().events, 0);
  folder.metrics(R"({"step":1})", 1, {{"loss", 2.5F}});
  EXPECT_EQ(folder.lengths().events, first.events) << "with its version again";
}

TEST_F(RunFolders, LogWithTheTime) {
  RunFolder folder(path());
  folder.log("one");
  folder.log("two");
  const std::string log = read_text(folder.file("log"));
  ASSERT_EQ(log.size(), 2u * 25); // "2026-01-02T03:04:05Z one\n"
  EXPECT_EQ(log.substr(20, 5), " one\n");
  EXPECT_EQ(log.substr(45), " two\n");
  EXPECT_EQ(log[10], 'T');
  EXPECT_EQ(log[19], 'Z');
}

/// What is written for a step: tensors of every type that a run has.
Checkpoint example(std::int64_t step) {
  using formats::Dtype;
  std::mt19937 random(static_cast<std::uint32_t>(step));
  const auto drawn = [&](std::size_t bytes) { // any bits are a number, or none
    std::string out;
    while (out.size() < bytes) out += static_cast<char>(random() & 0xff);
    return out;
  };
  return {.position = {.step = step,
                       .epoch = step / 7,
                       .batch = step % 7,
                       .lengths = {.metrics = 100 * step, .events = 5'000'000'000 + step}},
          .tensors = {{"model.a", formats::make_tensor(Dtype::kF32, {3, 4}, drawn(48))},
                      {"model.a.num_batches_tracked", test::tensor<std::int64_t>(Dtype::kI64, {}, {step})},
                      {"model.signs", test::tensor<std::int8_t>(Dtype::kI8, {3}, {1, -1, 1})},
                      {"momentum.a", formats::make_tensor(Dtype::kF32, {3, 4}, drawn(48))},
                      {"sums", formats::make_tensor(Dtype::kF64, {7}, drawn(56))}}};
}

void expect_same(const Checkpoint &found, const Checkpoint &wanted) {
  EXPECT_EQ(found.position.step, wanted.position.step);
  EXPECT_EQ(found.position.epoch, wanted.position.epoch);
  EXPECT_EQ(found.position.batch, wanted.position.batch);
  EXPECT_EQ(found.position.lengths.metrics, wanted.position.lengths.metrics);
  EXPECT_EQ(found.position.lengths.events, wanted.position.lengths.events);
  ASSERT_EQ(found.tensors.size(), wanted.tensors.size());
  for (const auto &[name, tensor] : wanted.tensors) {
    ASSERT_TRUE(found.tensors.contains(name)) << name;
    EXPECT_EQ(found.tensors.at(name).dtype, tensor.dtype) << name;
    EXPECT_EQ(found.tensors.at(name).sizes, tensor.sizes) << name;
    EXPECT_TRUE(found.tensors.at(name).bytes == tensor.bytes) << name;
  }
}

class Checkpoints : public RunFolders {
protected:
  std::string file(std::int64_t step) const { return folder_.file(fmt::format("checkpoint-{:012}.safetensors", step)); }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto &entry : fs::directory_iterator(folder_.path()))
      if (!is_claim(entry.path().filename().string())) out.push_back(entry.path().filename());
    std::sort(out.begin(), out.end());
    return out;
  }
  std::optional<Checkpoint> newest() {
    damaged_.clear();
    return newest_checkpoint(folder_.path(), damaged_);
  }

  RunFolder folder_{path()};
  std::vector<std::string> damaged_;
};

TEST_F(Checkpoints, AreReadAsTheyWereWritten) {
  EXPECT_FALSE(newest().has_value());
  write_checkpoint(folder_, example(5));
  const auto found = newest();
  ASSERT_TRUE(found.has_value());
  expect_same(*found, example(5));
  EXPECT_TRUE(damaged_.empty());
}

/// Numbers that are none are kept too, bit by bit: a run may have them in its momentum.
TEST_F(Checkpoints, KeepEveryBit) {
  Checkpoint odd = example(1);
  odd.tensors["odd"] = test::tensor<std::uint32_t>(formats::Dtype::kF32, {4}, {0x7fc00001, 0xff800000, 0x80000000, 1});
  write_checkpoint(folder_, odd);
  expect_same(*newest(), odd);
}

/// What Pare wrote before had a CRC-64 of the same bytes.
TEST_F(Checkpoints, OfBeforeAreRead) {
  const Checkpoint wanted = example(3);
  std::string bytes = formats::serialize_safetensors(
      {.tensors = wanted.tensors,
       .metadata = {{"checksum", std::string(16, '0')},
                    {"position", R"({"step":3,"epoch":0,"batch":3,"metrics_bytes":300,"events_bytes":5000000003})"}},
       .format = {}});
  bytes.replace(bytes.find("\"checksum\":\"") + 12, 16, digest(bytes, Digest::kCrc64));
  write(file(3), bytes);
  expect_same(*newest(), wanted);
}

TEST_F(Checkpoints, TooLargeToReadIsSaidBeforeTheFirstStep) {
  EXPECT_NO_THROW(check_sizes({{"a", std::uint64_t{8} << 30}, {"b", std::uint64_t{4} << 30}}, "{}"));
  test::expect_message(
      [] {
        check_sizes({{"a", std::uint64_t{8} << 30}, {"b", std::uint64_t{8} << 30}}, "{}");
      },
      "[limit] checkpoint: would have 17179869184 bytes of tensors; files of up to 17179869184 can be read; a "
      "smaller network would be accepted");
  EXPECT_NO_THROW(check_sizes({{"a", 1}}, std::string(99'000'000, 'x')));
  // In a header's text each quote takes two bytes.
  test::expect_message(
      [] {
        check_sizes({{"a", 1}}, std::string(60'000'000, '"'));
      },
      "[limit] run.json: the weights would have a header of 120000133 bytes, most of it the network's text; up to "
      "100000000 can be read");
}

TEST_F(Checkpoints, TheLastTwoAreKept) {
  for (std::int64_t step : {1, 9, 10, 100}) write_checkpoint(folder_, example(step));
  EXPECT_EQ(names(), (std::vector<std::string>{"checkpoint-000000000010.safetensors", "checkpoint-000000000100.safetensors"}));
  expect_same(*newest(), example(100)); // 100 comes after 10, and 10 after 9
}

TEST_F(Checkpoints, OfTheSameStepReplacesIt) {
  write_checkpoint(folder_, example(1));
  write_checkpoint(folder_, example(2));
  Checkpoint other = example(2);
  other.tensors["sums"] = formats::make_tensor(formats::Dtype::kF64, {7}, std::string(56, '\0'));
  write_checkpoint(folder_, other);
  EXPECT_EQ(names().size(), 2u);
  expect_same(*newest(), other);
}

TEST_F(Checkpoints, FilesOfOtherNamesAreNone) {
  for (const char *name : {"checkpoint-.safetensors", "checkpoint-1x.safetensors", "checkpoint-2.safetensors.tmp",
                           "checkpoint--1.safetensors", "checkpoint-99999999999999999999.safetensors", "weights.safetensors"})
    write(folder_.file(name), "no checkpoint");
  EXPECT_FALSE(newest().has_value());
  EXPECT_TRUE(damaged_.empty());
}

struct Damage {
  const char *name;
  std::function<std::string(std::string)> make;
};

std::string flipped(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}

void PrintTo(const Damage &damage, std::ostream *out) { *out << damage.name; }

class DamagedCheckpoints : public Checkpoints, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedCheckpoints, ArePassedOver) {
  write_checkpoint(folder_, example(1));
  write_checkpoint(folder_, example(2));
  write(file(2), GetParam().make(read_text(file(2))));
  const auto found = newest();
  ASSERT_TRUE(found.has_value());
  expect_same(*found, example(1));
  ASSERT_EQ(damaged_.size(), 1u);
  EXPECT_NE(damaged_[0].find(file(2)), std::string::npos) << damaged_[0];
  EXPECT_EQ(damaged_[0].find('\n'), std::string::npos) << damaged_[0];
}

INSTANTIATE_TEST_SUITE_P(
    Files, DamagedCheckpoints,
    testing::Values(
        Damage{"Empty", [](const std::string &) { return std::string(); }},
        Damage{"OneByte", [](const std::string &b) { return b.substr(0, 1); }},
        Damage{"CutInItsHeader", [](const std::string &b) { return b.substr(0, 40); }},
        Damage{"CutInHalf", [](const std::string &b) { return b.substr(0, b.size() / 2); }},
        Damage{"CutByAByte", [](const std::string &b) { return b.substr(0, b.size() - 1); }},
        Damage{"Longer", [](const std::string &b) { return b + '\0'; }},
        Damage{"Zeros", [](const std::string &b) { return std::string(b.size(), '\0'); }},
        Damage{"FirstByte", [](const std::string &b) { return flipped(b, 0); }},
        Damage{"LengthsLastByte", [](const std::string &b) { return flipped(b, 7); }},
        Damage{"Header", [](const std::string &b) { return flipped(b, 9); }},
        Damage{"Checksum", [](const std::string &b) { return flipped(b, b.find("checksum") + 12); }},
        Damage{"ChecksumsName", [](const std::string &b) { return flipped(b, b.find("checksum")); }},
        Damage{"Position", [](const std::string &b) { return flipped(b, b.find("position") + 14); }},
        // In front of the end: two of 3 x 4 floats, 7 doubles, a whole number of 8 bytes, 3 signs.
        Damage{"FirstNumber", [](const std::string &b) { return flipped(b, b.size() - (2 * 3 * 4 * 4 + 7 * 8 + 8 + 3)); }},
        Damage{"LastByte", [](const std::string &b) { return flipped(b, b.size() - 1); }},
        Damage{"LastNumbers", [](const std::string &b) { return b.substr(0, b.size() - 40) + std::string(40, 'x'); }}),
    [](const testing::TestParamInfo<Damage> &param) { return param.param.name; });

/// Every single byte of it, in turn.
TEST_F(Checkpoints, EveryByteMatters) {
  write_checkpoint(folder_, example(1));
  write_checkpoint(folder_, example(2));
  const std::string whole = read_text(file(2));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    write(file(2), flipped(whole, at));
    ASSERT_EQ(newest()->position.step, 1) << "byte " << at << " of " << whole.size();
  }
}

TEST_F(Checkpoints, AllDamagedIsAnError) {
  for (std::int64_t step : {1, 2}) {
    write_checkpoint(folder_, example(step));
    write(file(step), "damaged");
  }
  expect_error([&] { newest(); }, ErrorCode::kInvalidFile, folder_.path(), "none of its 2 checkpoints is whole");
}

/// A run that fell back goes on from the older one: what it writes now is newer than the damaged one, whatever its step is.
TEST_F(Checkpoints, AfterADamagedOneTheLastTwoAreWhole) {
  write_checkpoint(folder_, example(10));
  write_checkpoint(folder_, example(20));
  write(file(20), "damaged");
  ASSERT_EQ(newest()->position.step, 10);
  write_checkpoint(folder_, example(15));
  expect_same(*newest(), example(15));
  EXPECT_TRUE(damaged_.empty());
  write(file(15), "damaged too");
  expect_same(*newest(), example(10));
}

TEST_F(Checkpoints, ThatCannotBeWrittenLeaveTheOthers) {
  write_checkpoint(folder_, example(1));
  fs::create_directories(file(2) + "/x"); // a folder with something in it cannot be renamed over
  expect_error([&] { write_checkpoint(folder_, example(2)); }, ErrorCode::kIo, "checkpoint-000000000002");
  fs::remove_all(file(2));
  EXPECT_EQ(names(), (std::vector<std::string>{"checkpoint-000000000001.safetensors"}));
  expect_same(*newest(), example(1));
}

} // namespace
} // namespace pare::train
