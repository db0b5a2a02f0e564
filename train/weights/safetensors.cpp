#include "train/weights/safetensors.hpp"

#include "analysis/error.hpp"
#include "command/files.hpp"
#include "train/weights/tensor_bytes.hpp"
#include "train/weights/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <set>

namespace pare::train {

namespace {

using nlohmann::json;

/// As in the format's own library.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr const char *kMetadata = "__metadata__";

Error invalid(const std::string &where, const std::string &message) { return {ErrorCode::kInvalidFile, where, message}; }

/// The header as JSON, no deeper than its own entries, every key once.
json parse_header(std::string_view text, const std::string &where) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, json::parse_event_t event, json &parsed) {
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) {
      if (depth > 2) throw invalid(where, "the header is nested deeper than {name: {\"shape\": [...]}}");
      keys.resize(static_cast<std::size_t>(depth) + 1);
      keys.back().clear();
    } else if (event == json::parse_event_t::key) {
      const auto &key = parsed.get_ref<const std::string &>();
      if (!keys[static_cast<std::size_t>(depth) - 1].insert(key).second)
        throw invalid(where, fmt::format("the header has {} twice", shown(key)));
    }
    return true;
  };
  json header;
  try {
    header = json::parse(text, watch);
  } catch (const json::exception &exception) {
    throw invalid(where, fmt::format("the header is not JSON: {}", shown(exception.what(), 200)));
  }
  if (!header.is_object()) throw invalid(where, "the header is not a JSON object");
  return header;
}

struct Entry {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> sizes;
  std::uint64_t begin = 0, end = 0;
};

Entry parse_entry(const std::string &name, const json &value, std::uint64_t data_bytes, const std::string &where) {
  const auto fail = [&](const std::string &message) { return invalid(where, fmt::format("{}: {}", shown(name), message)); };
  if (!value.is_object()) throw fail("not a JSON object with dtype, shape and data_offsets");
  for (const auto &[key, unused] : value.items())
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      throw fail(fmt::format("has a key {}; dtype, shape and data_offsets would be accepted", shown(key)));
  for (const char *key : {"dtype", "shape", "data_offsets"})
    if (!value.contains(key)) throw fail(fmt::format("has no {}", key));

  Entry entry;
  entry.name = name;
  const json &dtype = value["dtype"];
  const std::optional<Dtype> known = dtype.is_string() ? dtype_from(dtype.get_ref<const std::string &>()) : std::nullopt;
  if (!known)
    throw fail(fmt::format("dtype = {} is unknown; {} would be accepted", shown(dtype.dump(-1, ' ', true), 40), kDtypeNames));
  entry.dtype = *known;

  const auto whole = [&](const json &number, const char *what) {
    if (!number.is_number_unsigned())
      throw fail(
          fmt::format("{} has {}; whole numbers from 0 up would be accepted", what, shown(number.dump(-1, ' ', true), 40)));
    return number.get<std::uint64_t>();
  };
  const json &shape = value["shape"];
  if (!shape.is_array()) throw fail("shape is not a list");
  for (const json &size : shape) {
    const std::uint64_t number = whole(size, "shape");
    if (number > std::uint64_t{1} << 62)
      throw fail(fmt::format("shape has {}, which is more than 64 bits can address", number));
    entry.sizes.push_back(static_cast<std::int64_t>(number));
  }
  const json &offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) throw fail("data_offsets is not a list of two");
  entry.begin = whole(offsets[0], "data_offsets");
  entry.end = whole(offsets[1], "data_offsets");
  if (entry.begin > entry.end || entry.end > data_bytes)
    throw fail(fmt::format("data_offsets [{}, {}] are outside the file's {} bytes of data; is it truncated?", entry.begin,
                           entry.end, data_bytes));
  const std::optional<std::int64_t> elements = elements_of(entry.sizes);
  std::uint64_t bytes = 0;
  if (!elements || __builtin_mul_overflow(static_cast<std::uint64_t>(*elements), size_of(entry.dtype), &bytes))
    throw fail(fmt::format("its shape is not that of a tensor: up to {} sizes whose product fits in 64 bits would be accepted",
                           kMaxTensorRank));
  if (bytes != entry.end - entry.begin)
    throw fail(fmt::format("data_offsets [{}, {}] hold {} bytes; {} {} takes {}", entry.begin, entry.end,
                           entry.end - entry.begin, name_of(entry.dtype), sizes_text(entry.sizes), bytes));
  return entry;
}

} // namespace

