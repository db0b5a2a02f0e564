#include "train/data/dataset.hpp"

#include "base/digest.hpp"
#include "tests/train_data/images.hpp"
#include "train/data/jpeg.hpp"

#include <unistd.h>

namespace pare::train::test {
namespace {

using pare::test::expect_error;
using pare::test::expect_message;

/// Two records in each file; record r of file f has label r and red 10 f + r, green 100, blue 200.
void write_cifar10(const fs::path &folder) {
  for (int f = 1; f <= 6; ++f) {
    std::string bytes;
    for (int r = 0; r < 2; ++r)
      bytes += cifar_record(std::string(1, static_cast<char>(r)), static_cast<char>(10 * f + r), 100, static_cast<char>(200));
    write(folder / (f == 6 ? "test_batch.bin" : "data_batch_" + std::to_string(f) + ".bin"), bytes);
  }
}

std::string jpeg_of(std::uint8_t level) { return encode_jpeg(make_image(8, 8, std::vector<std::uint8_t>(192, level)), 95); }

/// Two classes, "cat" and "dog", two images each in both splits; their levels are 40, 80, 120 and 160.
void write_folders(const fs::path &folder) {
  std::uint8_t level = 0;
  for (const char *split : {"train", "val"}) {
    level = 0;
    for (const char *name : {"cat", "dog"})
      for (const char *file : {"a.jpg", "b.JPEG"})
        write(folder / split / name / file, jpeg_of(level = std::uint8_t(level + 40)));
  }
}

TEST(Dataset, ReadsCifar10) {
  const TemporaryFolder folder;
  write_cifar10(folder.path() / "cifar-10-batches-bin");
  for (const std::string &place : {std::string(), std::string("/cifar-10-batches-bin")}) {
    const std::string spec = "cifar10:" + folder.path().string() + place;
    const DataSource source = open_data(spec);
    EXPECT_EQ(source.spec, spec);
    EXPECT_EQ(source.kind, "cifar10");
    EXPECT_EQ(source.classes, 10);
    EXPECT_FALSE(source.synthetic);
    EXPECT_EQ(source.class_names.size(), 10u);
    ASSERT_EQ(source.train->size(), 10);
    ASSERT_EQ(source.validation->size(), 2);
    EXPECT_EQ(source.train->fixed_size()->height, 32);
    for (std::int64_t i = 0; i < 10; ++i) {
      const Sample sample = source.train->load(i);
      EXPECT_EQ(sample.label, i % 2);
      EXPECT_EQ(source.train->label(i), i % 2);
      EXPECT_EQ(sample.image.height, 32);
      EXPECT_EQ(sample.image.width, 32);
      ASSERT_EQ(sample.image.pixels.size(), 3072u);
      for (std::size_t p = 0; p < 3072; p += 3) {
        ASSERT_EQ(sample.image.pixels[p], 10 * (i / 2 + 1) + i % 2);
        ASSERT_EQ(sample.image.pixels[p + 1], 100);
        ASSERT_EQ(sample.image.pixels[p + 2], 200);
      }
    }
    EXPECT_EQ(source.validation->load(1).image.pixels[0], 61);
    EXPECT_NE(source.train->name(3).find("data_batch_2.bin record 1"), std::string::npos) << source.train->name(3);
  }
}

// The format's example: the second value of the red plane is the pixel to the right of the first.
TEST(Dataset, CifarPixelsGoRowByRow) {
  const TemporaryFolder folder;
  write_cifar10(folder.path());
  std::string record(3073, '\0');
  record[0] = 9;
  record[1 + 1] = 50;           // red, row 0, column 1
  record[1 + 1024 + 32] = 60;   // green, row 1, column 0
  record[1 + 2048 + 1023] = 70; // blue, row 31, column 31
  write(folder.path() / "data_batch_1.bin", record);
  const Sample sample = open_data("cifar10:" + folder.path().string()).train->load(0);
  EXPECT_EQ(sample.label, 9);
  EXPECT_EQ(sample.image.pixels[1 * 3], 50);
  EXPECT_EQ(sample.image.pixels[32 * 3 + 1], 60);
  EXPECT_EQ(sample.image.pixels[1023 * 3 + 2], 70);
}

TEST(Dataset, ReadsCifar100sFineLabels) {
  const TemporaryFolder folder;
  write(folder.path() / "cifar-100-binary" / "train.bin",
        cifar_record({'\x13', '\x63'}, 1, 2, 3) + cifar_record({'\0', '\x05'}, 4, 5, 6));
  write(folder.path() / "cifar-100-binary" / "test.bin", cifar_record({'\x01', '\x02'}, 7, 8, 9));
  const DataSource source = open_data("cifar100:" + folder.path().string());
  EXPECT_EQ(source.classes, 100);
  ASSERT_EQ(source.train->size(), 2);
  EXPECT_EQ(source.train->label(0), 99);
  EXPECT_EQ(source.train->label(1), 5);
  EXPECT_EQ(source.validation->label(0), 2);
  EXPECT_EQ(source.validation->load(0).image.pixels[2], 9);
  write(folder.path() / "cifar-100-binary" / "test.bin", cifar_record({'\x14', '\x02'}, 7, 8, 9));
  expect_error([&] { open_data("cifar100:" + folder.path().string()); }, ErrorCode::kInvalidFile, "test.bin",
               "coarse label 20");
}

TEST(Dataset, ReadsClassNames) {
  const TemporaryFolder folder;
  write_cifar10(folder.path());
  write(folder.path() / "batches.meta.txt", "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\r\ntruck\n\n");
  EXPECT_EQ(open_data("cifar10:" + folder.path().string()).class_names[8], "ship");
  write(folder.path() / "batches.meta.txt", "airplane\n");
  expect_error([&] { open_data("cifar10:" + folder.path().string()); }, ErrorCode::kInvalidFile, "batches.meta.txt", "1 names");
}

// The fingerprint is of the bytes: a line for each file, training first, with its name and checksum.
TEST(Dataset, CifarsFingerprintIsOfItsBytes) {
  const TemporaryFolder folder;
  write_cifar10(folder.path());
  std::string checksums;
  for (const char *file :
       {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"})
    checksums += file + (" " + digest(pare::test::read_text(folder / file)) + "\n");
  EXPECT_EQ(open_data("cifar10:" + folder.path().string()).fingerprint, digest(checksums));
}

TEST(Dataset, RefusesDamagedCifarFiles) {
  const TemporaryFolder folder;
  const std::string spec = "cifar10:" + folder.path().string();
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, folder.path().string(), "data_batch_1.bin");
  fs::create_directories(folder.path() / "data_batch_1"); // no file
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, folder.path().string(),
               "data_batch_1.bin is neither there nor in cifar-10-batches-bin, nor is data_batch_1 of the Python version, in "
               "cifar-10-batches-py");
  write_cifar10(folder.path());
  fs::remove(folder.path() / "data_batch_4.bin");
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, "data_batch_4.bin");
  write_cifar10(folder.path());
  write(folder.path() / "data_batch_2.bin", std::string(3072, '\0'));
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "data_batch_2.bin", "3072 bytes");
  write(folder.path() / "data_batch_2.bin", "");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "data_batch_2.bin", "0 bytes");
  write_cifar10(folder.path());
  write(folder.path() / "test_batch.bin", cifar_record(std::string(1, '\0'), 1, 2, 3) + cifar_record("\x0a", 1, 2, 3));
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "test_batch.bin", "record 1 has label 10");
}

