#include "train/plan/run_folder.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "train/plan/event_file.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>

namespace pare::train {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kMetrics = "metrics.jsonl";
constexpr std::string_view kEvents = "events.out.tfevents.pare"; // TensorBoard looks for "tfevents" in the name
constexpr std::string_view kLog = "log";
constexpr std::string_view kRun = "run.json";

[[noreturn]] void fail_folder(const std::string &path, const std::string &message) {
  throw Error(ErrorCode::kIo, path, message);
}

/// Appends whole, or throws and leaves the file as it was.
void append(const std::string &path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) fail_folder(path, fmt::format("cannot be written: {}", std::strerror(errno)));
  const off_t before = ::lseek(file, 0, SEEK_END);
  int fault = write_all(file, bytes);
  if (fault != 0 && ::ftruncate(file, before) != 0) fault = errno;
  ::close(file);
  if (fault != 0)
    fail_folder(path, fmt::format("cannot be written: {}; room on its disk would be accepted", std::strerror(fault)));
}

std::int64_t length_of(const std::string &path) {
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  return missing ? 0 : static_cast<std::int64_t>(size);
}

void cut(const std::string &path, std::int64_t length) {
  const std::int64_t now = length_of(path);
  if (now < length)
    fail_folder(path, fmt::format("has {} bytes, and {} when the checkpoint was written; it must not be shortened by hand", now,
                                  length));
  if (now == length) return;
  std::error_code fault;
  fs::resize_file(path, static_cast<std::uintmax_t>(length), fault);
  if (fault) fail_folder(path, fmt::format("cannot be cut back: {}", fault.message()));
}

double now_seconds() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// Whether there is a file whose name is not one of these.
template <class IsOne>
bool holds_more_than(const std::string &path, const IsOne &is_one) {
  std::error_code fault;
  for (auto entry = fs::directory_iterator(path, fault); !fault && entry != fs::directory_iterator(); entry.increment(fault))
    if (!is_one(entry->path().filename().string())) return true;
  return static_cast<bool>(fault); // what cannot be read is not taken for empty
}

/// What a run leaves that was stopped before it wrote its run.json.
bool is_of_a_start(const std::string &name) { return is_claim(name) || name == kLog || name.starts_with(kRun); }

} // namespace

void check_run_folder(const std::string &path) {
  std::error_code fault;
  if (fs::is_directory(path, fault) && !fs::exists(fmt::format("{}/{}", path, kRun), fault) &&
      holds_more_than(path, is_of_a_start))
    fail_folder(path, "holds files, and no run.json; an empty folder, or that of a run would be accepted");
}

RunFolder::RunFolder(std::string path, const ClaimOptions &claim) : path_(std::move(path)) {
  if (path_ == "-") throw Error(ErrorCode::kUsage, "-", "a run is a folder, and stdout is none; ./- would be accepted");
  std::error_code fault;
  is_new_ = !fs::exists(path_, fault);
  if (!is_new_ && !fs::is_directory(path_, fault)) fail_folder(path_, "is no folder; a folder, or no file would be accepted");
  check_run_folder(path_);
  fs::create_directories(path_, fault);
  if (fault) fail_folder(path_, fmt::format("cannot be made: {}", fault.message()));
  claim_ = std::make_unique<Claim>(path_, claim);
}

RunFolder::~RunFolder() {
  // Nothing was begun: nothing is left behind.
  if (!is_new_ || holds_more_than(path_, [](const std::string &name) { return is_claim(name); })) return;
  claim_->withdraw();
  ::rmdir(path_.c_str());
}

void RunFolder::write(std::string_view name, std::string_view text) const {
  write_file(file(name), text, [&] { check(); });
}

void RunFolder::note(std::string_view name, std::string_view text) const {
  const std::string path = file(name);
  const std::string temporary = path + ".tmp";
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return;
  const bool written = write_all(descriptor, text) == 0;
  const bool closed = ::close(descriptor) == 0;
  check();
  if (!written || !closed || ::rename(temporary.c_str(), path.c_str()) != 0) ::unlink(temporary.c_str());
}

void RunFolder::remove(std::string_view name) const {
  check();
  std::error_code none_there;
  fs::remove(file(name), none_there);
}

std::string RunFolder::file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

bool RunFolder::has(std::string_view name) const {
  std::error_code fault;
  return fs::exists(file(name), fault);
}

RunFolder::Lengths RunFolder::lengths() const {
  return {.metrics = length_of(file(kMetrics)), .events = length_of(file(kEvents))};
}

void RunFolder::cut_back(const Lengths &lengths) {
  check();
  cut(file(kMetrics), lengths.metrics);
  cut(file(kEvents), lengths.events);
}

void RunFolder::flush() const {
  for (const std::string_view name : {kMetrics, kEvents}) {
    const std::string path = file(name);
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT) continue;
    int fault = descriptor < 0 || ::fsync(descriptor) != 0 ? errno : 0;
    if (descriptor >= 0 && ::close(descriptor) != 0 && fault == 0) fault = errno;
    if (fault != 0) fail_folder(path, fmt::format("cannot be written: {}", std::strerror(fault)));
  }
}

void RunFolder::metrics(const std::string &json, std::int64_t step, const std::vector<std::pair<std::string, float>> &scalars) {
  check();
  append(file(kMetrics), json + "\n");
  std::string events;
  if (length_of(file(kEvents)) == 0) events = event_file_header(now_seconds());
  append(file(kEvents), events + event_record(now_seconds(), step, scalars));
}

void RunFolder::log(std::string_view line) {
  check();
  append(file(kLog), fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}\n", fmt::gmtime(std::time(nullptr)), line));
}

} // namespace pare::train
