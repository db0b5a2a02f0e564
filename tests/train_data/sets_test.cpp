#include "base/digest.hpp"
#include "tests/train_data/images.hpp"
#include "train/data/dataset.hpp"
#include "train/data/jpeg.hpp"
#include "train/data/mat.hpp"
#include "train/data/random.hpp"

#include <bit>

namespace pare::train::test {
namespace {

using pare::test::expect_error;
using pare::test::expect_message;

/// The images and labels of a split are those of torchvision's.
void expect_same(const Dataset &split, const nlohmann::ordered_json &golden) {
  ASSERT_EQ(split.size(), static_cast<std::int64_t>(golden["labels"].size()));
  for (std::int64_t i = 0; i < split.size(); ++i) {
    const Sample sample = split.load(i);
    EXPECT_EQ(digest(text_of(sample.image.pixels)), golden["images"][static_cast<std::size_t>(i)].get<std::string>());
    EXPECT_EQ(sample.label, golden["labels"][static_cast<std::size_t>(i)].get<std::int64_t>());
    EXPECT_EQ(split.label(i), sample.label);
  }
}

// STL-10

/// Bytes of X as tests/golden/torchvision_sets.json says.
std::string stl10_pixels(std::int64_t images) {
  std::string out;
  for (std::int64_t k = 0; k < images * 27648; ++k) out += static_cast<char>((31 * k + k / 97 + images) % 256);
  return out;
}

void write_stl10(const fs::path &folder) {
  for (const auto &[split, images] : {std::pair{"train", 3}, std::pair{"test", 2}}) {
    write(folder / (std::string(split) + "_X.bin"), stl10_pixels(images));
    write(folder / (std::string(split) + "_y.bin"), std::string("\x01\x0a\x05", static_cast<std::size_t>(images)));
  }
}

TEST(Stl10, IsThatOfTorchvision) {
  const auto golden = pare::test::golden("torchvision_sets.json");
  const TemporaryFolder folder;
  write_stl10(folder.path() / "stl10_binary");
  for (const std::string &place : {std::string(), std::string("/stl10_binary")}) {
    const DataSource source = open_data("stl10:" + folder.path().string() + place);
    EXPECT_EQ(source.kind, "stl10");
    EXPECT_EQ(source.classes, 10);
    EXPECT_EQ(source.class_names.back(), "9");
    EXPECT_EQ(source.train->fixed_size()->height, 96);
    expect_same(*source.train, golden["stl10"]["train"]);
    expect_same(*source.validation, golden["stl10"]["test"]);
    EXPECT_TRUE(source.train->name(1).ends_with("train_X.bin record 1")) << source.train->name(1);
  }
  write(folder.path() / "stl10_binary/class_names.txt", "airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n");
  EXPECT_EQ(open_data("stl10:" + folder.path().string()).class_names[7], "monkey");
}

// The second value of an image is the pixel below the first.
TEST(Stl10, PixelsGoColumnByColumn) {
  const TemporaryFolder folder;
  write_stl10(folder.path());
  std::string image(27648, '\0');
  image[1] = 50;                  // red, row 1, column 0
  image[9216 + 96] = 60;          // green, row 0, column 1
  image[2 * 9216 + 95 * 96] = 70; // blue, row 0, column 95
  write(folder.path() / "train_X.bin", image);
  write(folder.path() / "train_y.bin", "\x02");
  const Sample sample = open_data("stl10:" + folder.path().string()).train->load(0);
  EXPECT_EQ(sample.label, 1);
  EXPECT_EQ(sample.image.pixels[96 * 3], 50);
  EXPECT_EQ(sample.image.pixels[1 * 3 + 1], 60);
  EXPECT_EQ(sample.image.pixels[95 * 3 + 2], 70);
}

TEST(Stl10, FingerprintIsOfTheFiles) {
  const TemporaryFolder folder;
  write_stl10(folder.path());
  std::string checksums;
  for (const char *file : {"train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin"})
    checksums += file + (" " + digest(pare::test::read_text(folder / file)) + "\n");
  EXPECT_EQ(open_data("stl10:" + folder.path().string()).fingerprint, digest(checksums));
}

TEST(Stl10, RefusesDamagedFiles) {
  const TemporaryFolder folder;
  const std::string spec = "stl10:" + folder.path().string();
  const auto refuses = [&](const std::string &file, const std::string &bytes, const std::string &message) {
    write_stl10(folder.path());
    write(folder.path() / file, bytes);
    expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, folder / file, message);
  };
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, folder.path().string(),
               "train_X.bin is neither there nor in stl10_binary");
  refuses("train_X.bin", stl10_pixels(3).substr(1), "82943 bytes; a whole number of images of 27648");
  refuses("test_X.bin", "", "0 bytes");
  refuses("train_y.bin", "\1\2", "2 labels for the 3 images");
  refuses("test_y.bin", std::string("\0\1", 2), "label 0 is 0; labels are 1 to 10");
  refuses("test_y.bin", "\1\xff", "label 1 is 255; labels are 1 to 10");
  write_stl10(folder.path());
  fs::remove(folder.path() / "test_y.bin");
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, folder / "test_y.bin");
}

