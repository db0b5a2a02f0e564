// Who may write in a run's folder: one process at a time, on whatever host.

#include "train/plan/claim.hpp"

#include "base/files.hpp"
#include "tests/support.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

namespace pare::train {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::expect_message;
using test::message_of;

class Claims : public testing::Test {
protected:
  Claims() {
    std::string name = (fs::temp_directory_path() / "pare-claim-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~Claims() override { fs::remove_all(folder_); }

  const std::string &folder() const { return folder_; }
  std::string file(int number) const { return fmt::format("{}/claim-{}.json", folder_, number); }
  void write(int number, std::string_view text) const { std::ofstream(file(number), std::ios::binary) << text; }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto &entry : fs::directory_iterator(folder_)) out.push_back(entry.path().filename());
    std::sort(out.begin(), out.end());
    return out;
  }
  /// As if it had been renewed so long ago.
  void age(int number, double seconds) const {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const std::array<timespec, 2> times = {timespec{now.tv_sec - static_cast<time_t>(seconds), now.tv_nsec},
                                           timespec{now.tv_sec - static_cast<time_t>(seconds), now.tv_nsec}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file(number).c_str(), times.data(), 0), 0);
  }
  std::optional<ClaimFile> in_force(const std::string &host = {}) const {
    return claim_in_force(folder_, file_system_seconds(folder_), host);
  }
  std::string taken_by(const std::string &who) const {
    return fmt::format("[io] {}: another process is training in this folder: {}; wait for it, or take another folder", folder_,
                       who);
  }
  std::string lost_to(const std::string &who, double lease) const {
    return fmt::format(
        "[io] {}: was taken over by {}, as this process had not renewed its claim for {:g} s; it writes nothing more "
        "here",
        folder_, who, lease);
  }

private:
  std::string folder_;
};

/// One that runs `action` and then waits to be killed; true is what it says when it is there.
class Child {
public:
  explicit Child(const std::function<void()> &action) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      char there = 'n';
      try {
        action();
        there = 'y';
      } catch (...) {
      }
      if (::write(ends[1], &there, 1) == 1)
        for (;;) ::pause();
      ::_exit(1);
    }
    ::close(ends[1]);
    char there = 'n';
    is_there_ = ::read(ends[0], &there, 1) == 1 && there == 'y';
    ::close(ends[0]);
  }
  ~Child() {
    signal(SIGKILL);
    reap();
  }
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  bool is_there() const { return is_there_; }
  pid_t pid() const { return pid_; }
  void signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }
  void reap() {
    int status = 0;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = 0;
  }

private:
  pid_t pid_ = 0;
  bool is_there_ = false;
};

