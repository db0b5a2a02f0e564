#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "formats/readers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace pare::formats {

namespace {

using Json = json::Value;

constexpr const char *kMetadata = "__metadata__";

struct Entry {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> sizes;
  std::uint64_t begin = 0, end = 0;
};

std::uint64_t natural(const Json &value, const json::Place &place, std::string_view name) {
  if (!value.is_number_unsigned()) json::refuse(value, place, name, "a whole number from 0 up");
  return value.get<std::uint64_t>();
}

Entry read_entry(const std::string &name, const Json &value, std::uint64_t data_bytes, const json::Place &place) {
  json::Members members(value, place);
  Entry entry;
  entry.name = name;
  const std::optional<Dtype> dtype = dtype_from(members.text("dtype"));
  if (!dtype) json::refuse(members.at("dtype"), members.place("dtype"), "dtype", kDtypeNames);
  entry.dtype = *dtype;

  const Json &shape = members.at("shape");
  const json::Place shape_place = members.place("shape");
  if (!shape.is_array()) json::refuse(shape, shape_place, "shape", "a list of sizes");
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::uint64_t size = natural(shape[i], shape_place.item(i), "size");
    if (size > std::uint64_t{1} << 62)
      json::refuse(shape[i], shape_place.item(i), "size", "at most 2^62, as more cannot be addressed");
    entry.sizes.push_back(static_cast<std::int64_t>(size));
  }
  const std::optional<std::int64_t> elements = elements_of(entry.sizes);
  std::uint64_t bytes = 0;
  if (!elements || __builtin_mul_overflow(static_cast<std::uint64_t>(*elements), size_of(entry.dtype), &bytes))
    json::refuse(shape, shape_place, "shape",
                 fmt::format("that of a tensor: up to {} sizes whose product fits in 64 bits", kMaxTensorRank));

  const Json &offsets = members.at("data_offsets");
  const json::Place offsets_place = members.place("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2) json::refuse(offsets, offsets_place, "data_offsets", "a list of two");
  entry.begin = natural(offsets[0], offsets_place.item(0), "offset");
  entry.end = natural(offsets[1], offsets_place.item(1), "offset");
  if (entry.begin > entry.end || entry.end > data_bytes)
    offsets_place.fail(fmt::format("data_offsets = {} must be inside the file's {} bytes of data, in order; is it truncated?",
                                   json::shown(offsets), data_bytes));
  if (bytes != entry.end - entry.begin)
    offsets_place.fail(fmt::format("data_offsets = {} must hold the {} bytes of {} {}, not {}", json::shown(offsets), bytes,
                                   name_of(entry.dtype), sizes_text(entry.sizes), entry.end - entry.begin));
  members.finish();
  return entry;
}

/// That each byte of the data belongs to one tensor.
void check_layout(std::vector<Entry> &entries, std::uint64_t data_bytes, const json::Place &place) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry &a, const Entry &b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  const auto unused = [&](std::uint64_t begin, std::uint64_t end) {
    place.fail(fmt::format("bytes {} to {} of the data belong to no tensor; each in one tensor would be accepted", begin, end));
  };
  std::uint64_t used = 0;
  const std::string *before = nullptr;
  for (const Entry &entry : entries) {
    if (entry.begin < used)
      place.fail(fmt::format("the data of {} and {} overlap; bytes in one tensor each would be accepted", shown(*before),
                             shown(entry.name)));
    if (entry.begin > used) unused(used, entry.begin);
    used = entry.end;
    before = &entry.name;
  }
  if (used != data_bytes) unused(used, data_bytes);
}

/// The JSON text in front of the data.
std::string_view header_of(std::string_view file, const std::string &where) {
  const auto fail = [&](const std::string &message) { return Error(ErrorCode::kInvalidFile, where, message); };
  if (file.size() < 8) throw fail(fmt::format("{} bytes are too few for a safetensors file", file.size()));
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, file.data(), 8);
  if (bytes > file.size() - 8)
    throw fail(fmt::format("the header of {} bytes is longer than the file, {} bytes; is it truncated?", bytes, file.size()));
  if (bytes > kMostHeaderBytes)
    throw fail(fmt::format("the header of {} bytes is too long; up to {} would be accepted", bytes, kMostHeaderBytes));
  const std::string_view header = file.substr(8, bytes);
  const std::size_t last = header.find_last_not_of('\0');
  if (last != std::string_view::npos && last + 1 < header.size())
    throw fail(fmt::format("the header ends in {} NUL bytes; padding of spaces, as the format asks for, would be accepted",
                           header.size() - last - 1));
  return header;
}

} // namespace