// SVHN and MATLAB files

std::string golden_mat(const std::string &name) {
  const auto golden = pare::test::golden("torchvision_sets.json");
  for (const auto &c : golden["svhn"])
    if (c["name"] == name) return text_of(from_hex(c["mat"]));
  throw std::runtime_error("no MATLAB file " + name);
}

TEST(Svhn, IsThatOfTorchvision) {
  const auto golden = pare::test::golden("torchvision_sets.json");
  ASSERT_EQ(golden["svhn"].size(), 7u);
  for (const auto &c : golden["svhn"]) {
    SCOPED_TRACE(c["name"]);
    const TemporaryFolder folder;
    for (const char *file : {"train_32x32.mat", "test_32x32.mat"}) write(folder.path() / file, text_of(from_hex(c["mat"])));
    write(folder.path() / "extra_32x32.mat", "not read");
    const DataSource source = open_data("svhn:" + folder.path().string());
    EXPECT_EQ(source.classes, 10);
    EXPECT_EQ(source.class_names[0], "0");
    EXPECT_EQ(source.train->fixed_size()->width, 32);
    expect_same(*source.train, c);
    expect_same(*source.validation, c);
  }
}

/// A MATLAB file written by hand, by "MAT-File Format" of The MathWorks.
class MatWriter {
public:
  explicit MatWriter(bool big_endian = false) : big_(big_endian) {}

  template <class T>
  std::string number(T value) const {
    auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
    if ((std::endian::native == std::endian::big) != big_) std::reverse(bytes.begin(), bytes.end());
    return {bytes.begin(), bytes.end()};
  }
  template <class T>
  std::string numbers(std::initializer_list<T> values) const {
    std::string out;
    for (const T value : values) out += number(value);
    return out;
  }
  std::string element(std::uint32_t type, const std::string &data) const {
    return number(type) + number(static_cast<std::uint32_t>(data.size())) + data + std::string((8 - data.size() % 8) % 8, '\0');
  }
  /// Type and size in one word, and up to four bytes.
  std::string small_element(std::uint32_t type, const std::string &data) const {
    return number(static_cast<std::uint32_t>(data.size()) << 16 | type) + data + std::string(4 - data.size(), '\0');
  }
  std::string matrix(std::uint32_t kind, const std::string &sizes, const std::string &name, const std::string &data) const {
    return element(14, element(6, number(kind) + number(std::uint32_t{0})) + element(5, sizes) + element(1, name) + data);
  }
  std::string file(const std::string &elements, std::uint16_t version = 0x0100) const {
    return std::string(116, ' ') + std::string(8, '\0') + number(version) + number(std::uint16_t{'M' << 8 | 'I'}) + elements;
  }

private:
  bool big_;
};

MatArray read_one(const std::string &file, const std::string &name = "y") { return MatFile(file, "y.mat").read(name, 1 << 20); }