TEST(Dataset, ReadsFoldersOfImages) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  write(folder.path() / "train" / "cat" / "notes.txt", "not an image");
  write(folder.path() / "train" / "cat" / "._a.jpg", "left by another system");
  for (const char *kind : {"imagenet", "folder"}) {
    const DataSource source = open_data(std::string(kind) + ":" + folder.path().string());
    EXPECT_EQ(source.kind, "imagenet");
    EXPECT_EQ(source.classes, 2);
    EXPECT_EQ(source.class_names, (std::vector<std::string>{"cat", "dog"}));
    EXPECT_FALSE(source.synthetic);
    EXPECT_FALSE(source.train->fixed_size());
    for (const auto &split : {source.train, source.validation}) {
      ASSERT_EQ(split->size(), 4);
      for (std::int64_t i = 0; i < 4; ++i) {
        const Sample sample = split->load(i);
        EXPECT_EQ(sample.label, i / 2);
        EXPECT_NEAR(sample.image.pixels[0], 40 * (i + 1), 2); // a flat JPEG keeps its level
      }
    }
    EXPECT_TRUE(source.train->name(3).ends_with("train/dog/b.JPEG")) << source.train->name(3);
  }
}

// Expected order: torchvision's (tests/golden/torchvision_folder.json). Nothing is decoded here.
TEST(Dataset, FoldersHaveTheOrderOfTorchvision) {
  const auto golden = pare::test::golden("torchvision_folder.json");
  const TemporaryFolder folder;
  for (const char *split : {"train", "val"}) {
    for (const std::string file : golden["files"]) write(folder.path() / split / file, "x");
    for (const auto &[link, target] : golden["links"].items())
      fs::create_symlink(target.get<std::string>(), folder.path() / split / link);
  }
  const DataSource source = open_data("imagenet:" + folder.path().string());
  EXPECT_EQ(source.class_names, golden["classes"].get<std::vector<std::string>>());
  for (const auto &[split, name] : {std::pair{source.train, "train"}, std::pair{source.validation, "val"}}) {
    ASSERT_EQ(split->size(), static_cast<std::int64_t>(golden["samples"].size()));
    for (std::int64_t i = 0; i < split->size(); ++i) {
      const auto &sample = golden["samples"][static_cast<std::size_t>(i)];
      EXPECT_EQ(split->name(i), (folder.path() / name / sample[0].get<std::string>()).string());
      EXPECT_EQ(split->label(i), sample[1].get<std::int64_t>());
    }
  }
}