State read_safetensors(std::string_view file, const std::string &where) {
  if (file.size() < 8) throw invalid(where, fmt::format("{} bytes are too few for a safetensors file", file.size()));
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), 8);
  if (header_bytes > file.size() - 8)
    throw invalid(where, fmt::format("the header of {} bytes is longer than the file, {} bytes; is it truncated?", header_bytes,
                                     file.size()));
  if (header_bytes > kMaxHeaderBytes)
    throw invalid(where,
                  fmt::format("the header of {} bytes is too long; up to {} would be accepted", header_bytes, kMaxHeaderBytes));
  const json header = parse_header(file.substr(8, header_bytes), where);
  const std::string_view data = file.substr(8 + header_bytes);

  State state;
  state.format = "safetensors";
  std::vector<Entry> entries;
  for (const auto &[name, value] : header.items()) {
    if (name != kMetadata) {
      entries.push_back(parse_entry(name, value, data.size(), where));
      continue;
    }
    if (!value.is_object()) throw invalid(where, "__metadata__ is not a JSON object of texts");
    for (const auto &[key, text] : value.items()) {
      if (!text.is_string()) throw invalid(where, fmt::format("__metadata__: {} is not a text", shown(key)));
      state.metadata.emplace(key, text.get<std::string>());
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry &a, const Entry &b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t used = 0;
  const std::string *before = nullptr;
  for (const Entry &entry : entries) {
    if (entry.begin < used)
      throw invalid(where, fmt::format("the data of {} and {} overlap", shown(*before), shown(entry.name)));
    if (entry.begin > used)
      throw invalid(where, fmt::format("bytes {} to {} of the data belong to no tensor", used, entry.begin));
    used = entry.end;
    before = &entry.name;
  }
  if (used != data.size())
    throw invalid(where, fmt::format("bytes {} to {} of the data belong to no tensor", used, data.size()));

  TensorBudget budget(file.size());
  for (const Entry &entry : entries) {
    View view{
        .dtype = entry.dtype, .offset = 0, .sizes = entry.sizes, .strides = std::vector<std::int64_t>(entry.sizes.size())};
    std::int64_t stride = 1;
    for (std::size_t i = entry.sizes.size(); i-- > 0; stride *= std::max<std::int64_t>(1, entry.sizes[i]))
      view.strides[i] = stride;
    state.tensors.emplace(entry.name,
                          tensor_of(data.substr(entry.begin, entry.end - entry.begin), view, budget, where, shown(entry.name)));
  }
  return state;
}

std::string serialize_safetensors(const State &state) {
  struct Item {
    const std::string *name;
    Dtype dtype;
    torch::Tensor tensor;
  };
  std::vector<Item> items;
  for (const auto &[name, tensor] : state.tensors) {
    if (name == kMetadata) throw Error(ErrorCode::kInvalidValue, name, "is the format's own name; another would be accepted");
    if (!tensor.defined() || tensor.layout() != at::kStrided)
      throw Error(ErrorCode::kInvalidValue, name, "is not a dense tensor, which is all that safetensors holds");
    const std::optional<Dtype> dtype = dtype_of(tensor.scalar_type());
    if (!dtype)
      throw Error(ErrorCode::kInvalidValue, name,
                  fmt::format("is of type {}, which is not written; {} would be accepted", c10::toString(tensor.scalar_type()),
                              kDtypeNames));
    items.push_back({&name, *dtype, tensor.detach().to(at::kCPU).contiguous().resolve_conj().resolve_neg()});
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item &a, const Item &b) { return size_of(a.dtype) > size_of(b.dtype); });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!state.metadata.empty()) {
    nlohmann::ordered_json &metadata = header[kMetadata] = nlohmann::ordered_json::object();
    for (const auto &[key, text] : state.metadata) metadata[key] = text;
  }
  std::uint64_t offset = 0;
  for (const Item &item : items) {
    const std::uint64_t end = offset + item.tensor.nbytes();
    header[*item.name] = {
        {"dtype", name_of(item.dtype)}, {"shape", item.tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception &) {
    throw Error(ErrorCode::kInvalidValue, "safetensors",
                "a tensor's name or a metadata text is not UTF-8, which the format asks for");
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kMaxHeaderBytes)
    throw Error(ErrorCode::kLimit, "safetensors",
                fmt::format("a header of {} bytes; up to {} can be read", text.size(), kMaxHeaderBytes));

  std::string out(8, '\0');
  const std::uint64_t header_bytes = text.size();
  std::memcpy(out.data(), &header_bytes, 8);
  out.reserve(8 + text.size() + offset);
  out += text;
  for (const Item &item : items)
    if (item.tensor.nbytes() != 0) out.append(static_cast<const char *>(item.tensor.const_data_ptr()), item.tensor.nbytes());
  return out;
}

void write_safetensors(const std::string &path, const State &state) {
  try {
    cli::write_file(path, serialize_safetensors(state));
  } catch (const Error &error) {
    if (error.code() == ErrorCode::kIo) throw;
    throw error.within(path);
  }
}

} // namespace pare::train