// Each class and type, in the order of either kind of machine.
TEST(Mat, ReadsEveryTypeOfEitherByteOrder) {
  for (const bool big : {false, true}) {
    const MatWriter w(big);
    const auto sizes = [&](std::int32_t rows) { return w.numbers<std::int32_t>({rows, 1}); };
    const auto expect_values = [&](const std::string &data, std::vector<double> expected, std::uint32_t kind = 6) {
      const MatArray array = read_one(w.file(w.matrix(kind, sizes(static_cast<std::int32_t>(expected.size())), "y", data)));
      EXPECT_EQ(array.values, expected) << big;
      EXPECT_EQ(array.sizes, (std::vector<std::int64_t>{static_cast<std::int64_t>(expected.size()), 1}));
    };
    expect_values(w.element(1, w.numbers<std::int8_t>({-1, 10, 3, 4, 5})), {-1, 10, 3, 4, 5});
    expect_values(w.small_element(2, "\x01\xff\x0a"), {1, 255, 10}); // as MATLAB packs small doubles
    expect_values(w.small_element(3, w.numbers<std::int16_t>({-2, 300})), {-2, 300});
    expect_values(w.element(4, w.numbers<std::uint16_t>({65535, 1, 2})), {65535, 1, 2});
    expect_values(w.element(5, w.numbers<std::int32_t>({-70000, 1})), {-70000, 1}, 12);
    expect_values(w.element(6, w.numbers<std::uint32_t>({4000000000, 1})), {4e9, 1}, 13);
    expect_values(w.element(7, w.numbers<float>({0.5F, -2})), {0.5, -2}, 7);
    expect_values(w.element(9, w.numbers<double>({0.1, 1e300})), {0.1, 1e300});
    expect_values(w.element(12, w.numbers<std::int64_t>({-5})), {-5}, 14);
    expect_values(w.element(13, w.numbers<std::uint64_t>({7})), {7}, 15);
    EXPECT_EQ(read_one(w.file(w.matrix(9, sizes(3), "y", w.small_element(2, "\x01\x02\xff")))).bytes,
              (std::vector<std::uint8_t>{1, 2, 255}));
  }
}

TEST(Mat, ListsItsVariables) {
  const std::string file = golden_mat("labels as int32 in a row, other variables");
  const MatFile mat(file, "x.mat");
  EXPECT_EQ(mat.names(), (std::vector<std::string>{"X", "a", "a_long_name_of_a_text", "cells", "complex", "struct", "y"}));
  EXPECT_EQ(mat.read("a", 1000).values, std::vector<double>{1.5});
  expect_message([&] { mat.read("z", 1000); },
                 "[invalid_file] x.mat: has no variable \"z\"; it has \"X\", \"a\", \"a_long_name_of_a_text\", \"cells\", "
                 "\"complex\", \"struct\", \"y\"");
  for (const char *name : {"cells", "struct", "complex", "a_long_name_of_a_text"})
    expect_error([&] { mat.read(name, 1000); }, ErrorCode::kInvalidFile, "x.mat", "is no array of real numbers");
  expect_error([&] { mat.read("X", 6000); }, ErrorCode::kLimit, "x.mat", "\"X\" has 6200 bytes; 6000 at most");
}

TEST(Mat, NamesOtherVersions) {
  const MatWriter w;
  const auto refuses = [](const std::string &file, const std::string &message) {
    expect_error([&] { MatFile(file, "x.mat"); }, ErrorCode::kInvalidFile, "x.mat", message);
  };
  const std::string hdf5 =
      "is a MATLAB file of version 7.3, which is HDF5; one of version 5 is needed, as MATLAB's save -v7 and "
      "scipy.io.savemat write it";
  refuses(w.file("", 0x0200), hdf5);
  refuses(MatWriter(true).file("", 0x0200), hdf5);
  refuses("MATLAB 7.3 MAT-file, Platform: GLNXA64", hdf5);
  refuses("\x89HDF\r\n\x1a\n", hdf5);
  refuses("", "is no MATLAB file of version 5");
  refuses(std::string(128, ' '), "is no MATLAB file of version 5");
  refuses(w.file("", 0x0300), "is no MATLAB file of version 5");
  EXPECT_TRUE(MatFile(w.file(""), "x.mat").names().empty());
}

