// Pickles written by hand, opcode by opcode (CPython's pickletools.py has their meaning).

#include "formats/pickle.hpp"

#include "tests/support.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace pare::formats {
namespace {

using namespace std::string_literals;
using test::expect_error;

const std::string kProto2 = "\x80\x02"s;
const std::string kProto4 = "\x80\x04"s;

/// SHORT_BINUNICODE
std::string text(std::string_view value) { return "\x8c"s + static_cast<char>(value.size()) + std::string(value); }
std::string global(std::string_view module, std::string_view name) { return fmt::format("c{}\n{}\n", module, name); }
/// A float storage of `elements` elements (BININT1) under key "0".
std::string storage(int elements, const std::string &class_name = "FloatStorage") {
  return "("s + text("storage") + global("torch", class_name) + text("0") + text("cuda:0") + "K" + static_cast<char>(elements) +
         "tQ";
}
/// _rebuild_tensor_v2(storage, 1, (2, 3), (3, 1), False, OrderedDict())
std::string tensor() {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage(7) + "K\x01K\x02K\x03\x86K\x03K\x01\x86\x89"s +
         global("collections", "OrderedDict") + ")RtR";
}

/// A value as the type that it must be of.
template <class T>
const T &get(const Value *value) {
  const T *out = value != nullptr ? value->as<T>() : nullptr;
  if (out == nullptr) throw std::runtime_error("a value is of another type than expected");
  return *out;
}

void expect_refused(const std::string &pickle, std::string_view message, ErrorCode code = ErrorCode::kInvalidFile) {
  expect_error([&] { unpickle(pickle, "file"); }, code, "file", message);
}

TEST(Pickle, PlainValues) {
  // [None, True, 300, -2, -1 (LONG1), 2^64 (LONG1, 9 bytes), 1.5, "a", b"b"] in a tuple, and what follows is not read.
  const std::string bytes = kProto4 +
                            "(N\x88M\x2c\x01J\xfe\xff\xff\xff\x8a\x01\xff\x8a\x09\0\0\0\0\0\0\0\0\x01G\x3f\xf8\0\0\0\0\0\0"s +
                            text("a") + "C\x01"s + "bt.";
  const Pickle pickle = unpickle(bytes + "rest", "file");
  EXPECT_EQ(pickle.bytes, bytes.size());
  const Tuple &tuple = get<Tuple>(pickle.root);
  ASSERT_EQ(tuple.items.size(), 9U);
  EXPECT_NO_THROW(get<None>(tuple.items[0]));
  EXPECT_EQ(get<bool>(tuple.items[1]), true);
  EXPECT_EQ(get<std::int64_t>(tuple.items[2]), 300);
  EXPECT_EQ(get<std::int64_t>(tuple.items[3]), -2);
  EXPECT_EQ(get<std::int64_t>(tuple.items[4]), -1);
  EXPECT_EQ(get<BigInteger>(tuple.items[5]).bytes, "\0\0\0\0\0\0\0\0\x01"s);
  EXPECT_EQ(get<double>(tuple.items[6]), 1.5);
  EXPECT_EQ(get<std::string>(tuple.items[7]), "a");
  EXPECT_EQ(get<Bytes>(tuple.items[8]).bytes, "b");
}

TEST(Pickle, ContainersAndMemo) {
  // d = {"k": [1]}; d["again"] = the same list, which then grows; d["self"] = d
  const std::string bytes =
      kProto2 + "}q\0("s + text("k") + "]q\x01K\x01" + "a" + text("again") + "h\x01K\x02" + "a" + text("self") + "h\0u."s;
  const Pickle pickle = unpickle(bytes, "file");
  const Dict &dict = get<Dict>(pickle.root);
  EXPECT_EQ(dict.find("k"), dict.find("again"));
  EXPECT_EQ(dict.find("self"), pickle.root);
  EXPECT_EQ(dict.find("none"), nullptr);
  ASSERT_EQ(get<List>(dict.find("k")).items.size(), 2U);
  EXPECT_EQ(get<std::int64_t>(get<List>(dict.find("k")).items[1]), 2);
}

TEST(Pickle, TensorsAreReferencesToStorages) {
  const Pickle pickle = unpickle(kProto2 + tensor() + ".", "file");
  const TensorRef &ref = get<TensorRef>(pickle.root);
  EXPECT_EQ(ref.storage.key, "0");
  EXPECT_EQ(ref.storage.dtype, Dtype::kF32);
  EXPECT_EQ(ref.storage.elements, 7);
  EXPECT_EQ(ref.offset, 1);
  EXPECT_EQ(ref.sizes, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(ref.strides, (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(pickle.storages.size(), 1U);

  // A parameter is its tensor; a storage's view is part of it.
  const Pickle parameter =
      unpickle(kProto2 + global("torch._utils", "_rebuild_parameter") + "(" + tensor() + "\x88}tR.", "file");
  EXPECT_NO_THROW(get<TensorRef>(parameter.root));
  const Pickle with_state =
      unpickle(kProto2 + global("torch._utils", "_rebuild_parameter_with_state") + "(" + tensor() + "\x88}}tR.", "file");
  EXPECT_NO_THROW(get<TensorRef>(with_state.root));
  const Pickle view = unpickle(kProto2 + "(" + text("storage") + global("torch.cuda", "HalfStorage") + text("5") + text("cpu") +
                                   "K\x09(" + text("6") + "K\x02K\x04ttQ.",
                               "file");
  EXPECT_EQ(get<StorageRef>(view.root).view_offset, 2);
  EXPECT_EQ(get<StorageRef>(view.root).view_elements, 4);
}

TEST(Pickle, PythonTwosOrderedDict) {
  // OrderedDict([["a", 1]])
  const Pickle pickle = unpickle(kProto2 + global("collections", "OrderedDict") + "]]U\x01" + "aaK\x01" + "aa\x85R.", "file");
  EXPECT_EQ(get<std::int64_t>(get<Dict>(pickle.root).find("a")), 1);
}

TEST(Pickle, WhatIsNotDataIsNamedAndRefused) {
  const std::string argument = text("echo");
  expect_refused(kProto2 + global("os", "system") + argument + "\x85R.", "asks for os.system;");
  expect_refused(kProto2 + global("builtins", "eval") + argument + "\x85R.", "asks for builtins.eval;");
  expect_refused(kProto4 + text("os") + text("system") + "\x93" + argument + "\x85R.", "asks for os.system;");
  expect_refused(kProto4 + text("builtins") + text("eval") + "\x93" + argument + "\x85R.", "asks for builtins.eval;");
  // Refused where it is named, used or not; deep inside; through the memo.
  expect_refused(kProto2 + global("os", "system") + ".", "os.system");
  expect_refused(kProto2 + "]}(" + text("net") + global("subprocess", "Popen") + "ua.", "subprocess.Popen");
  expect_refused(kProto4 + text("os") + "\x94" + text("system") + "\x94" + "0" + "0" + "h\0h\x01\x93."s, "os.system");
  expect_refused(kProto2 + "(" + argument + "ios\nsystem\n.", "an object of \"os\".\"system\"");
  // Names that look like known ones.
  expect_refused(kProto2 + global("os", "FloatStorage") + ".", "os.FloatStorage");
  expect_refused(kProto2 + global("torch", "load") + ".", "torch.load");
  expect_refused(kProto2 + global("torch.storage", "_load_from_bytes") + ".", "torch.storage._load_from_bytes");
  expect_refused(kProto2 + global("collections", "OrderedDict.fromkeys") + ".", "collections.OrderedDict.fromkeys");
  expect_refused(kProto2 + global("torch._utils", "_rebuild_sparse_tensor") + ".", "_rebuild_sparse_tensor");
  // Known names where they are not data.
  expect_refused(kProto2 + global("collections", "OrderedDict") + ")\x81.", "an object of collections.OrderedDict");
  expect_refused(kProto4 + global("collections", "OrderedDict") + ")}\x92.", "an object of collections.OrderedDict");
  expect_refused(kProto2 + "(" + global("collections", "OrderedDict") + "o.", "an object of collections.OrderedDict");
  expect_refused(kProto2 + global("torch", "FloatStorage") + "K\x01\x85R.", "a call of torch.FloatStorage");
  expect_refused(kProto2 + text("os.system") + argument + "\x85R.", "a call of a text");
  expect_refused(kProto2 + tensor() + "}b.", "attributes of a tensor");
  expect_refused(kProto2 + "\x82\x07.", "extension 7");
  // An object that is harmless where it is made as Python makes it, and otherwise is not.
  expect_refused(kProto2 + global("argparse", "Namespace") + "K\x01\x85\x81.", "an object of argparse.Namespace");
  expect_refused(kProto2 + global("pathlib", "Path") + ")\x81.", "an object of pathlib.Path");
  expect_refused(kProto2 + global("pathlib", "PosixPath.unlink") + ".", "pathlib.PosixPath.unlink");
  expect_refused(kProto2 + global("numpy", "load") + ".", "numpy.load");
  expect_refused(kProto2 + global("builtins", "getattr") + ".", "builtins.getattr");
  expect_refused(kProto2 + global("_codecs", "decode") + ".", "_codecs.decode");
  expect_refused("\x80\x05\x97."s, "a buffer");
  expect_refused(kProto2 + "(" + text("module") + text("x") + "tQ.", "persistent object of kind \"module\"");
  expect_refused(kProto2 + storage(1, "TypedStorage") + ".", "torch.TypedStorage");
}

/// As what a defaultdict is made with, or an argument's type.
TEST(Pickle, ClassesThatOnlyStandBesideOthersAreNamedAndNotCalled) {
  const std::vector<std::pair<std::string, std::string>> classes = {
      {"__builtin__", "long"}, {"__builtin__", "unicode"}, {"builtins", "object"}, {"builtins", "int"},
      {"numpy", "bool_"},      {"numpy", "uint8"},         {"numpy", "float16"},   {"numpy", "str_"}};
  for (const auto &[module, name] : classes) {
    EXPECT_NO_THROW(unpickle(kProto2 + global(module, name) + ".", "file")) << name;
    expect_refused(kProto2 + global(module, name) + "(K\x01tR.", "a call of a class that only stands beside others");
  }
  expect_refused(kProto2 + global("numpy", "save") + ".", "numpy.save");
}

TEST(Pickle, HarmlessObjectsAreWhatTheyAreMadeOf) {
  EXPECT_EQ(get<List>(unpickle(kProto4 + "\x8f(K\x01K\x02\x90.", "file").root).items.size(), 2U); // a set
  EXPECT_EQ(get<List>(unpickle(kProto4 + "(K\x01\x91.", "file").root).items.size(), 1U);          // a frozenset
  const auto call = [](const std::string &module, const std::string &name, const std::string &arguments) {
    return kProto2 + global(module, name) + "(" + arguments + "tR.";
  };
  EXPECT_EQ(get<std::string>(unpickle(call("pathlib", "PosixPath", text("/") + text("a") + text("b")), "file").root), "/a/b");
  EXPECT_EQ(get<Bytes>(unpickle(call("_codecs", "encode", text("a\xc3\xbf") + text("latin1")), "file").root).bytes, "a\xff");
  EXPECT_EQ(get<double>(unpickle(call("datetime", "timedelta", "K\x01K\x02K\0"s), "file").root), 86402);

  expect_refused(call("_codecs", "encode", text("a") + text("rot13")),
                 "bytes of the encoding \"rot13\"; latin1 would be accepted");
  expect_refused(call("_codecs", "encode", text("\xe4\xb8\xad") + text("latin1")), "other characters than those of Latin-1");
  expect_refused(call("datetime", "date",
                      "C\x03"
                      "abc"),
                 "a date of 3 bytes; 4 would be accepted");
  expect_refused(call("collections", "Counter", "K\x01"), "a Counter or defaultdict of a whole number");
  expect_refused(call("builtins", "int", "K\x01"), "a call of a class that only stands beside others");
  expect_refused(call("numpy.core.multiarray", "_reconstruct", global("builtins", "int") + ")N"),
                 "an array of class builtins.int");
  const std::string type = global("numpy", "dtype") + text("f4") + "\x85R";
  expect_refused(call("numpy.core.numeric", "_frombuffer",
                      "C\x03"
                      "abc" +
                          type + "K\x01\x85" + text("C")),
                 "an array f4 [1] has 3 bytes; 4 would be accepted");
  expect_refused(call("numpy.core.numeric", "_frombuffer",
                      "C\x04"
                      "abcd" +
                          type + "J\xff\xff\xff\xff\x85" + text("C")),
                 "an array of shape [-1]");
  // A few bytes that name a list, or a text, over and over.
  std::string lists = kProto2 + "](" + std::string(60'000, 'N') + "eq\x01(";
  std::string texts = kProto2 + "X" + "\x60\xea\0\0"s + std::string(60'000, 'a') + "q\x01(";
  for (int i = 0; i < 30; ++i) {
    lists += global("builtins", "set") + "h\x01\x85R";
    texts += global("_codecs", "encode") + "h\x01" + text("latin1") + "\x86R";
  }
  expect_refused(lists + "t.", "makes more of its lists");
  expect_refused(texts + "t.", "makes more of its texts");
}

TEST(Pickle, DamageIsAnError) {
  expect_refused("", "truncated");
  expect_refused("\x80\x01."s, "protocol 1");
  expect_refused("I1\n.", "not a pickle of protocol 2 to 5");
  expect_refused(kProto2 + "I1\n.", "protocol 0");
  expect_refused(kProto2, "truncated");
  expect_refused(kProto2 + ".", "where there is none");
  expect_refused(kProto2 + "NN.", "left over");
  expect_refused(kProto2 + "N(.", "where there is none"); // a value below a mark is not to be had
  expect_refused(kProto2 + "t.", "a mark where there is none");
  expect_refused(kProto2 + "h\x05.", "which was not kept");
  expect_refused(kProto2 + "Na.", "where there is none");
  expect_refused(kProto2 + "NNa.", "adds an entry to None");
  expect_refused(kProto2 + "}(Nu.", "a key without a value");
  expect_refused(kProto2 + "X\xff\xff\xff\xff" + "abc", "truncated");
  expect_refused(kProto4 + "\x8d\xff\xff\xff\xff\xff\xff\xff\xff" + "abc", "truncated");
  expect_refused(kProto4 + "\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.", "frame");
  expect_refused(kProto2 + "\x8b\xff\xff\xff\xff.", "negative length");
  expect_refused(kProto2 + "cos", "truncated");
  expect_refused(kProto2 + "\xff.", "opcode 0xff");
  expect_refused(kProto2 + "(" + storage(1) + storage(2) + "t.", "storage \"0\" is 1 F32 and 2 F32");
  expect_refused(kProto2 + "(" + storage(1) + storage(1, "IntStorage") + "t.", "storage \"0\" is 1 F32 and 1 I32");
  // A view outside its storage.
  expect_refused(kProto2 + "(" + text("storage") + global("torch", "FloatStorage") + text("5") + text("cpu") + "K\x09(" +
                     text("6") + "K\x07K\x04ttQ.",
                 "leads outside its storage");
}

TEST(Pickle, DepthAndSizeAreBounded) {
  // 200 000 lists in one another: read without recursion, and destroyed without.
  const std::string deep = kProto2 + std::string(200'000, ']') + std::string(199'999, 'a') + ".";
  EXPECT_NO_THROW(get<List>(unpickle(deep, "file").root));
  expect_refused(kProto2 + std::string(2'000'000, 'N'), "more than 1048576 values", ErrorCode::kLimit);
  expect_refused(kProto2 + std::string(2'000'000, '('), "more than 1048576 values", ErrorCode::kLimit);
  expect_refused(kProto2 + "N" + std::string(2'000'000, '2'), "more than 1048576 values", ErrorCode::kLimit);
}

} // namespace
} // namespace pare::formats
