#include "base/digest.hpp"
#include "tests/train_data/images.hpp"
#include "train/data/dataset.hpp"
#include "train/data/gzip.hpp"

namespace pare::train::test {
namespace {

using pare::test::expect_error;
using pare::test::expect_message;
using Json = nlohmann::ordered_json;

constexpr const char *kGolden = "cifar_python.json";

/// A file of the golden ones, which are packed.
std::string unpacked(const Json &file) { return inflate_first(text_of(from_hex(file)), std::size_t{1} << 20, kGolden); }

Json golden_set(const std::string &name) {
  const Json golden = pare::test::golden(kGolden);
  for (const Json &set : golden["sets"])
    if (set["name"] == name) return set;
  throw std::runtime_error("no set " + name);
}

void write_set(const fs::path &folder, const Json &set) {
  for (const auto &[name, file] : set["files"].items()) write(folder / name, unpacked(file));
}

std::string kind_of(const Json &set) {
  return set["name"].get<std::string>().substr(0, set["name"].get<std::string>().find(','));
}

/// An image's planes, as CIFAR's records have them.
std::string planes_of(const Image &image) {
  std::string out;
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = c; i < image.pixels.size(); i += 3) out += static_cast<char>(image.pixels[i]);
  return out;
}

// Expected images, labels and names: torchvision's.
TEST(CifarPython, IsThatOfTorchvision) {
  const Json golden = pare::test::golden(kGolden);
  ASSERT_EQ(golden["sets"].size(), 4u);
  for (const Json &set : golden["sets"]) {
    SCOPED_TRACE(set["name"]);
    const TemporaryFolder folder;
    const std::string within = set["folder"];
    write_set(folder.path() / within, set);
    for (const std::string &place : {std::string(), "/" + within}) {
      const DataSource source = open_data(kind_of(set) + ":" + folder.path().string() + place);
      EXPECT_EQ(source.class_names, set["classes"].get<std::vector<std::string>>());
      EXPECT_EQ(source.classes, static_cast<std::int64_t>(set["classes"].size()));
      for (const auto &[split, name] : {std::pair{source.train, "train"}, std::pair{source.validation, "test"}}) {
        const Json &expected = set[name];
        ASSERT_EQ(split->size(), static_cast<std::int64_t>(expected["labels"].size()));
        for (std::int64_t i = 0; i < split->size(); ++i) {
          EXPECT_EQ(split->label(i), expected["labels"][static_cast<std::size_t>(i)].get<std::int64_t>());
          EXPECT_EQ(digest(text_of(split->load(i).image.pixels)),
                    expected["images"][static_cast<std::size_t>(i)].get<std::string>());
        }
      }
    }
  }
}

// A run that began with one version may go on with the other.
TEST(CifarPython, BothVersionsHaveOneFingerprint) {
  const Json set = golden_set("cifar10");
  const TemporaryFolder folder;
  write_set(folder.path() / "python", set);
  const DataSource python = open_data("cifar10:" + (folder / "python"));
  EXPECT_TRUE(python.train->name(3).ends_with("data_batch_2 record 1")) << python.train->name(3);
  const auto write_records = [&](const Dataset &split, std::int64_t begin, std::int64_t end, const std::string &file) {
    std::string records;
    for (std::int64_t i = begin; i < end; ++i) records += static_cast<char>(split.label(i)) + planes_of(split.load(i).image);
    write(folder.path() / "binary" / file, records);
  };
  for (std::int64_t file = 0; file < 5; ++file)
    write_records(*python.train, 2 * file, 2 * file + 2, "data_batch_" + std::to_string(file + 1) + ".bin");
  write_records(*python.validation, 0, 2, "test_batch.bin");
  EXPECT_EQ(open_data("cifar10:" + (folder / "binary")).fingerprint, python.fingerprint);
  EXPECT_EQ(open_data("cifar10:" + (folder / "python"), OnBadFile::kFail, Digest::kCrc64).fingerprint,
            open_data("cifar10:" + (folder / "binary"), OnBadFile::kFail, Digest::kCrc64).fingerprint);

  // Where both are, the binary one is read.
  write_set(folder.path() / "binary", set);
  const DataSource both = open_data("cifar10:" + (folder / "binary"));
  EXPECT_TRUE(both.train->name(0).ends_with("data_batch_1.bin record 0")) << both.train->name(0);
}

TEST(CifarPython, NamesMayBeMissing) {
  const TemporaryFolder folder;
  write_set(folder.path(), golden_set("cifar100"));
  const std::string spec = "cifar100:" + folder.path().string();
  EXPECT_EQ(open_data(spec).class_names[99], "fine 99");
  write(folder.path() / "meta", unpacked(golden_set("cifar10")["files"]["batches.meta"]));
  expect_message([&] { open_data(spec); },
                 "[invalid_file] " + (folder / "meta") + ": has no \"fine_label_names\", which CIFAR's Python version has");
  fs::remove(folder.path() / "meta");
  EXPECT_EQ(open_data(spec).class_names[99], "99");
}

TEST(CifarPython, RefusesWhatDoesNotFit) {
  const std::map<std::string, std::string> messages = {
      {"a list", "is a list; CIFAR's Python version has a dictionary"},
      {"no data", "has no \"data\", which CIFAR's Python version has"},
      {"no labels", "has no \"labels\", which CIFAR's Python version has"},
      {"data are a list", "\"data\" is a list; an array is needed"},
      {"labels are a text", "\"labels\" is a text; a list of labels is needed"},
      {"labels are an array", "\"labels\" is an array; a list of labels is needed"},
      {"int8", "\"data\" is an array of 2 x 3072 of type \"|i1\"; images x 3072 of type |u1, row by row, are needed"},
      {"float64", "\"data\" is an array of 1 x 3072 of type \"<f8\"; images x 3072 of type |u1, row by row, are needed"},
      {"of 3071", "\"data\" is an array of 2 x 3071 of type \"|u1\"; images x 3072 of type |u1, row by row, are needed"},
      {"four axes",
       "\"data\" is an array of 2 x 3 x 32 x 32 of type \"|u1\"; images x 3072 of type |u1, row by row, are needed"},
      {"no image", "\"data\" is an array of 0 x 3072 of type \"|u1\"; images x 3072 of type |u1, row by row, are needed"},
      {"Fortran's order", "\"data\" is an array of 2 x 3072 of type \"|u1\" in Fortran's order; images x 3072 of type |u1, row "
                          "by row, are needed"},
      {"three labels", "\"labels\" has 3 labels for the 2 images in \"data\""},
      {"a label of text", "\"labels\"[1] is a text; a label is needed"},
      {"label 256", "\"labels\"[0] is 256; labels are 0 to 255"},
      {"label -1", "\"labels\"[1] is -1; labels are 0 to 255"},
      {"label 10", "record 1 has label 10; labels are 0 to 9"}};
  const Json golden = pare::test::golden(kGolden);
  const TemporaryFolder folder;
  const std::string path = folder / "data_batch_4", spec = "cifar10:" + folder.path().string();
  write_set(folder.path(), golden_set("cifar10"));
  EXPECT_EQ(golden["damaged"].size(), messages.size() + 1);
  for (const Json &damaged : golden["damaged"]) {
    write(path, unpacked(damaged["file"]));
    const std::string name = damaged["name"];
    if (const auto message = messages.find(name); message != messages.end())
      expect_message([&] { open_data(spec); }, "[invalid_file] " + path + ": " + message->second);
    else // it calls something, which is refused by the reader of pickles
      expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, path, "system");
  }
  const std::string whole = unpacked(golden_set("cifar10")["files"]["data_batch_4"]);
  for (std::size_t part = 0; part < 30; ++part) {
    write(path, whole.substr(0, whole.size() * part / 30));
    expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, path);
  }
  fs::remove(path);
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, path);
}

} // namespace
} // namespace pare::train::test