TEST(Mat, RefusesWhatDoesNotFit) {
  const MatWriter w;
  const auto refuses = [&](const std::string &elements, const std::string &message) {
    expect_error([&] { read_one(w.file(elements)); }, ErrorCode::kInvalidFile, "y.mat", message);
  };
  const std::string sizes = w.numbers<std::int32_t>({2, 1}), values = w.element(9, w.numbers<double>({1, 2}));
  refuses("\1\2\3", "no whole tag");
  refuses(w.number(std::uint32_t{14}) + w.number(std::uint32_t{0xffffffff}),
          "says that it has 4294967295 bytes, and 0 are left");
  refuses(w.number(std::uint32_t{5 << 16 | 14}) + std::string(4, '\0'), "5 bytes in its tag");
  refuses(w.element(14, ""), "no whole tag");
  refuses(w.element(14, w.element(9, w.number(1.0))), "does not begin with its flags");
  refuses(w.element(14, w.element(6, std::string(8, '\0')) + w.element(9, sizes)), "no sizes");
  refuses(w.element(14, w.element(6, std::string(8, '\0')) + w.element(5, sizes)), "no whole tag");
  refuses(w.matrix(6, w.numbers<std::int32_t>({-1, 1}), "y", values), "a size of -1");
  refuses(w.matrix(6, sizes, "y", w.element(10, "12345678")), "numbers of type 10, which is none");
  refuses(w.matrix(6, w.numbers<std::int32_t>({3, 1}), "y", values), "is 3 x 1, and has 16 bytes of 8 each");
  refuses(w.matrix(6, sizes, "y", w.element(9, std::string(15, '\0'))), "15 bytes of 8 each");
  const std::int32_t most = 0x7fffffff;
  refuses(w.matrix(6, w.numbers<std::int32_t>({most, most, most, most, most}), "y", values), "16 bytes of 8 each");
  refuses(w.matrix(6, w.numbers<std::int32_t>({most, most, most, 0}), "y", values), "16 bytes of 8 each");
  refuses(w.matrix(6, sizes, "y", values) + w.matrix(6, sizes, "y", values), "has \"y\" twice");
  refuses(w.element(15, "no zlib"), "cannot be unpacked");
}

/// A zlib stream of one block that is stored (RFC 1950 and 1951).
std::string zlib_stored(const std::string &data) {
  std::uint32_t a = 1, b = 0;
  for (const char c : data) {
    a = (a + static_cast<std::uint8_t>(c)) % 65521;
    b = (b + a) % 65521;
  }
  const auto low_first = [](std::size_t value) {
    return std::string{static_cast<char>(value & 255), static_cast<char>(value >> 8 & 255)};
  };
  std::string out = "\x78\x01\x01" + low_first(data.size()) + low_first(~data.size()) + data;
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>((b << 16 | a) >> shift);
  return out;
}

// What is packed says how long it is. That is compared with what there is before room is made for it.
TEST(Mat, PackedSizesAreCompared) {
  const MatWriter w;
  const std::string matrix = w.matrix(6, w.numbers<std::int32_t>({2, 1}), "y", w.element(9, w.numbers<double>({1, 2})));
  const auto packed = [&](std::uint32_t bytes, const std::string &data) {
    const std::string stream = zlib_stored(w.number(std::uint32_t{14}) + w.number(bytes) + data.substr(8));
    // Not padded, unlike all others.
    return w.file(w.number(std::uint32_t{15}) + w.number(static_cast<std::uint32_t>(stream.size())) + stream);
  };
  const auto bytes = static_cast<std::uint32_t>(matrix.size() - 8);
  EXPECT_EQ(read_one(packed(bytes, matrix)).values, (std::vector<double>{1, 2}));
  const auto refuses = [&](const std::string &file, const std::string &message) {
    expect_error([&] { MatFile(file, "y.mat").read("y", std::size_t{1} << 40); }, ErrorCode::kInvalidFile, "y.mat", message);
  };
  refuses(packed(0xfffffff0, matrix), "\"y\" says that it has 4294967280 bytes, which");
  refuses(packed(bytes + 8, matrix), "and has fewer");
  refuses(packed(bytes, matrix + "12345678"), "and has more");
  refuses(packed(bytes, matrix).substr(0, packed(bytes, matrix).size() - 1), "cut short");
  std::string wrong_sum = packed(bytes, matrix);
  wrong_sum.back() = static_cast<char>(wrong_sum.back() ^ 1);
  refuses(wrong_sum, "cannot be unpacked: incorrect data check");
}