TensorFile read_safetensors(const FileBytes &file, const std::string &where) {
  const std::string_view text = header_of(*file, where);
  const std::string_view data = std::string_view(*file).substr(8 + text.size());
  const json::Place place = json::Place(where).member("header");
  const Json header = json::parse(text, place);
  if (!header.is_object()) json::refuse(header, place, "header", "an object");

  TensorFile out;
  out.format = "safetensors";
  std::vector<Entry> entries;
  for (const auto &[name, value] : header.items()) {
    const json::Place member = place.member(name);
    if (name != kMetadata) {
      entries.push_back(read_entry(name, value, data.size(), member));
      continue;
    }
    if (!value.is_object()) json::refuse(value, member, name, "an object of texts");
    // Keys are the writer's own, and may be many: none is looked up.
    for (const auto &[key, item] : value.items()) {
      if (!item.is_string()) json::refuse(item, member.member(key), key, "text in quotes");
      out.metadata.emplace(key, item.get_ref<const std::string &>());
    }
  }
  check_layout(entries, data.size(), place);

  TensorBudget budget(file->size());
  for (const Entry &entry : entries) {
    View view{
        .dtype = entry.dtype, .offset = 0, .sizes = entry.sizes, .strides = std::vector<std::int64_t>(entry.sizes.size())};
    std::int64_t stride = 1;
    for (std::size_t i = entry.sizes.size(); i-- > 0; stride *= std::max<std::int64_t>(1, entry.sizes[i]))
      view.strides[i] = stride;
    out.tensors.emplace(
        entry.name, tensor_of(data.substr(entry.begin, entry.end - entry.begin), file, view, budget, where, shown(entry.name)));
  }
  return out;
}

std::string serialize_safetensors(const TensorFile &file) {
  using Item = std::pair<const std::string, TensorBytes>;
  std::vector<const Item *> items;
  for (const Item &item : file.tensors) {
    const auto &[name, tensor] = item;
    if (name == kMetadata) throw Error(ErrorCode::kInvalidValue, name, "is the format's own name; another would be accepted");
    const auto elements = elements_of(tensor.sizes);
    if (!elements || tensor.bytes.size() / size_of(tensor.dtype) != static_cast<std::uint64_t>(*elements) ||
        tensor.bytes.size() % size_of(tensor.dtype) != 0)
      throw Error(
          ErrorCode::kInvalidValue, name,
          fmt::format("{} bytes are not those of {} {}", tensor.bytes.size(), name_of(tensor.dtype), sizes_text(tensor.sizes)));
    items.push_back(&item);
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item *a, const Item *b) { return size_of(a->second.dtype) > size_of(b->second.dtype); });

  Json header = Json::object();
  if (!file.metadata.empty()) {
    Json &metadata = header[kMetadata] = Json::object();
    for (const auto &[key, text] : file.metadata) metadata[key] = text;
  }
  std::uint64_t offset = 0;
  for (const Item *item : items) {
    const auto &[name, tensor] = *item;
    const std::uint64_t end = offset + tensor.bytes.size();
    // Names are different: appended without a search.
    header.get_ref<Json::object_t &>().emplace_back(
        name, Json{{"dtype", name_of(tensor.dtype)}, {"shape", tensor.sizes}, {"data_offsets", {offset, end}}});
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception &) {
    throw Error(ErrorCode::kInvalidValue, "safetensors",
                "a tensor's name or a metadata text is not UTF-8, which the format asks for");
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kMostHeaderBytes)
    throw Error(ErrorCode::kLimit, "safetensors",
                fmt::format("a header of {} bytes; up to {} can be read", text.size(), kMostHeaderBytes));

  std::string out(8, '\0');
  const std::uint64_t header_bytes = text.size();
  std::memcpy(out.data(), &header_bytes, 8);
  out.reserve(8 + text.size() + offset);
  out += text;
  for (const Item *item : items) out += item->second.bytes;
  return out;
}

void write_safetensors(const std::string &path, const TensorFile &file) {
  try {
    write_file(path, serialize_safetensors(file));
  } catch (const Error &error) {
    if (error.code() == ErrorCode::kIo) throw;
    throw error.within(path);
  }
}

} // namespace pare::formats