TEST(Dataset, FoldersSayWhatTheyLeaveOut) {
  const TemporaryFolder folder;
  const auto left_out = [&] { return open_data("imagenet:" + folder.path().string()).left_out; };
  write_folders(folder.path());
  EXPECT_EQ(left_out(), "");
  write(folder.path() / "train/notes.txt", "x");
  for (const char *name : {"a.gif", "b.jpg.bak", "c.txt"}) write(folder.path() / "val/cat/sub" / name, "x");
  write(folder.path() / "train/.thumbs/a.jpg", "x");
  write(folder.path() / "train/dog/.a.jpg", "x");
  write(folder.path() / "test/a.txt", "x"); // no split that is read
  EXPECT_EQ(left_out(), "left out: 2 hidden (train/.thumbs, train/dog/.a.jpg); 4 with another ending than images have "
                        "(train/notes.txt, val/cat/sub/a.gif, val/cat/sub/b.jpg.bak, ...)");
}

TEST(Dataset, LinksInACircleEnd) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  fs::create_directory_symlink(".", folder.path() / "train/cat/again");
  fs::create_directories(folder.path() / "val/cat/one");
  fs::create_directories(folder.path() / "val/cat/two");
  fs::create_directory_symlink("../two", folder.path() / "val/cat/one/to_two");
  fs::create_directory_symlink("../one", folder.path() / "val/cat/two/to_one");
  fs::create_symlink("nowhere", folder.path() / "val/dog/broken");
  fs::create_symlink("itself", folder.path() / "val/dog/itself");
  const DataSource source = open_data("imagenet:" + folder.path().string());
  EXPECT_EQ(source.train->size(), 4);
  EXPECT_EQ(source.validation->size(), 4);
  EXPECT_NE(source.left_out.find("3 linked in a circle (train/cat/again, val/cat/"), std::string::npos) << source.left_out;
  EXPECT_NE(source.left_out.find("2 with another ending"), std::string::npos) << source.left_out;
  fs::create_symlink("nowhere", folder.path() / "val/dog/broken.jpg");
  expect_error([&] { open_data("imagenet:" + folder.path().string()); }, ErrorCode::kIo, "val/dog/broken.jpg");
}