TEST(Mat, SurvivesDamage) {
  const std::string file = golden_mat("compressed");
  RandomStream random(9, Purpose::kSynthesis);
  int errors = 0;
  for (int i = 0; i < 300; ++i) {
    std::string broken = file;
    for (std::uint64_t k = 0; k <= random.below(3); ++k)
      broken[random.below(broken.size())] = static_cast<char>(random.below(256));
    try {
      const MatArray array = read_one(broken, "X");
      EXPECT_FALSE(array.sizes.empty());
    } catch (const Error &error) {
      ++errors;
    }
  }
  EXPECT_GT(errors, 200);
  for (std::size_t part = 0; part < 40; ++part)
    expect_error([&] { MatFile(file.substr(0, file.size() * part / 40), "cut.mat").read("y", 1000); }, ErrorCode::kInvalidFile,
                 "cut.mat");
}

TEST(Svhn, RefusesOtherArrays) {
  const MatWriter w;
  const TemporaryFolder folder;
  const std::string spec = "svhn:" + folder.path().string(), path = folder / "train_32x32.mat";
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, path);
  write(folder.path() / "test_32x32.mat", golden_mat("compressed"));
  const auto refuses = [&](const std::string &x, const std::string &y, const std::string &message) {
    write(path, w.file(x + y));
    expect_message([&] { open_data(spec); }, "[invalid_file] " + path + ": " + message);
  };
  const auto x = [&](std::initializer_list<std::int32_t> sizes, std::size_t bytes, std::uint32_t kind = 9) {
    return w.matrix(kind, w.numbers(sizes), "X", w.element(2, std::string(bytes, '\7')));
  };
  const auto y = [&](std::initializer_list<double> labels) {
    return w.matrix(6, w.numbers<std::int32_t>({static_cast<std::int32_t>(labels.size()), 1}), "y",
                    w.element(9, w.numbers(labels)));
  };
  refuses("", y({1}), "has no variable \"X\"; it has \"y\"");
  refuses(x({32, 32, 3, 1}, 3072), "", "has no variable \"y\"; it has \"X\"");
  refuses(x({32, 32, 3}, 3072, 6), y({1}), "X is not uint8, but of 32 x 32 x 3; uint8 of 32 x 32 x 3 x images is needed");
  refuses(x({32, 3, 32, 1}, 3072), y({1}), "X is 32 x 3 x 32 x 1; uint8 of 32 x 32 x 3 x images is needed");
  refuses(x({32, 32, 3, 2}, 6144), y({1}), "has 1 labels in y for the 2 images in X");
  refuses(x({32, 32, 3, 1}, 3072), y({11}), "label 0 is 11; labels are 1 to 10, which is the digit 0");
  refuses(x({32, 32, 3, 2}, 6144), y({10, 1.5}), "label 1 is 1.5; labels are 1 to 10, which is the digit 0");
  refuses(x({32, 32, 3, 1}, 3072), y({0}), "label 0 is 0; labels are 1 to 10, which is the digit 0");
  write(path, w.file(x({32, 32, 3}, 3072) + y({10})));
  const DataSource source = open_data(spec);
  ASSERT_EQ(source.train->size(), 1);
  EXPECT_EQ(source.train->label(0), 0);
}

// Tiny ImageNet

std::string tiny_jpeg(std::uint8_t level, std::int64_t side = 64) {
  return encode_jpeg(make_image(side, side, std::vector<std::uint8_t>(static_cast<std::size_t>(3 * side * side), level)), 95);
}

