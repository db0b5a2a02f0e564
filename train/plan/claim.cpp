#include "train/plan/claim.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

namespace pare::train {

namespace {

constexpr std::string_view kClaimPrefix = "claim-";
constexpr std::string_view kClaimSuffix = ".json";
constexpr std::string_view kTemporaryPrefix = "claim.";
constexpr std::size_t kMostClaimBytes = 1 << 16;

[[noreturn]] void fail(const std::string &path, const std::string &message) { throw Error(ErrorCode::kIo, path, message); }

[[noreturn]] void refuse(const std::string &folder, const ClaimFile &holder) {
  fail(folder,
       fmt::format("another process is training in this folder: {}; wait for it, or take another folder", claimant(holder)));
}

double seconds_of(const timespec &time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9; }

/// Goes on while the process is stopped and while the machine sleeps.
double seconds_since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return seconds_of(now);
}

std::string token() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// A small file of the system's; empty where it cannot be read.
std::string system_text(const std::string &path) {
  std::string out;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return out;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(file, buffer.data(), buffer.size())) > 0;)
    out.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(file);
  return out;
}

/// Where pids mean the same: until the next boot, and in this pid namespace. Empty where that cannot be told.
std::string this_machine() {
  std::string boot = system_text("/proc/sys/kernel/random/boot_id");
  boot.erase(std::remove(boot.begin(), boot.end(), '\n'), boot.end());
  std::array<char, 64> names{};
  const ssize_t length = ::readlink("/proc/self/ns/pid", names.data(), names.size());
  if (boot.empty() || length <= 0) return {};
  return boot + " " + std::string(names.data(), static_cast<std::size_t>(length));
}

struct Process {
  char state = '?';
  std::int64_t threads = 0;
  std::int64_t started = 0; ///< in ticks since the boot
};

/// proc(5), stat: its name stands in parentheses and may hold anything; the third field follows the last one.
std::optional<Process> process(std::int64_t pid) {
  const std::string text = system_text(fmt::format("/proc/{}/stat", pid));
  const auto end = text.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(end + 1));
  Process out;
  std::string skipped;
  fields >> out.state;
  for (int field = 4; field < 20; ++field) fields >> skipped;
  fields >> out.threads >> skipped >> out.started;
  if (!fields) return std::nullopt;
  return out;
}

/// Whether the process of a claim of this machine is known to be gone.
bool is_gone(const ClaimFile &claim) {
  if (claim.pid <= 0 || claim.pid > INT32_MAX) return false;
  if (::kill(static_cast<pid_t>(claim.pid), 0) != 0 && errno == ESRCH) return true;
  const auto now = process(claim.pid);
  if (!now) return false; // there, but hidden
  if (now->started != claim.started) return true;
  // Dead, and nobody has asked how it ended. Other threads than the first may live a moment longer.
  return (now->state == 'Z' || now->state == 'X') && now->threads <= 1;
}

/// N of "claim-N.json".
std::optional<std::uint64_t> number_of(std::string_view name) {
  if (!name.starts_with(kClaimPrefix) || !name.ends_with(kClaimSuffix)) return std::nullopt;
  name = name.substr(kClaimPrefix.size(), name.size() - kClaimPrefix.size() - kClaimSuffix.size());
  if (name.empty() || name.size() > 18 || name.find_first_not_of("0123456789") != std::string_view::npos || name[0] == '0')
    return std::nullopt;
  std::uint64_t out = 0;
  for (const char digit : name) out = out * 10 + static_cast<std::uint64_t>(digit - '0');
  return out;
}