TEST(Dataset, FoldersThatCannotBeReadAreNamed) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  write(folder.path() / "train/cat/closed/a.jpg", jpeg_of(40));
  fs::permissions(folder.path() / "train/cat/closed", fs::perms::none);
  // Root reads what nobody may.
  const bool is_root = ::geteuid() == 0;
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(is_root ? ::seteuid(kNobody) : 0, 0);
  std::string line;
  try {
    line = open_data("imagenet:" + folder.path().string()).left_out;
  } catch (const std::exception &error) {
    line = error.what();
  }
  ASSERT_EQ(is_root ? ::seteuid(0) : 0, 0);
  fs::permissions(folder.path() / "train/cat/closed", fs::perms::owner_all);
  EXPECT_EQ(line, "left out: 1 not readable (train/cat/closed)");
}

// Left out they would make another set than torchvision's.
TEST(Dataset, ImagesThatPareCannotReadAreAnError) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  const std::string spec = "imagenet:" + folder.path().string();
  for (const auto &[name, bytes, what] :
       std::vector<std::array<std::string, 3>>{{"c.bmp", "BM12", "a BMP"},
                                               {"sub/c.TIF", std::string("II*\0", 4), "a TIFF"},
                                               {"c.webp", "RIFF1234WEBP", "a WebP"},
                                               {"c.ppm", "P6 1 1 255 abc", "a PPM"},
                                               {"c.tiff", "", "empty"},
                                               {"c.pgm", "?", "something that begins with byte 0x3f"}}) {
    const fs::path path = folder.path() / "val/cat" / name;
    write(path, bytes);
    expect_message([&] { open_data(spec); }, "[invalid_file] " + path.string() + ": is " + what +
                                                 "; images are JPEG or PNG files: convert it, or take it out of the folder");
    write(path, jpeg_of(200)); // whatever it is called
    const DataSource source = open_data(spec);
    EXPECT_EQ(source.validation->size(), 5);
    fs::remove(path);
  }
}

TEST(Dataset, ReadsPngFilesOfAnyName) {
  const auto [png, pixels] = golden_png("palette of 16 colours");
  const TemporaryFolder folder;
  write_folders(folder.path());
  write(folder.path() / "train/cat/a.jpg", png);
  write(folder.path() / "train/cat/c.PNG", png);
  const DataSource source = open_data("imagenet:" + folder.path().string());
  ASSERT_EQ(source.train->size(), 5);
  for (const std::int64_t i : {0, 2}) EXPECT_EQ(source.train->load(i).image.pixels, pixels);
  EXPECT_NEAR(source.train->load(1).image.pixels[0], 80, 2);
}

// What a set without sub-folders had before these were walked: a line for each class, of its files' names and sizes.
TEST(Dataset, FoldersFingerprintIsThatOfBefore) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  std::string checksums;
  for (const char *split : {"train", "val"})
    for (const char *name : {"cat", "dog"}) {
      std::string lines;
      for (const char *file : {"a.jpg", "b.JPEG"})
        lines += std::string(file) + "\n" + std::to_string(fs::file_size(folder.path() / split / name / file)) + "\n";
      checksums += std::string(split) + "/" + name + "\n" + digest(lines) + "\n";
    }
  EXPECT_EQ(open_data("imagenet:" + folder.path().string()).fingerprint, digest(checksums));
  write(folder.path() / "train/cat/sub/c.jpg", jpeg_of(40));
  EXPECT_NE(open_data("imagenet:" + folder.path().string()).fingerprint, digest(checksums));
}