/// Three classes of two images, levels 10, 20, ... in the order of their names, which is not that of wnids.txt; three to
/// validate.
void write_tiny_imagenet(const fs::path &folder) {
  fs::remove_all(folder);
  write(folder / "wnids.txt", "n03\nn01\nn02");
  int level = 0;
  for (const std::string name : {"n01", "n02", "n03"}) {
    for (const int i : {0, 1})
      write(folder / "train" / name / "images" / (name + "_" + std::to_string(i) + ".JPEG"),
            tiny_jpeg(static_cast<std::uint8_t>(level += 10)));
    write(folder / "train" / name / (name + "_boxes.txt"), "n01_0.JPEG\t0\t0\t1\t1\n");
  }
  for (const int i : {0, 1, 2})
    write(folder / "val/images" / ("val_" + std::to_string(i) + ".JPEG"), tiny_jpeg(static_cast<std::uint8_t>(100 + 10 * i)));
  write(folder / "val/val_annotations.txt",
        "val_2.JPEG\tn01\t0\t32\t44\t62\nval_0.JPEG\tn03\t0\t0\t1\t1\nval_1.JPEG\tn02\t0\t0\t1\t1\r\n");
  write(folder / "test/images/test_0.JPEG", "not read");
  write(folder / "words.txt", "n01\tdog\n");
}

TEST(TinyImageNet, IsReadAsItIsPacked) {
  const TemporaryFolder folder;
  write_tiny_imagenet(folder.path() / "tiny-imagenet-200");
  for (const std::string &place : {std::string(), std::string("/tiny-imagenet-200")}) {
    const DataSource source = open_data("tiny-imagenet:" + folder.path().string() + place);
    EXPECT_EQ(source.kind, "tiny-imagenet");
    EXPECT_EQ(source.class_names, (std::vector<std::string>{"n01", "n02", "n03"}));
    EXPECT_EQ(source.left_out, "");
    EXPECT_EQ(source.train->fixed_size()->height, 64);
    ASSERT_EQ(source.train->size(), 6);
    for (std::int64_t i = 0; i < 6; ++i) {
      const Sample sample = source.train->load(i);
      EXPECT_EQ(sample.label, i / 2);
      EXPECT_NEAR(sample.image.pixels[0], 10 * (i + 1), 2);
    }
    ASSERT_EQ(source.validation->size(), 3);
    for (const auto &[i, label, level] : {std::array{0, 0, 120}, std::array{1, 2, 100}, std::array{2, 1, 110}}) {
      EXPECT_EQ(source.validation->load(i).label, label);
      EXPECT_NEAR(source.validation->load(i).image.pixels[0], level, 2);
    }
    EXPECT_TRUE(source.train->name(5).ends_with("train/n03/images/n03_1.JPEG")) << source.train->name(5);
    EXPECT_TRUE(source.validation->name(0).ends_with("val/images/val_2.JPEG")) << source.validation->name(0);
  }
  EXPECT_EQ(open_data("tiny-imagenet:" + folder.path().string(), OnBadFile::kFail, Digest::kSha256, 1).train->size(), 3);
}

// It tells the annotated classes too, which the names and sizes of files do not.
TEST(TinyImageNet, FingerprintIsOfNamesSizesAndAnnotations) {
  const TemporaryFolder folder;
  write_tiny_imagenet(folder.path());
  const auto fingerprint = [&] { return open_data("tiny-imagenet:" + folder.path().string()).fingerprint; };
  const std::string first = fingerprint();
  EXPECT_EQ(fingerprint(), first);
  write(folder.path() / "val/val_annotations.txt", "val_2.JPEG\tn01\nval_0.JPEG\tn03\nval_1.JPEG\tn03\n");
  EXPECT_NE(fingerprint(), first);
  write(folder.path() / "val/val_annotations.txt", "val_2.JPEG\tn01\nval_0.JPEG\tn03\nval_1.JPEG\tn02\n");
  EXPECT_EQ(fingerprint(), first);
  write(folder.path() / "train/n02/images/n02_0.JPEG", tiny_jpeg(30) + " ");
  EXPECT_NE(fingerprint(), first);
}

