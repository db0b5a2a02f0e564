#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace pare::train {

/// Seconds for which a claim holds after it was last renewed.
inline constexpr double kLeaseSeconds = 60;
inline constexpr double kShortestLease = 0.5;
inline constexpr double kLongestLease = 86'400;

struct ClaimOptions {
  double lease_seconds = kLeaseSeconds;
  /// Instead of this machine's name. Claims of the same machine are then judged as those of another: by their age alone.
  std::string host = {};
};

/// What a claim's file says of who has the folder.
struct ClaimFile {
  std::string token = {}; ///< random, of this claim alone
  std::string host = {};  ///< empty: unknown
  std::int64_t pid = 0;
  std::string machine = {}; ///< boot and pid namespace, in which the pid means something; empty: nobody can tell
  std::int64_t started = 0; ///< when the process began, in ticks since the boot: pids are given again
  double lease_seconds = kLeaseSeconds;
  bool released = false;
};
std::string write_claim(const ClaimFile &claim);
/// A text that is none, such as half of one, is the claim of somebody unknown, of the standard lease.
ClaimFile read_claim(std::string_view json);

/// Who has a folder, for messages: "process 123 on host".
std::string claimant(const ClaimFile &claim);

/// What this machine is called in claims where nothing else is said.
std::string host_name();

/// The time by which the file system of a folder dates its files, in seconds: clocks of hosts differ. This machine's own where
/// nothing can be written there.
double file_system_seconds(const std::string &folder);

/// The claim that is in force in a folder, if there is one. `now_seconds`: file_system_seconds(). Throws Error{kIo} where the
/// folder cannot be listed; one that is not there has none.
std::optional<ClaimFile> claim_in_force(const std::string &folder, double now_seconds, const std::string &host = {});

/// Whether a file of a run's folder is a claim, or what is left of one.
bool is_claim(std::string_view name);

/// The right to write in a folder, held by one process at a time, on whatever host: train/plan/README.md says how. A thread
/// renews it while this lives; then it is released.
class Claim {
public:
  /// Throws Error{kIo} where another holds it.
  Claim(std::string folder, const ClaimOptions &options);
  ~Claim();
  Claim(const Claim &) = delete;
  Claim &operator=(const Claim &) = delete;

  /// To be asked before each write. Costs nothing where the claim was renewed a moment ago. Throws Error{kIo} where it was
  /// lost, as the process was stopped for longer than its lease: nothing may be written then.
  void check();

  /// Takes the claim's file away, for a folder that shall go with it. Nothing may be written behind it.
  void withdraw();

private:
  void take();
  void verify();
  void release();
  [[noreturn]] void lose(const std::string &how);
  void end_thread();
  void renew_now_and_then();
  std::string file(std::uint64_t number) const;
  std::string temporary() const;
  bool write_temporary(const ClaimFile &claim, int &descriptor) const;

  std::string folder_;
  ClaimFile own_;
  std::uint64_t number_ = 0;
  int descriptor_ = -1;              ///< of its file, so that no other gets its inode
  std::atomic<double> verified_ = 0; ///< when it was known to be held, in seconds since the boot
  std::atomic<bool> lost_ = false;
  std::string how_lost_; ///< written once, before `lost_`
  std::mutex mutex_;     ///< of who verifies
  std::mutex end_mutex_;
  std::condition_variable end_;
  bool ends_ = false;
  std::thread thread_;
};

} // namespace pare::train