TEST(Dataset, FoldersFingerprintIsOfPathsAndSizes) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  const auto fingerprint = [&] { return open_data("imagenet:" + folder.path().string()).fingerprint; };
  const std::string first = fingerprint();
  EXPECT_EQ(first.size(), digits_of(Digest::kSha256));
  EXPECT_EQ(open_data("imagenet:" + folder.path().string(), OnBadFile::kFail, Digest::kCrc64).fingerprint.size(),
            digits_of(Digest::kCrc64)); // for runs of before
  EXPECT_EQ(fingerprint(), first);
  fs::rename(folder.path() / "val", folder.path() / "validation"); // another name of the same split
  EXPECT_EQ(fingerprint(), first);
  fs::rename(folder.path() / "train/cat/a.jpg", folder.path() / "train/cat/c.jpg");
  EXPECT_NE(fingerprint(), first);
  fs::rename(folder.path() / "train/cat/c.jpg", folder.path() / "train/cat/a.jpg");
  EXPECT_EQ(fingerprint(), first);
  write(folder.path() / "train/cat/a.jpg", jpeg_of(40) + " ");
  EXPECT_NE(fingerprint(), first);
}

TEST(Dataset, RefusesFoldersThatDoNotFit) {
  const TemporaryFolder folder;
  const std::string spec = "imagenet:" + folder.path().string();
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, folder.path().string(), "no folder train");
  fs::create_directories(folder.path() / "train");
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, folder.path().string(), "no folder val");
  fs::create_directories(folder.path() / "val");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "train", "one for each class");
  write_folders(folder.path());
  fs::create_directories(folder.path() / "train" / "eel");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "val", "no class 'eel'");
  fs::create_directories(folder.path() / "val" / "eel");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "train/eel", "no file that ends in .jpg");
  fs::remove(folder.path() / "train" / "eel");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "train", "no class 'eel'");
  fs::remove(folder.path() / "val" / "eel");
}

TEST(Dataset, RefusesOtherSpecs) {
  expect_error([] { open_data("cifar10"); }, ErrorCode::kUsage, "--data", "data = cifar10 must be KIND:DIR");
  expect_error([] { open_data("cifar10:"); }, ErrorCode::kUsage, "--data", "imagenet");
  expect_error([] { open_data(":x"); }, ErrorCode::kUsage, "--data", "KIND one of cifar10");
  expect_error([] { open_data("emnist:x"); }, ErrorCode::kUsage, "--data", "did you mean mnist?");
  expect_error([] { open_data("cifar10:/nowhere/at/all"); }, ErrorCode::kIo, "/nowhere/at/all", "No such file");
  EXPECT_EQ(parse_on_bad_file("fail", "x"), OnBadFile::kFail);
  EXPECT_EQ(parse_on_bad_file("skip", "x"), OnBadFile::kSkip);
  expect_error([] { parse_on_bad_file("ignore", "--on-bad-file"); }, ErrorCode::kInvalidValue, "--on-bad-file", "fail, skip");
}

TEST(Dataset, BadImageFailsByDefault) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  const std::string path = folder / "train/cat/b.JPEG";
  const std::string spec = "imagenet:" + folder.path().string();
  const std::string whole = jpeg_of(80);
  for (const std::string &bytes : {whole.substr(0, whole.size() - 20), std::string("\x89PNG"), std::string()}) {
    write(path, bytes);
    const DataSource source = open_data(spec);
    expect_error([&] { source.train->load(1); }, ErrorCode::kInvalidFile, path, "--on-bad-file skip");
    EXPECT_EQ(source.train->load(2).label, 1);
  }
}

