#include "formats/pickle.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "formats/inert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <type_traits>
#include <unordered_map>

namespace pare::formats {

namespace {

/// Values, stack and memo: checkpoints have thousands. Bounds what a file can make of each of its bytes.
constexpr std::size_t kMaxValues = std::size_t{1} << 20;
constexpr std::size_t kMaxKeyBytes = 64;

constexpr std::string_view kAccepted =
    "only tensors, numbers, texts, lists, tuples and dictionaries are read, such as a state dict";

// Opcodes, named as in CPython's pickletools.
enum Opcode : unsigned char {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kFloat = 'F',
  kInt = 'I',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kLong = 'L',
  kBinInt2 = 'M',
  kNone = 'N',
  kPersId = 'P',
  kBinPersId = 'Q',
  kReduce = 'R',
  kString = 'S',
  kBinString = 'T',
  kShortBinString = 'U',
  kUnicode = 'V',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kDict = 'd',
  kEmptyDict = '}',
  kAppends = 'e',
  kGet = 'g',
  kBinGet = 'h',
  kInst = 'i',
  kLongBinGet = 'j',
  kList = 'l',
  kEmptyList = ']',
  kObj = 'o',
  kPut = 'p',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kBinFloat = 'G',
  kProto = 0x80,
  kNewObj = 0x81,
  kExt1 = 0x82,
  kExt2 = 0x83,
  kExt4 = 0x84,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
  kNextBuffer = 0x97,
  kReadonlyBuffer = 0x98,
};

std::optional<Global> known_global(std::string_view module, std::string_view name) {
  using Kind = Global::Kind;
  const std::string full = fmt::format("{}.{}", module, name);
  const auto global = [&](Kind kind, Dtype dtype = Dtype::kF32) { return Global{.kind = kind, .name = full, .dtype = dtype}; };
  if (full == "collections.OrderedDict") return global(Kind::kOrderedDict);
  if (full == "torch._utils._rebuild_tensor") return global(Kind::kRebuildTensor);
  if (full == "torch._utils._rebuild_tensor_v2") return global(Kind::kRebuildTensorV2);
  if (full == "torch._utils._rebuild_parameter" || full == "torch._utils._rebuild_parameter_with_state")
    return global(Kind::kRebuildParameter);
  if (full == "torch.Size") return global(Kind::kSize);
  if (full == "torch.device") return global(Kind::kDevice);
  if (module == "torch" || module == "torch.cuda" || module == "torch.storage") {
    if (name == "TypedStorage" || name == "_TypedStorage") return global(Kind::kTypedStorage);
    if (const auto dtype = dtype_of_storage(name == "_UntypedStorage" ? "UntypedStorage" : name))
      return global(Kind::kStorage, *dtype);
  }
  if (module == "torch")
    for (const std::string_view dtype :
         {"float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"})
      if (name == dtype) return global(Kind::kDtype);
  if (const auto inert = inert_name(full)) {
    Global out = global(Kind::kInert);
    out.inert = *inert;
    return out;
  }
  return std::nullopt;
}

const char *class_of_kind(std::size_t index) {
  static constexpr const char *kNames[] = {"None",    "a boolean", "a whole number", "a whole number",    "a number",
                                           "a text",  "bytes",     "a list",         "a tuple",           "a dictionary",
                                           "a class", "a storage", "a tensor",       "a type of numpy's", "an array"};
  static_assert(std::size(kNames) == std::variant_size_v<decltype(Value::is)>);
  return kNames[index];
}

class Unpickler {
public:
  Unpickler(std::string_view text, const std::string &where)
      : text_(text), where_(where), inert_(kMaxValues, text.size() + kMaxKeyBytes) {}