TEST(TinyImageNet, RefusesDamagedLists) {
  const TemporaryFolder folder;
  const std::string spec = "tiny-imagenet:" + folder.path().string();
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, folder.path().string(), "wnids.txt is neither there nor in");
  const std::string annotations = folder / "val/val_annotations.txt", wnids = folder / "wnids.txt";
  const auto refuses = [&](const std::string &file, const std::string &bytes, const std::string &line,
                           const std::string &message) {
    write_tiny_imagenet(folder.path());
    write(file, bytes);
    expect_message([&] { open_data(spec); }, "[invalid_file] " + file + line + ": " + message);
  };
  const std::string first = "val_0.JPEG\tn01\nval_1.JPEG\tn01\n", images = folder / "val/images", train = folder / "train";
  refuses(annotations, first + "\nval_2.JPEG n01\n", ":4", "\"val_2.JPEG n01\"; a file's name, a tab and its class are needed");
  refuses(annotations, first + "val_2.JPEG\tn04\t0\n", ":3", "\"n04\" is none of the 3 classes in wnids.txt");
  refuses(annotations, first + "val_2.JPEG\t\n", ":3", "\"\" is none of the 3 classes in wnids.txt");
  refuses(annotations, first + "val_3.JPEG\tn01\n", ":3", "\"val_3.JPEG\" is no image in " + images + ", or was named before");
  refuses(annotations, first + "val_0.JPEG\tn01\n", ":3", "\"val_0.JPEG\" is no image in " + images + ", or was named before");
  refuses(annotations, first, "", "has no line for 1 of the images, such as images/val_2.JPEG");
  refuses(wnids, "n01\nn02\nn03\nn04\n", ":4", "\"n04\" has no folder in " + train);
  refuses(wnids, "n01\nn02\nn03\nn02\n", ":4", "\"n02\" is there a second time");
  refuses(wnids, "n01\nn03\n", "", "has no line \"n02\", which is a folder in " + train);
  write_tiny_imagenet(folder.path());
  fs::remove_all(folder.path() / "train/n02/images/");
  fs::create_directories(folder.path() / "train/n02/images/");
  expect_error([&] { open_data(spec); }, ErrorCode::kInvalidFile, folder / "train/n02/images", "the class has no image");
  fs::remove(annotations);
  expect_error([&] { open_data(spec); }, ErrorCode::kIo, annotations, "opened as imagenet:");
}

// An image of another size, which no network of the set takes, is a bad one.
TEST(TinyImageNet, ImagesAreOfOneSize) {
  const TemporaryFolder folder;
  write_tiny_imagenet(folder.path());
  write(folder.path() / "train/n01/images/n01_0.JPEG", tiny_jpeg(10, 63));
  const std::string spec = "tiny-imagenet:" + folder.path().string();
  expect_message([&] { open_data(spec).train->load(0); },
                 "[invalid_file] " + (folder / "train/n01/images/n01_0.JPEG") +
                     ": is an image of 63 x 63; those of this set are 64 x 64; --on-bad-file skip goes on without it");
  const DataSource skipping = open_data(spec, OnBadFile::kSkip);
  EXPECT_NEAR(skipping.train->load(0).image.pixels[0], 20, 2);
  EXPECT_EQ(skipping.bad_files().size(), 1u);
}

TEST(TinyImageNet, AsImageNetItIsToldByName) {
  const TemporaryFolder folder;
  write_tiny_imagenet(folder.path());
  const std::string path = folder.path().string();
  expect_message(
      [&] { open_data("imagenet:" + path); },
      "[invalid_file] " + path +
          ": is Tiny ImageNet, whose validation images are in no folders of classes; open it as tiny-imagenet:" + path);
  // Sorted by class, as scripts do, it is such a folder.
  for (const auto &[file, name] : {std::pair{"val_2", "n01"}, std::pair{"val_0", "n03"}, std::pair{"val_1", "n02"}}) {
    fs::create_directories(folder.path() / "val" / name / "images");
    fs::rename(folder.path() / "val/images" / (std::string(file) + ".JPEG"), folder.path() / "val" / name / "images/a.JPEG");
  }
  fs::remove(folder.path() / "val/images");
  EXPECT_EQ(open_data("imagenet:" + path).train->size(), 6);
}

} // namespace
} // namespace pare::train::test