// The next good image takes its place, with its own label; after the last comes the first.
TEST(Dataset, BadImagesCanBeSkipped) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  for (const char *file : {"train/cat/b.JPEG", "train/dog/b.JPEG", "val/dog/a.jpg"}) write(folder.path() / file, "no image");
  const DataSource source = open_data("imagenet:" + folder.path().string(), OnBadFile::kSkip);
  EXPECT_TRUE(source.bad_files().empty());
  for (int pass = 0; pass < 2; ++pass) {
    const Sample second = source.train->load(1);
    EXPECT_EQ(second.label, 1);
    EXPECT_NEAR(second.image.pixels[0], 120, 2);
    const Sample last = source.train->load(3);
    EXPECT_EQ(last.label, 0);
    EXPECT_NEAR(last.image.pixels[0], 40, 2);
    EXPECT_NEAR(source.validation->load(2).image.pixels[0], 160, 2);
  }
  EXPECT_EQ(source.train->size(), 4);
  const std::vector<BadFile> bad = source.bad_files();
  ASSERT_EQ(bad.size(), 3u);
  EXPECT_EQ(bad[0].index, 1);
  EXPECT_EQ(bad[0].path, folder / "train/cat/b.JPEG");
  EXPECT_NE(bad[0].reason.find("JPEG and PNG files are accepted"), std::string::npos);
  EXPECT_EQ(bad[1].index, 3);
  EXPECT_EQ(bad[2].path, folder / "val/dog/a.jpg");
}

TEST(Dataset, OnlyBadImagesIsAnError) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  for (const char *name : {"cat", "dog"})
    for (const char *file : {"a.jpg", "b.JPEG"}) write(folder.path() / "train" / name / file, "no image");
  const DataSource source = open_data("imagenet:" + folder.path().string(), OnBadFile::kSkip);
  expect_error([&] { source.train->load(0); }, ErrorCode::kInvalidFile, "train", "none of its 4 images");
}

// A file that went away is no bad image: to go on without it would hide a failing disk.
TEST(Dataset, MissingImageIsAnErrorEitherWay) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  const DataSource source = open_data("imagenet:" + folder.path().string(), OnBadFile::kSkip);
  fs::remove(folder.path() / "train/cat/a.jpg");
  expect_error([&] { source.train->load(0); }, ErrorCode::kIo, "train/cat/a.jpg");
}

TEST(Dataset, RefusesABrokenSyntheticMark) {
  const TemporaryFolder folder;
  write_cifar10(folder.path());
  const std::string spec = "cifar10:" + folder.path().string();
  const auto with = [&](const std::string &mark) { write(folder.path() / "synthetic.json", mark); };
  with("{");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "synthetic.json");
  with(R"({"schema": "pare.synthetic/9", "kind": "cifar10", "classes": 10})");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "synthetic.json/schema", "pare.synthetic/9");
  with(R"({"schema": "pare.synthetic/1", "kind": "imagenet", "classes": 10})");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "synthetic.json", "open it as imagenet:");
  with(R"({"schema": "pare.synthetic/1", "kind": "cifar10", "classes": 11})");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "synthetic.json", "11 classes");
  with(R"({"schema": "pare.synthetic/1", "kind": "cifar10", "classes": 1})");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, "data_batch_1.bin", "label 1");
  with(R"({"schema": "pare.synthetic/1", "kind": "cifar10", "classes": 3})");
  EXPECT_EQ(open_data(spec).classes, 3);
  EXPECT_TRUE(open_data(spec).synthetic);
}

// What stands in for a bad image is of those that were asked for.
TEST(Dataset, MaxImagesLeavesTheOthersOut) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  write(folder.path() / "train/cat/a.jpg", "bad");
  const DataSource source = open_data("imagenet:" + folder.path().string(), OnBadFile::kSkip, Digest::kSha256, 1);
  ASSERT_EQ(source.train->size(), 2);
  EXPECT_EQ(source.train->load(0).label, 1) << "dog's first, and not cat's second";
  EXPECT_EQ(source.train->bad_files().size(), 1u);
  EXPECT_EQ(source.validation->size(), 4);
}

} // namespace
} // namespace pare::train::test