  Pickle run() {
    if (take<std::uint8_t>() != kProto) fail("is not a pickle of protocol 2 to 5, which torch.save writes");
    if (const int protocol = take<std::uint8_t>(); protocol < 2 || protocol > 5)
      fail(fmt::format("is a pickle of protocol {}; 2 to 5, which torch.save writes, would be accepted", protocol));
    while (step()) {
    }
    out_.bytes = at_;
    return std::move(out_);
  }

private:
  using Slot = Value *;
  using Items = std::vector<const Value *>;

  std::string_view text_;
  const std::string &where_;
  std::size_t at_ = 0;     ///< next byte
  std::size_t opcode_ = 0; ///< where the current opcode is
  Pickle out_;
  std::vector<Slot> stack_;
  std::vector<std::size_t> marks_; ///< sizes of the stack
  std::unordered_map<std::uint32_t, Slot> memo_;
  std::size_t rebuilt_ = 0; ///< entries of dictionaries that were made from lists
  InertMaker inert_;

  [[noreturn]] void fail(const std::string &message) const { throw Error(ErrorCode::kInvalidFile, where_, message); }
  [[noreturn]] void damaged(const std::string &what) const {
    fail(fmt::format("the pickle is damaged at byte {}: {}", opcode_, what));
  }
  [[noreturn]] void refuse(const std::string &what) const { fail(fmt::format("the pickle asks for {}; {}", what, kAccepted)); }
  void limit(std::size_t count) const {
    if (count >= kMaxValues)
      throw Error(ErrorCode::kLimit, where_,
                  fmt::format("the pickle holds more than {} values, more than a checkpoint has", kMaxValues));
  }

  // ---- the text ----
  std::string_view take(std::uint64_t bytes) {
    if (bytes > text_.size() - at_)
      fail(fmt::format("the pickle ends at byte {}, in the middle of a value; is the file truncated?", text_.size()));
    const std::string_view out = text_.substr(at_, bytes);
    at_ += bytes;
    return out;
  }
  template <class T>
  T take() {
    T out{};
    std::memcpy(&out, take(sizeof(T)).data(), sizeof(T));
    return out;
  }
  std::string_view line() {
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) take(text_.size() - at_ + 1);
    const std::string_view out = text_.substr(at_, end - at_);
    at_ = end + 1;
    return out;
  }