/// Whether a condition came true in the time that the slowest machine needs.
bool comes(const std::function<bool()> &condition) {
  for (int i = 0; i < 60'000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(1));
  return condition();
}

std::string this_host() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

TEST_F(Claims, AreHeldByOneAndReleased) {
  const std::string self = fmt::format("process {} on {}", ::getpid(), this_host());
  {
    Claim claim(folder(), {});
    EXPECT_EQ(names(), std::vector<std::string>{"claim-1.json"});
    claim.check();
    expect_message([&] { Claim second(folder(), {}); }, taken_by(self));
    expect_message([&] { Claim second(folder(), {.lease_seconds = 1, .host = "b"}); }, taken_by(self));
    EXPECT_EQ(names(), std::vector<std::string>{"claim-1.json"}) << "who was refused leaves nothing";
    EXPECT_EQ(claimant(in_force().value()), self);
  }
  // The file stays, so that numbers are not given again.
  EXPECT_EQ(names(), std::vector<std::string>{"claim-1.json"});
  EXPECT_TRUE(read_claim(test::read_text(file(1))).released);
  EXPECT_FALSE(in_force());
  const Claim again(folder(), {});
  EXPECT_EQ(names(), std::vector<std::string>{"claim-2.json"});
}

TEST_F(Claims, AreTakenAwayWithAFolderThatGoes) {
  Claim claim(folder(), {});
  claim.withdraw();
  EXPECT_TRUE(names().empty());
}

TEST_F(Claims, InAFolderThatIsGoneAreAFault) {
  expect_message(
      [&] { Claim claim(folder() + "/gone", {}); },
      fmt::format("[io] {}/gone: another process has just left this folder and taken it away; the same command again "
                  "would be accepted",
                  folder()));
  EXPECT_FALSE(claim_in_force(folder() + "/gone", 0));
}

// As text, and as what is left of one.
TEST_F(Claims, AreReadWhateverTheyAre) {
  const ClaimFile claim{
      .token = "t", .host = "a \"host\"", .pid = 7, .machine = "m", .started = 9, .lease_seconds = 2.5, .released = true};
  const ClaimFile read = read_claim(write_claim(claim));
  EXPECT_EQ(write_claim(read), write_claim(claim));
  EXPECT_EQ(claimant(read), "process 7 on a \"host\"");
  for (const char *text : {"", "{", "[]", "null", R"({"token": 1})",
                           R"({"token":"t","host":"h","pid":1,"machine":"m","started":1,"lease_seconds":1e9,"released":true})",
                           R"({"token":"t","host":"h","pid":1,"machine":"m","started":1,"lease_seconds":0,"released":true})"}) {
    EXPECT_EQ(claimant(read_claim(text)), "an unknown process") << text;
    EXPECT_EQ(read_claim(text).lease_seconds, 60) << text;
    EXPECT_FALSE(read_claim(text).released) << text;
  }
}

TEST_F(Claims, ThatCannotBeReadAreJudgedByTheirAge) {
  write(3, "");
  expect_message([&] { Claim claim(folder(), {}); }, taken_by("an unknown process"));
  age(3, 59);
  EXPECT_TRUE(in_force());
  age(3, 61);
  EXPECT_FALSE(in_force());
  const Claim claim(folder(), {});
  EXPECT_EQ(names(), std::vector<std::string>{"claim-4.json"});
}

// Dates are the file system's: one far in the future is of before its clock was set back.
TEST_F(Claims, OfTheFutureHaveExpired) {
  write(1, "");
  age(1, -30);
  EXPECT_TRUE(in_force());
  age(1, -100);
  EXPECT_FALSE(in_force());
}

TEST_F(Claims, TheHighestIsInForce) {
  write(9, write_claim({.token = "t", .host = "old", .released = true}));
  write(10, write_claim({.token = "t", .host = "b", .pid = 5}));
  for (const char *name : {"claim-.json", "claim-011.json", "claim-1x.json", "claim-99999999999999999999.json"})
    std::ofstream(folder() + "/" + name) << "";
  expect_message([&] { Claim claim(folder(), {}); }, taken_by("process 5 on b"));
  age(10, 61);
  std::ofstream(folder() + "/claim.left.tmp") << "";
  const Claim claim(folder(), {});
  EXPECT_EQ(names(), std::vector<std::string>{"claim-11.json"}) << "what others left is tidied up";
}

TEST_F(Claims, OfADeadProcessOfThisMachineAreTakenOverAtOnce) {
  std::unique_ptr<Claim> claim;
  Child child([&] { claim = std::make_unique<Claim>(folder(), ClaimOptions{}); });
  ASSERT_TRUE(child.is_there());
  expect_message([&] { Claim second(folder(), {}); }, taken_by(fmt::format("process {} on {}", child.pid(), this_host())));
  const ClaimFile of_child = in_force().value();
  child.signal(SIGKILL);
  // Before anybody has asked how it ended, and behind.
  while (in_force()) std::this_thread::sleep_for(milliseconds(1));
  // Whose machine is another's, by its name, is judged by its age alone.
  EXPECT_TRUE(in_force("elsewhere"));
  child.reap();
  EXPECT_FALSE(in_force());
  EXPECT_NO_THROW(Claim(folder(), {}));
  // Another process of its number is not it: this one began at another time.
  ClaimFile reused = of_child;
  reused.pid = ::getpid();
  reused.started -= 1000; // ticks; within one the two could have begun
  write(7, write_claim(reused));
  EXPECT_FALSE(in_force());
  reused.machine = "another boot pid:[1]";
  write(7, write_claim(reused));
  EXPECT_TRUE(in_force());
}

// As a file server's listing of before has one, or a link that leads nowhere.
TEST_F(Claims, ThatAreListedAndNotThereAreAFault) {
  fs::create_symlink("nowhere", file(3));
  const std::string said = fmt::format("[io] {}: is in the folder's listing, and there is no such file; the folder without it, "
                                       "or the same command when the listing is up to date would be accepted",
                                       file(3));
  expect_message([&] { in_force(); }, said);
  expect_message([&] { Claim claim(folder(), {}); }, said);
  EXPECT_EQ(names(), std::vector<std::string>{"claim-3.json"});
}

TEST_F(Claims, NeedAFileSystemWithHardLinks) {
  EXPECT_EQ(link_fault(EPERM), "Operation not permitted; a folder on a file system with hard links would be accepted");
  EXPECT_EQ(link_fault(ENOTSUP), "Operation not supported; a folder on a file system with hard links would be accepted");
  EXPECT_EQ(link_fault(ENOSPC), "No space left on device");
}

TEST_F(Claims, AreReleasedWhereNoThreadCanRenewThem) {
  pthread_attr_t before;
  pthread_attr_t huge;
  ASSERT_EQ(::pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(::pthread_attr_init(&huge), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&huge, std::size_t{1} << 47), 0); // more than there are addresses
  ASSERT_EQ(::pthread_setattr_default_np(&huge), 0);
  EXPECT_THROW(Claim(folder(), {}), std::system_error);
  ASSERT_EQ(::pthread_setattr_default_np(&before), 0);
  EXPECT_EQ(names(), std::vector<std::string>{"claim-1.json"});
  EXPECT_TRUE(read_claim(test::read_text(file(1))).released);
  sigset_t held_back;
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, nullptr, &held_back), 0);
  EXPECT_EQ(::sigismember(&held_back, SIGTERM), 0);
}