/// Names of a folder's claims and of what is left of some. None where there is no folder.
std::optional<std::vector<std::string>> claims_in(const std::string &folder) {
  DIR *listing = ::opendir(folder.c_str());
  if (listing == nullptr && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (listing == nullptr) fail(folder, fmt::format("cannot be listed: {}", std::strerror(errno)));
  std::vector<std::string> out;
  errno = 0;
  while (const dirent *entry = ::readdir(listing)) // NOLINT(concurrency-mt-unsafe): of a listing of its own
    if (is_claim(entry->d_name)) out.emplace_back(entry->d_name);
  const int fault = errno;
  ::closedir(listing);
  if (fault != 0) fail(folder, fmt::format("cannot be listed: {}", std::strerror(fault)));
  return out;
}

std::uint64_t highest_of(const std::vector<std::string> &names) {
  std::uint64_t out = 0;
  for (const std::string &name : names) out = std::max(out, number_of(name).value_or(0));
  return out;
}

std::string path_of(const std::string &folder, std::uint64_t number) {
  return fmt::format("{}/{}{}{}", folder, kClaimPrefix, number, kClaimSuffix);
}

/// A claim as it is in its folder.
struct Found {
  std::uint64_t number = 0; ///< 0: there is none
  ClaimFile file;
  timespec renewed{};
};

bool same_time(const timespec &a, const timespec &b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

/// None where it has gone. Opened anew each time: on NFS that is when its date is asked for again.
std::optional<Found> look(const std::string &folder, std::uint64_t number) {
  const std::string path = path_of(folder, number);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::nullopt;
  if (file < 0) fail(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  struct stat status {};
  std::string text(kMostClaimBytes, '\0');
  const bool known = ::fstat(file, &status) == 0;
  const ssize_t length = ::read(file, text.data(), text.size());
  const int fault = errno;
  ::close(file);
  if (!known || length < 0) fail(path, fmt::format("cannot be read: {}", std::strerror(fault)));
  text.resize(static_cast<std::size_t>(length));
  return Found{.number = number, .file = read_claim(text), .renewed = status.st_mtim};
}

/// The highest claim. Its holder's successor may take it away while it is looked at: then that one's is. One that stays in the
/// listing and cannot be opened is a link that leads nowhere, or a file server's listing of before.
Found highest_claim(const std::string &folder) {
  constexpr int kTries = 100;
  constexpr std::chrono::milliseconds kPause{10};
  std::uint64_t before = 0;
  for (int tries = 0;;) {
    const auto names = claims_in(folder);
    const std::uint64_t highest = names ? highest_of(*names) : 0;
    if (highest == 0) return {};
    if (const auto found = look(folder, highest)) return *found;
    if (std::exchange(before, highest) != highest) {
      tries = 0;
    } else if (++tries < kTries) {
      std::this_thread::sleep_for(kPause);
    } else {
      fail(path_of(folder, highest),
           "is in the folder's listing, and there is no such file; the folder without it, or the same "
           "command when the listing is up to date would be accepted");
    }
  }
}

/// Holds back all signals of this thread, and of those that it starts, while this lives.
class SignalsHeldBack {
public:
  SignalsHeldBack() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeldBack(const SignalsHeldBack &) = delete;
  SignalsHeldBack &operator=(const SignalsHeldBack &) = delete;

private:
  sigset_t before_;
};

bool is_in_force(const Found &claim, double now_seconds, const std::string &machine) {
  if (claim.number == 0 || claim.file.released) return false;
  // A date in the future is of before the clock was set back: who lives renews it by the clock of now.
  const double age = now_seconds - seconds_of(claim.renewed);
  if (age > claim.file.lease_seconds || age < -claim.file.lease_seconds) return false;
  return machine.empty() || claim.file.machine != machine || !is_gone(claim.file);
}

} // namespace

std::string write_claim(const ClaimFile &claim) {
  const json::Value out = {{"token", claim.token},      {"host", claim.host},       {"pid", claim.pid},
                           {"machine", claim.machine},  {"started", claim.started}, {"lease_seconds", claim.lease_seconds},
                           {"released", claim.released}};
  return out.dump(-1, ' ', false, json::Value::error_handler_t::replace) + "\n"; // a host may be called anything
}

ClaimFile read_claim(std::string_view text) {
  try {
    const json::Place place("claim");
    const json::Value document = json::parse(text, place);
    json::Members members(document, place);
    ClaimFile out{.token = members.text("token"),
                  .host = members.text("host"),
                  .pid = members.whole("pid"),
                  .machine = members.text("machine"),
                  .started = members.whole("started"),
                  .lease_seconds = members.real("lease_seconds"),
                  .released = members.flag("released")};
    if (out.lease_seconds >= kShortestLease && out.lease_seconds <= kLongestLease) return out;
  } catch (const Error &) {
    // Its age decides.
  }
  return {};
}

std::string claimant(const ClaimFile &claim) {
  if (claim.host.empty()) return "an unknown process";
  return fmt::format("process {} on {}", claim.pid, claim.host);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "this host";
  return name.data();
}

bool is_claim(std::string_view name) { return name.starts_with(kClaimPrefix) || name.starts_with(kTemporaryPrefix); }

double file_system_seconds(const std::string &folder) {
  const std::string path = fmt::format("{}/{}{}.clock", folder, kTemporaryPrefix, token());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  struct stat status {};
  const bool known = file >= 0 && ::futimens(file, nullptr) == 0 && ::fstat(file, &status) == 0;
  if (file >= 0) {
    ::close(file);
    ::unlink(path.c_str());
  }
  if (known) return seconds_of(status.st_mtim);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return seconds_of(now);
}

std::optional<ClaimFile> claim_in_force(const std::string &folder, double now_seconds, const std::string &host) {
  const Found found = highest_claim(folder);
  if (!is_in_force(found, now_seconds, host.empty() ? this_machine() : std::string())) return std::nullopt;
  return found.file;
}

Claim::Claim(std::string folder, const ClaimOptions &options) : folder_(std::move(folder)) {
  own_ = {.token = token(),
          .host = options.host.empty() ? host_name() : options.host,
          .pid = ::getpid(),
          .machine = options.host.empty() ? this_machine() : std::string(),
          .started = 0,
          .lease_seconds = options.lease_seconds,
          .released = false};
  if (const auto self = process(own_.pid))
    own_.started = self->started;
  else
    own_.machine.clear(); // nobody could tell it from a later process of the same number
  try {
    take();
    const SignalsHeldBack for_others; // signals are for the threads of before
    thread_ = std::thread([this] { renew_now_and_then(); });
  } catch (...) {
    release();
    ::unlink(temporary().c_str());
    if (descriptor_ >= 0) ::close(descriptor_);
    throw;
  }
}

Claim::~Claim() {
  end_thread();
  release();
  ::close(descriptor_);
}

void Claim::release() {
  if (number_ == 0) return;
  try {
    check();
    ClaimFile released = own_;
    released.released = true;
    int file = -1;
    if (write_temporary(released, file)) {
      ::close(file);
      if (::rename(temporary().c_str(), this->file(number_).c_str()) != 0) ::unlink(temporary().c_str());
    }
  } catch (const Error &) {
    // Another has it; or nobody can say so, and it expires.
  }
}

std::string Claim::file(std::uint64_t number) const { return path_of(folder_, number); }

std::string Claim::temporary() const { return fmt::format("{}/{}{}.tmp", folder_, kTemporaryPrefix, own_.token); }

/// Leaves the file open. False, with errno, where it cannot be written.
bool Claim::write_temporary(const ClaimFile &claim, int &descriptor) const {
  descriptor = ::open(temporary().c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return false;
  const int fault = write_all(descriptor, write_claim(claim));
  if (fault == 0 && ::futimens(descriptor, nullptr) == 0) return true;
  const int why = fault != 0 ? fault : errno;
  ::close(std::exchange(descriptor, -1));
  ::unlink(temporary().c_str());
  errno = why;
  return false;
}

/// Claims are numbered, and the highest is in force. It is never taken away, so that nobody who was stopped in the middle can
/// make a number of before and take it for the highest.
void Claim::take() {
  const auto gone = [&] {
    fail(folder_, "another process has just left this folder and taken it away; the same command again would be accepted");
  };
  Found before;
  for (;;) {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    if (!write_temporary(own_, descriptor_)) {
      if (errno == ENOENT) gone();
      fail(folder_, fmt::format("cannot be written in: {}", std::strerror(errno)));
    }
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail(folder_, fmt::format("cannot be written in: {}", std::strerror(errno)));
    before = highest_claim(folder_);
    if (is_in_force(before, seconds_of(status.st_mtim), own_.machine)) refuse(folder_, before.file);

    // link() is atomic on NFS too, where its answer may be lost: then the count of links tells.
    const std::string path = file(before.number + 1);
    const bool linked = ::link(temporary().c_str(), path.c_str()) == 0;
    const int fault = errno;
    if (linked || (::fstat(descriptor_, &status) == 0 && status.st_nlink == 2)) break;
    // Another was faster, and is found in the next round: with its claim, or, as its holder tidied up, without ours.
    if (fault != EEXIST && fault != ENOENT) fail(path, fmt::format("cannot be made: {}", link_fault(fault)));
  }
  ::unlink(temporary().c_str());
  const std::uint64_t number = before.number + 1;
  number_ = number;
  try {
    verify();
    // It had expired when it was looked at. Where its holder woke up since and renewed it before ours was there, it does not
    // know of ours yet: it will, before it writes anything half a lease later.
    if (before.number != 0 && !before.file.released)
      if (const auto now = look(folder_, before.number); now && !same_time(now->renewed, before.renewed)) {
        std::this_thread::sleep_for(std::chrono::duration<double>(before.file.lease_seconds / 2));
        verify();
      }
  } catch (const Error &) {
    const Found holder = highest_claim(folder_);
    number_ = 0;
    if (holder.number <= number) throw;
    ::unlink(file(number).c_str());
    refuse(folder_, holder.file);
  }
  for (const std::string &name : claims_in(folder_).value_or(std::vector<std::string>()))
    if (number_of(name).value_or(0) < number) // what others left before it had its name as well
      ::unlink(fmt::format("{}/{}", folder_, name).c_str());
}

void Claim::lose(const std::string &how) {
  how_lost_ = how;
  lost_ = true;
  fail(folder_, how_lost_);
}

/// Renews the claim, then looks whether it is the highest still: in this order, so that who makes a higher one sees in ours
/// that it was renewed, or we see theirs. (On NFS a change in the folder is also what makes its listing be asked for again.)
void Claim::verify() {
  const double begun = seconds_since_boot();
  const std::string path = file(number_);
  struct stat here {};
  struct stat own {};
  const bool renewed = ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0 && ::stat(path.c_str(), &here) == 0;
  if (!renewed && errno != ENOENT && errno != ENOTDIR && errno != ESTALE)
    fail(path, fmt::format("cannot be renewed: {}; without it nothing more is written here", std::strerror(errno)));
  const Found highest = highest_claim(folder_);
  if (highest.number > number_)
    lose(fmt::format("was taken over by {}, as this process had not renewed its claim for {:g} s; it writes nothing more here",
                     claimant(highest.file), own_.lease_seconds));
  if (!renewed || ::fstat(descriptor_, &own) != 0 || own.st_ino != here.st_ino || own.st_dev != here.st_dev)
    lose(fmt::format("has lost {}{}{}, by which this process held it; it writes nothing more here", kClaimPrefix, number_,
                     kClaimSuffix));
  verified_ = begun;
}

void Claim::check() {
  if (lost_) fail(folder_, how_lost_);
  const auto is_fresh = [&] { return seconds_since_boot() - verified_ <= own_.lease_seconds / 2; };
  if (is_fresh()) return;
  const std::scoped_lock lock(mutex_);
  if (lost_) fail(folder_, how_lost_);
  if (!is_fresh()) verify();
}

void Claim::renew_now_and_then() {
  const auto pause = std::chrono::duration<double>(own_.lease_seconds / 4);
  std::unique_lock lock(end_mutex_);
  while (!end_.wait_for(lock, pause, [&] { return ends_; })) {
    lock.unlock();
    try {
      const std::scoped_lock verifying(mutex_);
      if (lost_) return;
      verify();
    } catch (const Error &) {
      // Who writes next is told, or tries again.
    }
    lock.lock();
  }
}

void Claim::end_thread() {
  {
    const std::scoped_lock lock(end_mutex_);
    ends_ = true;
  }
  end_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Claim::withdraw() {
  end_thread();
  if (number_ == 0 || lost_) return;
  try {
    check();
    ::unlink(file(number_).c_str());
  } catch (const Error &) {
    // Another has it.
  }
  number_ = 0;
}

} // namespace pare::train