  // ---- the stack ----
  Slot make_value(Value value) {
    limit(out_.values.size());
    return &out_.values.emplace_back(std::move(value));
  }
  template <class T>
  Slot make(T value) {
    return make_value(Value{std::move(value)});
  }
  void push(Slot slot) {
    limit(stack_.size());
    stack_.push_back(slot);
  }
  template <class T>
  void push_new(T value) {
    push(make(std::move(value)));
  }
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Slot pop() {
    if (stack_.size() <= floor()) damaged("it takes a value where there is none");
    const Slot out = stack_.back();
    stack_.pop_back();
    return out;
  }
  Slot top() const {
    if (stack_.size() <= floor()) damaged("it uses a value where there is none");
    return stack_.back();
  }
  Items pop_mark() {
    if (marks_.empty()) damaged("it takes a mark where there is none");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    Items out(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return out;
  }
  void get(std::uint32_t index) {
    const auto entry = memo_.find(index);
    if (entry == memo_.end()) damaged(fmt::format("it uses value {}, which was not kept", index));
    push(entry->second);
  }
  void put(std::uint32_t index) {
    limit(memo_.size());
    memo_[index] = top();
  }
  template <class T>
  T &container(Slot slot, const char *what) {
    T *out = std::get_if<T>(&slot->is);
    if (out == nullptr) damaged(fmt::format("it adds an entry to {}; {} would be accepted", kind_of(*slot), what));
    return *out;
  }
  void set_items(Slot slot, const Items &items) {
    Dict &dict = container<Dict>(slot, "a dictionary");
    if (items.size() % 2 != 0) damaged("a key without a value");
    for (std::size_t i = 0; i < items.size(); i += 2) dict.items.emplace_back(items[i], items[i + 1]);
  }
  void tuple(std::size_t n) {
    Tuple out;
    out.items.resize(n);
    for (std::size_t i = n; i-- > 0;) out.items[i] = pop();
    push_new(std::move(out));
  }

  void integer(std::string_view bytes) {
    if (bytes.size() > 8) return push_new(BigInteger{std::string(bytes)});
    std::uint64_t out = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    std::memcpy(&out, bytes.data(), bytes.size());
    push_new(static_cast<std::int64_t>(out));
  }

  // ---- what a pickle may ask for ----
  void global(std::string_view module, std::string_view name) {
    if (std::optional<Global> known = known_global(module, name)) return push_new(std::move(*known));
    const std::string asked = fmt::format("{}.{}", module, name);
    refuse(asked.size() <= 200 ? asked : shown(asked));
  }
  template <class T>
  const T &argument(const Value *value, const char *what) {
    if (const T *out = value->as<T>()) return *out;
    damaged(fmt::format("{} is {}", what, kind_of(*value)));
  }
  std::int64_t whole(const Value *value, const char *what) {
    const std::int64_t out = argument<std::int64_t>(value, what);
    if (out < 0) damaged(fmt::format("{} is {}, below 0", what, out));
    return out;
  }
  std::vector<std::int64_t> wholes(const Value *value, const char *what) {
    const Tuple &tuple = argument<Tuple>(value, what);
    if (tuple.items.size() > kMaxTensorRank)
      damaged(fmt::format("{} has {} entries; up to {} would be accepted", what, tuple.items.size(), kMaxTensorRank));
    std::vector<std::int64_t> out;
    for (const Value *item : tuple.items) out.push_back(whole(item, what));
    return out;
  }

  void storage(const Value *id) {
    const Items &items = argument<Tuple>(id, "a persistent id").items;
    const std::string *kind = items.empty() ? nullptr : items[0]->as<std::string>();
    if (kind == nullptr) damaged("a persistent id without a kind");
    if (*kind != "storage") refuse(fmt::format("a persistent object of kind {}", shown(*kind)));
    if (items.size() != 5 && items.size() != 6)
      damaged(fmt::format("a storage with {} attributes; 5 or 6 would be accepted", items.size()));
    const Global &type = argument<Global>(items[1], "a storage's class");
    if (type.kind != Global::Kind::kStorage) refuse(fmt::format("a storage of class {}", type.name));
    StorageRef out{.key = argument<std::string>(items[2], "a storage's key"), .dtype = type.dtype};
    if (out.key.size() > kMaxKeyBytes)
      damaged(fmt::format("a storage's key of {} bytes; up to {} would be accepted", out.key.size(), kMaxKeyBytes));
    argument<std::string>(items[3], "a storage's location"); // read as CPU, whatever it is
    out.elements = whole(items[4], "a storage's number of elements");
    out.view_elements = out.elements;
    if (items.size() == 6 && items[5]->as<None>() == nullptr) {
      const Items &view = argument<Tuple>(items[5], "a storage's view").items;
      if (view.size() != 3) damaged(fmt::format("a storage's view with {} attributes; 3 would be accepted", view.size()));
      out.view_offset = whole(view[1], "a view's offset");
      out.view_elements = whole(view[2], "a view's number of elements");
      if (out.view_offset > out.elements || out.view_elements > out.elements - out.view_offset)
        damaged(fmt::format("a view of {} elements at {} leads outside its storage of {}", out.view_elements, out.view_offset,
                            out.elements));
    }
    const auto [entry, added] = out_.storages.emplace(out.key, out);
    // The two would disagree on what the same bytes are.
    if (!added && (entry->second.dtype != out.dtype || entry->second.elements != out.elements))
      damaged(fmt::format("storage {} is {} {} and {} {}", shown(out.key), entry->second.elements, name_of(entry->second.dtype),
                          out.elements, name_of(out.dtype)));
    push_new(std::move(out));
  }

  void call(const Value *callee, const Value *arguments) {
    const Global *function = callee->as<Global>();
    if (function == nullptr) refuse(fmt::format("a call of {}", kind_of(*callee)));
    const Items &items = argument<Tuple>(arguments, "a call's list of arguments").items;
    const auto expect = [&](std::size_t least, std::size_t most) {
      if (items.size() < least || items.size() > most)
        damaged(fmt::format("{} with {} arguments; {} to {} would be accepted", function->name, items.size(), least, most));
    };
    switch (function->kind) {
    case Global::Kind::kOrderedDict: {
      expect(0, 1);
      Dict out;
      if (!items.empty()) {
        // As Python 2 wrote it: a list of [key, value].
        const List &pairs = argument<List>(items[0], "an OrderedDict's argument");
        for (const Value *pair : pairs.items) {
          limit(++rebuilt_);
          const auto *list = pair->as<List>();
          const auto *tuple = pair->as<Tuple>();
          const Items *both = list != nullptr ? &list->items : tuple != nullptr ? &tuple->items : nullptr;
          if (both == nullptr || both->size() != 2) damaged("an OrderedDict's entry is not a key and a value");
          out.items.emplace_back((*both)[0], (*both)[1]);
        }
      }
      return push_new(std::move(out));
    }
    case Global::Kind::kRebuildTensor: expect(4, 4); return tensor(items);
    case Global::Kind::kRebuildTensorV2:
      expect(6, 7);
      // Conjugated or negated views: the bytes alone would be other numbers.
      if (items.size() == 7 && items[6]->as<None>() == nullptr &&
          !argument<Dict>(items[6], "a tensor's metadata").items.empty())
        refuse("a tensor with metadata (a conjugated or negated view)");
      return tensor(items);
    case Global::Kind::kRebuildParameter: {
      expect(3, 4); // the fourth are attributes of its own
      return push_new(TensorRef(argument<TensorRef>(items[0], "a parameter's data")));
    }
    case Global::Kind::kSize: {
      expect(1, 1);
      if (const List *list = items[0]->as<List>()) {
        if (list->items.size() > kMaxTensorRank) damaged("a torch.Size that is too long");
        return push_new(Tuple{list->items});
      }
      const Tuple &tuple = argument<Tuple>(items[0], "a torch.Size's argument");
      if (tuple.items.size() > kMaxTensorRank) damaged("a torch.Size that is too long");
      return push_new(Tuple(tuple));
    }
    case Global::Kind::kDevice: {
      expect(1, 2);
      const std::string &type = argument<std::string>(items[0], "a device's type");
      if (type.size() > kMaxKeyBytes) damaged("a device's type is too long");
      return push_new(items.size() == 1 ? type : fmt::format("{}:{}", type, whole(items[1], "a device's index")));
    }
    case Global::Kind::kInert: return intact([&] { push(make_value(inert_.call(function->inert, items))); });
    case Global::Kind::kDtype:
    case Global::Kind::kStorage:
    case Global::Kind::kTypedStorage: break;
    }
    refuse(fmt::format("a call of {}", function->name));
  }

  /// What makes objects that are harmless says only what is wrong with them.
  template <class Action>
  void intact(Action &&action) {
    try {
      action();
    } catch (const Damage &damage) {
      damaged(damage.what);
    }
  }

  void tensor(const Items &items) {
    push_new(TensorRef{.storage = argument<StorageRef>(items[0], "a tensor's storage"),
                       .offset = whole(items[1], "a tensor's offset"),
                       .sizes = wholes(items[2], "a tensor's size"),
                       .strides = wholes(items[3], "a tensor's stride")});
  }

  /// A class as a message names it, where a pickle makes an object of it.
  std::string class_name(const Value *value) const {
    const Global *global = value->as<Global>();
    return global != nullptr ? global->name : std::string(kind_of(*value));
  }

  /// Reads one opcode; false after the last.
  bool step() {
    opcode_ = at_;
    const auto opcode = take<std::uint8_t>();
    switch (opcode) {
    case kStop: {
      out_.root = pop();
      if (!stack_.empty() || !marks_.empty()) damaged("it ends with values left over");
      return false;
    }
    case kProto:
      if (const int protocol = take<std::uint8_t>(); protocol < 2 || protocol > 5) damaged("a protocol that is not 2 to 5");
      break;
    case kFrame:
      // Frames are for reading ahead; what is in them is read as it comes.
      if (take<std::uint64_t>() > text_.size() - at_)
        fail(fmt::format("the pickle's frame at byte {} is longer than the file; is the file truncated?", opcode_));
      break;

    case kMark:
      limit(marks_.size());
      marks_.push_back(stack_.size());
      break;
    case kPop:
      // On a mark it takes the mark away.
      if (!marks_.empty() && stack_.size() == marks_.back())
        marks_.pop_back();
      else
        pop();
      break;
    case kPopMark: pop_mark(); break;
    case kDup: push(top()); break;
    case kBinGet: get(take<std::uint8_t>()); break;
    case kLongBinGet: get(take<std::uint32_t>()); break;
    case kBinPut: put(take<std::uint8_t>()); break;
    case kLongBinPut: put(take<std::uint32_t>()); break;
    case kMemoize: put(static_cast<std::uint32_t>(memo_.size())); break;

    case kNone: push_new(None{}); break;
    case kNewTrue: push_new(true); break;
    case kNewFalse: push_new(false); break;
    case kBinInt: push_new(std::int64_t{take<std::int32_t>()}); break;
    case kBinInt1: push_new(std::int64_t{take<std::uint8_t>()}); break;
    case kBinInt2: push_new(std::int64_t{take<std::uint16_t>()}); break;
    case kLong1: integer(take(std::uint64_t{take<std::uint8_t>()})); break;
    case kLong4: {
      const auto bytes = take<std::int32_t>();
      if (bytes < 0) damaged("a number of negative length");
      integer(take(static_cast<std::uint64_t>(bytes)));
      break;
    }
    case kBinFloat: {
      auto bits = take<std::uint64_t>(); // big-endian, unlike all else
      bits = __builtin_bswap64(bits);
      push_new(std::bit_cast<double>(bits));
      break;
    }
    case kShortBinString: push_new(std::string(take(std::uint64_t{take<std::uint8_t>()}))); break; // Python 2's str
    case kBinString: {
      const auto bytes = take<std::int32_t>();
      if (bytes < 0) damaged("a text of negative length");
      push_new(std::string(take(static_cast<std::uint64_t>(bytes))));
      break;
    }
    case kShortBinUnicode: push_new(std::string(take(std::uint64_t{take<std::uint8_t>()}))); break;
    case kBinUnicode: push_new(std::string(take(std::uint64_t{take<std::uint32_t>()}))); break;
    case kBinUnicode8: push_new(std::string(take(take<std::uint64_t>()))); break;
    case kShortBinBytes: push_new(Bytes{std::string(take(std::uint64_t{take<std::uint8_t>()}))}); break;
    case kBinBytes: push_new(Bytes{std::string(take(std::uint64_t{take<std::uint32_t>()}))}); break;
    case kBinBytes8:
    case kByteArray8: push_new(Bytes{std::string(take(take<std::uint64_t>()))}); break;

    case kEmptyList: push_new(List{}); break;
    case kList: push_new(List{pop_mark()}); break;
    case kAppend: {
      const Slot item = pop();
      container<List>(top(), "a list").items.push_back(item);
      break;
    }
    case kAddItems:
    case kAppends: {
      const Items items = pop_mark();
      List &list = container<List>(top(), "a list");
      list.items.insert(list.items.end(), items.begin(), items.end());
      break;
    }
    case kEmptyTuple: push_new(Tuple{}); break;
    case kTuple: push_new(Tuple{pop_mark()}); break;
    case kTuple1: tuple(1); break;
    case kTuple2: tuple(2); break;
    case kTuple3: tuple(3); break;
    case kEmptyDict: push_new(Dict{}); break;
    case kDict: {
      const Items items = pop_mark();
      const Slot dict = make(Dict{});
      set_items(dict, items);
      push(dict);
      break;
    }
    case kSetItem: {
      const Slot value = pop();
      const Slot key = pop();
      set_items(top(), {key, value});
      break;
    }
    case kSetItems: {
      const Items items = pop_mark();
      set_items(top(), items);
      break;
    }

    case kGlobal: {
      const std::string_view module = line();
      global(module, line());
      break;
    }
    case kStackGlobal: {
      const Slot name = pop();
      const Slot module = pop();
      const std::string &module_text = argument<std::string>(module, "a module's name");
      global(module_text, argument<std::string>(name, "a class's name"));
      break;
    }
    case kBinPersId: storage(pop()); break;
    case kReduce: {
      const Slot arguments = pop();
      const Slot callee = pop();
      call(callee, arguments);
      break;
    }
    case kBuild: {
      const Slot state = pop();
      const Slot object = top();
      bool known = false;
      intact([&] { known = inert_.set_state(*object, *state); });
      // The attributes of an OrderedDict: state dicts have `_metadata`, module versions that mean nothing here.
      if (!known && (object->as<Dict>() == nullptr || state->as<Dict>() == nullptr))
        refuse(fmt::format("attributes of {}", class_name(object)));
      break;
    }

    case kInst: {
      const std::string_view module = line();
      refuse(fmt::format("an object of {}.{}", shown(module), shown(line())));
    }
    case kNewObj:
    case kNewObjEx: {
      const Slot named = opcode == kNewObjEx ? pop() : nullptr;
      const Slot arguments = pop();
      const Slot type = pop();
      const Global *global = type->as<Global>();
      const Tuple *none = arguments->as<Tuple>();
      if (global == nullptr || global->kind != Global::Kind::kInert || global->inert != Inert::kNamespace || named != nullptr ||
          none == nullptr || !none->items.empty())
        refuse(fmt::format("an object of {}", class_name(type)));
      push_new(Dict{.items = {}, .is_object = true});
      break;
    }
    case kObj: {
      const Items items = pop_mark();
      refuse(fmt::format("an object of {}", items.empty() ? "nothing" : class_name(items.front())));
    }
    case kExt1: refuse(fmt::format("extension {}", take<std::uint8_t>()));
    case kExt2: refuse(fmt::format("extension {}", take<std::uint16_t>()));
    case kExt4: refuse(fmt::format("extension {}", take<std::uint32_t>()));
    case kEmptySet: push_new(List{}); break; // a set is read as a list
    case kFrozenSet: push_new(List{pop_mark()}); break;
    case kNextBuffer:
    case kReadonlyBuffer: refuse("a buffer outside the file");
    case kFloat:
    case kInt:
    case kLong:
    case kPersId:
    case kString:
    case kUnicode:
    case kGet:
    case kPut: damaged(fmt::format("opcode '{}' of protocol 0, which torch.save never writes", static_cast<char>(opcode)));
    default: damaged(fmt::format("opcode 0x{:02x} is unknown", opcode)); // bytes of a file are an open set
    }
    return true;
  }
};

} // namespace

const Value *Dict::find(std::string_view key) const {
  for (auto entry = items.rbegin(); entry != items.rend(); ++entry)
    if (const auto *text = entry->first->as<std::string>(); text != nullptr && *text == key) return entry->second;
  return nullptr;
}

std::string_view kind_of(const Value &value) { return class_of_kind(value.is.index()); }

Pickle unpickle(std::string_view text, const std::string &where) { return Unpickler(text, where).run(); }

} // namespace pare::formats