TEST_F(Claims, ExpireAndTheirHolderWritesNothingMore) {
  constexpr double kLease = 2; // renewed four times as often
  const std::string other = fmt::format("process {} on b", ::getpid());
  std::string first_check;
  const std::string report = folder() + "/report";
  Child child([&] {
    static Claim claim(folder(), {.lease_seconds = kLease, .host = "a"});
    std::thread([&, report] {
      // It asks, as before each write, until it is told.
      std::string said;
      while ((said = message_of([&] { claim.check(); })) == "no error") std::this_thread::sleep_for(milliseconds(1));
      std::ofstream(report + ".part") << said;
      fs::rename(report + ".part", report);
    }).detach();
  });
  ASSERT_TRUE(child.is_there());
  // It is renewed while its holder lives.
  const auto begun = fs::last_write_time(file(1));
  ASSERT_TRUE(comes([&] { return fs::last_write_time(file(1)) != begun; }));
  expect_message([&] { Claim claim(folder(), {.host = "b"}); }, taken_by(fmt::format("process {} on a", child.pid())));
  child.signal(SIGSTOP);
  ASSERT_TRUE(comes([&] { return !in_force(); }));
  {
    Claim claim(folder(), {.lease_seconds = kLease, .host = "b"});
    child.signal(SIGCONT);
    ASSERT_TRUE(comes([&] { return fs::exists(report); }));
    EXPECT_EQ(test::read_text(report), lost_to(other, kLease));
    claim.check();
  }
  EXPECT_TRUE(read_claim(test::read_text(file(2))).released);
}

TEST_F(Claims, ThatWereTakenAwayAreLost) {
  {
    Claim claim(folder(), {.lease_seconds = 0.5});
    fs::remove(file(1));
    std::string said;
    while ((said = message_of([&] { claim.check(); })) == "no error") std::this_thread::sleep_for(milliseconds(1));
    const std::string lost =
        fmt::format("[io] {}: has lost claim-1.json, by which this process held it; it writes nothing more here", folder());
    EXPECT_EQ(said, lost);
    expect_message([&] { claim.check(); }, lost);
  }
  EXPECT_TRUE(names().empty()) << "nothing is released that is not held";
  // Nor is another's of the same number taken for one's own.
  Claim claim(folder(), {.lease_seconds = 0.5});
  fs::rename(file(1), folder() + "/aside");
  write(1, "{}");
  while (message_of([&] { claim.check(); }) == "no error") std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(test::read_text(file(1)), "{}");
}

// Threads and processes that want the same folder again and again: whoever holds it makes a file that must not be there.
TEST_F(Claims, AreHeldByOneAtATimeHoweverManyWantThem) {
  constexpr int kProcesses = 2;
  constexpr int kThreads = 2;
  constexpr int kRounds = 250; // a thousand in all
  const std::string marker = folder() + "/held";
  const auto contend = [&]() -> bool {
    std::atomic<bool> good = true;
    const auto one = [&] {
      for (int held = 0; held < kRounds;) {
        try {
          Claim claim(folder(), {});
          const int file = ::open(marker.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
          if (file < 0) good = false;
          ::close(file);
          claim.check();
          std::this_thread::yield();
          if (::unlink(marker.c_str()) != 0) good = false;
          ++held;
        } catch (const Error &error) {
          if (error.code() != ErrorCode::kIo) good = false;
          std::this_thread::sleep_for(milliseconds(1)); // or most of the time goes into being refused
        }
      }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(one);
    for (std::thread &thread : threads) thread.join();
    return good;
  };
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(contend() ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "two held it at once";
  }
  EXPECT_EQ(names(), (std::vector<std::string>{fmt::format("claim-{}.json", kProcesses * kThreads * kRounds)}));
}

// The same of claims that have expired, by threads that are all let go at once.
TEST_F(Claims, ThatExpiredHaveOneSuccessor) {
  for (int round = 0; round < 200; ++round) {
    const int number = 1000 + 10 * round;
    write(number, "");
    age(number, 100);
    std::atomic<int> held = 0;
    std::atomic<bool> go = false;
    std::vector<std::unique_ptr<Claim>> claims(4);
    std::vector<std::thread> threads;
    for (auto &claim : claims)
      threads.emplace_back([&] {
        while (!go) std::this_thread::yield();
        try {
          claim = std::make_unique<Claim>(folder(), ClaimOptions{.host = "b"});
          ++held;
        } catch (const Error &) {
        }
      });
    go = true;
    for (std::thread &thread : threads) thread.join();
    ASSERT_EQ(held, 1) << round;
    EXPECT_EQ(names(), std::vector<std::string>{fmt::format("claim-{}.json", number + 1)});
  }
}

} // namespace
} // namespace pare::train
