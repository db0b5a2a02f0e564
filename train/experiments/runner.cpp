#include "train/experiments/runner.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "formats/tensor_file.hpp"
#include "train/experiments/run_check.hpp"
#include "train/plan/run_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <unordered_map>

namespace pare::train {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kPause{20};        ///< between looks at whether a process has ended
constexpr std::chrono::milliseconds kLookAround{1000}; ///< between looks into folders
constexpr int kCannotRun = 127;                        ///< what a shell says of a program that is not there
constexpr int kUsageFault = 2;                         ///< the same words would be refused again
constexpr std::size_t kLines = 5;                      ///< of what a failed run said last
constexpr std::size_t kLineBytes = 500;

/// Where an experiment stands, for this runner.
enum class Phase : std::uint8_t {
  kPending, ///< its teacher is not done yet
  kReady,
  kRunning,   ///< here
  kElsewhere, ///< by another process
  kEnded,     ///< nothing more is done about it now
};

struct Child {
  std::size_t experiment;
  std::size_t slot;
  pid_t pid;
  fs::file_time_type result_date; ///< of result.json when it was started
};

/// How a process ended, for people.
std::string ended_text(int status) {
  if (WIFEXITED(status)) return fmt::format("exit status {}", WEXITSTATUS(status));
  return fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status))); // NOLINT(concurrency-mt-unsafe)
}

/// The last lines of a file, without empty ones.
std::vector<std::string> last_lines(const std::string &path) {
  constexpr std::streamoff kPages = 1 << 14;
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  const std::streamoff length = in ? std::streamoff(in.tellg()) : -1;
  if (length < 0) return {};
  in.seekg(std::max<std::streamoff>(0, length - kPages));
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) out.push_back(shortened(one_line(line), kLineBytes));
  out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(std::min(out.size(), kLines)));
  return out;
}

class Runner {
public:
  Runner(const Schedule &schedule, const RunnerOptions &options, RunnerListener &listener);
  ~Runner();
  Runner(const Runner &) = delete;
  Runner &operator=(const Runner &) = delete;

  std::vector<RunStatus> run();

private:
  const Experiment &experiment(std::size_t i) const { return schedule_.experiments[i]; }
  const std::string &folder(std::size_t i) const { return folders_[i]; }
  std::string file(std::size_t i, std::string_view name) const { return fmt::format("{}/{}", folder(i), name); }
  bool has(std::size_t i, std::string_view name) const {
    std::error_code ignored;
    return fs::exists(file(i, name), ignored);
  }
  fs::file_time_type result_date(std::size_t i) const {
    std::error_code none;
    return fs::last_write_time(file(i, "result.json"), none);
  }
  RunStatus look(std::size_t i) const { return run_status(folder(i), file_system_seconds(options_.runs), options_.claim.host); }
  void check_folder(std::size_t i) const;
  RecordedExperiment recorded(std::size_t i, const RunFile &run, const std::string &path) const;
  void scan();
  void consider(std::size_t i);
  void end(std::size_t i, RunStatus status, const std::string &said);
  void fail(std::size_t i, const RunFailure &failure);
  void set_elsewhere(std::size_t i, RunStatus status);
  std::string here(const std::string &data) const;
  void write_run_file(std::size_t i, const std::string &device);
  RunConfig checked_run(std::size_t i);
  void fill();
  void start(std::size_t i, std::size_t slot);
  void reap();
  void ended(const Child &child, int how);
  void look_around();
  void stop();
  void say(std::size_t i, const std::string &what) const;

  const Schedule &schedule_;
  const RunnerOptions &options_;
  RunnerListener &listener_;
  std::map<std::string, std::string> places_; ///< of data here, by their kind
  std::unordered_map<std::string_view, std::size_t> by_identity_;
  std::vector<std::vector<std::size_t>> students_;
  std::vector<std::string> folders_;
  std::vector<RunStatus> statuses_;
  std::vector<Phase> phases_;
  std::vector<std::int64_t> attempts_; ///< since it got further
  std::vector<std::int64_t> reached_;  ///< the step at which the last attempt ended
  std::set<std::size_t> ready_;        ///< in the order of the schedule
  std::set<std::size_t> elsewhere_;
  std::vector<Child> children_;
  std::set<std::size_t> free_slots_;
  std::map<std::size_t, std::string> digests_; ///< of teachers' weights
  Identities identities_;
  std::size_t done_ = 0;
  std::size_t ended_ = 0;
  Clock::time_point next_look_;
};

Runner::Runner(const Schedule &schedule, const RunnerOptions &options, RunnerListener &listener)
    : schedule_(schedule), options_(options), listener_(listener), students_(schedule.experiments.size()),
      statuses_(schedule.experiments.size()), phases_(schedule.experiments.size()), attempts_(schedule.experiments.size()),
      reached_(schedule.experiments.size()) {
  for (const std::string &spec : options.data) {
    const auto [kind, folder] = parse_data_spec(spec);
    if (std::none_of(schedule.data.begin(), schedule.data.end(),
                     [&, wanted = std::string_view(kind)](const ScheduledData &data) {
                       return parse_data_spec(data.spec).first == wanted;
                     }))
      throw Error(ErrorCode::kUsage, "--data",
                  fmt::format("{} is of a kind that no experiment is trained on; that of one, or no --data would be accepted",
                              shown(spec)));
    if (!places_.emplace(kind, kind + ":" + folder).second)
      throw Error(ErrorCode::kUsage, "--data", fmt::format("{} is given twice", kind));
  }
  for (std::size_t i = 0; i < statuses_.size(); ++i) {
    by_identity_.emplace(experiment(i).identity, i);
    if (!experiment(i).teacher.empty()) students_[by_identity_.at(experiment(i).teacher)].push_back(i);
  }
  for (std::int64_t slot = 0; slot < options.jobs; ++slot) free_slots_.insert(static_cast<std::size_t>(slot));
}

/// Nothing that was started is left behind, whatever is thrown.
Runner::~Runner() {
  for (const Child &child : children_) {
    ::kill(-child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
  }
}

void Runner::say(std::size_t i, const std::string &what) const {
  listener_.line(one_line(fmt::format("{}/{} done  {}: {}", done_, statuses_.size(), experiment(i).name, what)));
}

/// That the run in a folder says that it is the experiment of the schedule. Quick, so that all are looked at before any starts.
void Runner::check_folder(std::size_t i) const {
  if (!has(i, "run.json")) return;
  const std::string path = file(i, "run.json");
  const std::string text = read_text(path, path);
  // As it is written. Where that is not there the whole is read, which may hold a network's document.
  if (text.find(fmt::format("\"identity\": \"{}\"", experiment(i).identity)) != std::string::npos) return;
  recorded(i, read_run(text, path), path);
}

/// What a run says of its experiment, which must be that of the schedule.
RecordedExperiment Runner::recorded(std::size_t i, const RunFile &run, const std::string &path) const {
  const auto recorded = recorded_experiment(run, path);
  if (recorded && recorded->identity == experiment(i).identity) return *recorded;
  throw Error(ErrorCode::kInvalidConfig, folder(i),
              fmt::format("holds {}, and in the schedule it is that of {} ({}); another folder for the runs, or the schedule "
                          "that it was begun with would be accepted",
                          recorded ? fmt::format("the run of {} ({})", recorded->name, recorded->identity)
                                   : std::string("a run that was started by hand"),
                          experiment(i).name, experiment(i).identity));
}

/// What is there already is left as it is.
void Runner::scan() {
  for (std::size_t i = 0; i < statuses_.size(); ++i) {
    try {
      check_folder(i);
    } catch (const Error &error) {
      if (error.code() == ErrorCode::kInvalidConfig) throw;
      // A file that is damaged or cannot be read is its own run's failure, when that is to be started.
    }
  }
  const double now = file_system_seconds(options_.runs);
  for (std::size_t i = 0; i < statuses_.size(); ++i) {
    RunStatus status = run_status(folder(i), now, options_.claim.host);
    if (status.state == RunState::kDone || status.state == RunState::kDiverged) {
      phases_[i] = Phase::kEnded;
      ++ended_;
      done_ += status.state == RunState::kDone ? 1 : 0;
    } else if (status.state == RunState::kRunning) {
      set_elsewhere(i, status);
    }
    statuses_[i] = std::move(status);
  }
  for (std::size_t i = 0; i < statuses_.size(); ++i) consider(i);
}

/// Whether it can be run, or never will be, now that its teacher has ended.
void Runner::consider(std::size_t i) {
  if (phases_[i] != Phase::kPending) return;
  const bool is_alone = experiment(i).teacher.empty();
  const std::size_t teacher = is_alone ? i : by_identity_.at(experiment(i).teacher);
  if (is_alone || statuses_[teacher].state == RunState::kDone) {
    phases_[i] = Phase::kReady;
    ready_.insert(i);
  } else if (phases_[teacher] == Phase::kEnded) {
    RunStatus waiting;
    waiting.state = RunState::kWaiting;
    waiting.reason = fmt::format("its teacher {} is not done", experiment(teacher).name);
    end(i, waiting, "cannot be run: " + waiting.reason);
  }
}

void Runner::end(std::size_t i, RunStatus status, const std::string &said) {
  done_ += status.state == RunState::kDone ? 1 : 0;
  ++ended_;
  phases_[i] = Phase::kEnded;
  statuses_[i] = std::move(status);
  say(i, said);
  for (const std::size_t student : students_[i]) consider(student);
}

/// How a run ended, for people.
std::string end_text(const RunStatus &status) {
  switch (status.state) {
  case RunState::kDone:
    return status.top1_error_percent ? fmt::format("done, validation error {:.2f} %", *status.top1_error_percent) : "done";
  case RunState::kDiverged: return "diverged: " + status.reason;
  case RunState::kOutOfMemory: return "out of memory: " + status.reason;
  case RunState::kFailed: return "failed: " + status.reason;
  case RunState::kMissing:
  case RunState::kWaiting:
  case RunState::kRunning:
  case RunState::kUnfinished: break;
  }
  return std::string(name_of(kRunStates, status.state));
}

void Runner::fail(std::size_t i, const RunFailure &failure) {
  try {
    write_file(file(i, kFailureFile), write_failure(failure));
  } catch (const Error &) {
    // It is said all the same, and tried anew next time.
  }
  RunStatus status = statuses_[i];
  status.state = RunState::kFailed;
  status.reason = failure_text(failure);
  end(i, status, end_text(status));
}

void Runner::set_elsewhere(std::size_t i, RunStatus status) {
  phases_[i] = Phase::kElsewhere;
  elsewhere_.insert(i);
  say(i, fmt::format("is trained by {}", status.claimant));
  statuses_[i] = std::move(status);
}

/// Where images lie here.
std::string Runner::here(const std::string &data) const {
  const auto place = places_.find(parse_data_spec(data).first);
  return place == places_.end() ? data : place->second;
}

/// What the machine decides is decided now, and stays: another number of threads would change the last bits. Where another
/// runner does the same, the first one's is the run's.
void Runner::write_run_file(std::size_t i, const std::string &device) {
  const Experiment &e = experiment(i);
  RunConfig config = run_config_of(schedule_, e);
  config.device = device;
  config.threads = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::thread::hardware_concurrency()) / options_.jobs);
  config.data = here(config.data);
  if (!e.teacher.empty()) {
    const std::size_t teacher = by_identity_.at(e.teacher);
    std::string &known = digests_[teacher];
    if (known.empty()) {
      const std::string weights = file(teacher, "weights.safetensors");
      formats::read_tensor_file(weights); // half of a copied file must not become the teacher for good
      known = digest_of_file(weights);
    }
    config.teacher->file = fmt::format("../{}/weights.safetensors", fs::path(folder(teacher)).filename().string());
    config.teacher->checksum = known;
  }
  // The trainer compares the data with the fingerprint that it finds in the record.
  const json::Value record = {{"data_fingerprint", schedule_.data[e.data].fingerprint}};
  create_file(file(i, "run.json"), write_run({.config = config, .record = with_experiment(record.dump(), e)}));
}

/// The run in a folder, which is about to go on: nothing is trained that is another experiment than it says, as its result
/// would be refused.
RunConfig Runner::checked_run(std::size_t i) {
  const std::string path = file(i, "run.json");
  RunFile run = read_run(read_text(path, path), path);
  check_run(run, recorded(i, run, path), schedule_, experiment(i), identities_, folder(i));
  return std::move(run.config);
}

void Runner::fill() {
  while (!free_slots_.empty() && !ready_.empty()) {
    const std::size_t i = *ready_.begin();
    ready_.erase(ready_.begin());
    // Another runner may have come first.
    RunStatus status = look(i);
    if (status.state == RunState::kRunning) {
      set_elsewhere(i, std::move(status));
    } else if (status.state == RunState::kDone || status.state == RunState::kDiverged) {
      const std::string said = end_text(status);
      end(i, std::move(status), said);
    } else {
      const bool goes_on = status.state == RunState::kUnfinished && status.step;
      statuses_[i] = std::move(status);
      try {
        start(i, *free_slots_.begin());
        say(i, goes_on ? "goes on" : "started");
      } catch (const Error &error) {
        RunStatus failed;
        failed.state = RunState::kFailed;
        failed.reason = error.what();
        end(i, failed, end_text(failed));
      }
    }
  }
}

/// A descriptor of a file, closed behind it.
struct Opened {
  int value;
  Opened(const std::string &path, int flags) : value(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (value < 0) throw Error(ErrorCode::kIo, path, fmt::format("cannot be opened: {}", std::strerror(errno)));
  }
  ~Opened() { ::close(value); }
  Opened(const Opened &) = delete;
  Opened &operator=(const Opened &) = delete;
};

constexpr std::array kEndingSignals = {SIGINT, SIGTERM, SIGHUP};

/// Holds back the signals that end a program while a process is started: one that came between fork() and exec() would be taken
/// down by our handler in the child, and be forgotten by exec().
class EndHeldBack {
public:
  EndHeldBack() {
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int signal : kEndingSignals) ::sigaddset(&ending, signal);
    ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
  }
  ~EndHeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EndHeldBack(const EndHeldBack &) = delete;
  EndHeldBack &operator=(const EndHeldBack &) = delete;

  /// In the child: they end it from now on, but for those that are ignored, as nohup has it.
  void let_end() const {
    for (const int signal : kEndingSignals) {
      struct sigaction action = {};
      if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) std::signal(signal, SIG_DFL);
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

private:
  sigset_t before_;
};

bool is_cuda(const std::string &device) { return device.starts_with("cuda"); }

void Runner::start(std::size_t i, std::size_t slot) {
  std::error_code fault;
  fs::create_directories(folder(i), fault);
  if (fault) throw Error(ErrorCode::kIo, folder(i), fmt::format("cannot be made: {}", fault.message()));
  check_run_folder(folder(i));
  const std::string &device = options_.devices[slot % options_.devices.size()];
  if (!has(i, "run.json")) write_run_file(i, device);
  const RunConfig config = checked_run(i);
  fs::remove(file(i, kFailureFile), fault);

  std::vector<std::string> words = {
      options_.trainer, "resume", folder(i), "--lease", fmt::format("{}", options_.claim.lease_seconds), "--quiet"};
  // A run stays on the kind of device that it was started on, or its last bits would change.
  if (is_cuda(config.device) == is_cuda(device)) words.insert(words.end(), {"--device", device});
  if (const auto place = places_.find(parse_data_spec(config.data).first); place != places_.end())
    words.insert(words.end(), {"--data", place->second});
  if (!options_.claim.host.empty()) words.insert(words.end(), {"--host", options_.claim.host});
  std::vector<char *> argv;
  for (std::string &word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const Opened input("/dev/null", O_RDONLY);
  const Opened output(file(i, "output.log"), O_WRONLY | O_CREAT | O_APPEND);
  const fs::file_time_type date = result_date(i);

  const pid_t parent = ::getpid();
  const EndHeldBack held_back;
  const pid_t child = ::fork();
  if (child < 0) throw Error(ErrorCode::kIo, options_.trainer, fmt::format("cannot be started: {}", std::strerror(errno)));
  if (child == 0) { // nothing here may allocate memory
    // A group of its own: Ctrl-C is the runner's, which lets its runs save. And no trainer stays behind one that was killed.
    ::setpgid(0, 0);
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) ::_exit(kCannotRun);
    ::dup2(input.value, STDIN_FILENO);
    ::dup2(output.value, STDOUT_FILENO);
    ::dup2(output.value, STDERR_FILENO);
    held_back.let_end();
    ::execv(argv[0], argv.data());
    constexpr std::string_view kSaid = "the trainer cannot be run\n";
    (void)write_all(STDERR_FILENO, kSaid);
    ::_exit(kCannotRun);
  }
  ::setpgid(child, child); // whoever is first
  children_.push_back({.experiment = i, .slot = slot, .pid = child, .result_date = date});
  free_slots_.erase(slot);
  phases_[i] = Phase::kRunning;
}

void Runner::reap() {
  for (std::size_t at = 0; at < children_.size();) {
    int how = 0;
    const pid_t answer = ::waitpid(children_[at].pid, &how, WNOHANG);
    if (answer == 0 || (answer < 0 && errno == EINTR)) { // any other fault: there is no such process any more
      ++at;
      continue;
    }
    const Child child = children_[at];
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(at));
    free_slots_.insert(child.slot);
    ended(child, how);
  }
}

void Runner::ended(const Child &child, int how) {
  const std::size_t i = child.experiment;
  RunStatus status = look(i);
  const bool is_of_now = result_date(i) != child.result_date;
  if (status.state == RunState::kDone || status.state == RunState::kDiverged ||
      (status.state == RunState::kOutOfMemory && is_of_now)) {
    const std::string said = end_text(status);
    return end(i, std::move(status), said);
  }
  // Another's trainer was faster, or took it over; or it is the claim of the dead one still, as nobody may judge it but by its
  // age.
  const bool is_claimed = status.state == RunState::kRunning;
  const std::string &host = options_.claim.host;
  if (is_claimed && status.claimant != claimant({.host = host.empty() ? host_name() : host, .pid = child.pid}))
    return set_elsewhere(i, std::move(status));
  const std::int64_t step = status.step.value_or(0);
  if (step > reached_[i]) attempts_[i] = 0;
  reached_[i] = step;
  statuses_[i] = std::move(status);
  const RunFailure failure{.attempts = ++attempts_[i], .ended = ended_text(how), .lines = last_lines(file(i, "output.log"))};
  const bool is_refused = WIFEXITED(how) && (WEXITSTATUS(how) == kUsageFault || WEXITSTATUS(how) == kCannotRun);
  if (is_refused || attempts_[i] > options_.retries) return fail(i, failure);
  phases_[i] = is_claimed ? Phase::kElsewhere : Phase::kReady;
  (is_claimed ? elsewhere_ : ready_).insert(i);
  say(i, fmt::format("{}; it goes on ({} of {} retries)", failure.ended, attempts_[i], options_.retries));
}

/// Into the folders of what runs, here to tell how far it is, and elsewhere to know when that has ended, or who trained it is
/// gone.
void Runner::look_around() {
  const auto now = Clock::now();
  if (now < next_look_) return;
  next_look_ = now + kLookAround;
  const double seconds = file_system_seconds(options_.runs);
  for (const std::size_t i : std::set<std::size_t>(elsewhere_)) {
    RunStatus status = run_status(folder(i), seconds, options_.claim.host);
    if (status.state == RunState::kRunning) {
      statuses_[i] = std::move(status);
      continue;
    }
    elsewhere_.erase(i);
    if (status.state == RunState::kMissing || status.state == RunState::kUnfinished) {
      phases_[i] = Phase::kReady;
      ready_.insert(i);
    } else {
      const std::string said = end_text(status);
      end(i, std::move(status), said);
    }
  }
  std::vector<RunnerListener::Row> rows;
  for (const Child &child : children_) {
    statuses_[child.experiment] = run_status(folder(child.experiment), seconds, options_.claim.host);
    rows.push_back({.name = experiment(child.experiment).name, .status = &statuses_[child.experiment]});
  }
  for (const std::size_t i : elsewhere_) rows.push_back({.name = experiment(i).name, .status = &statuses_[i]});
  listener_.show(ended_, statuses_.size(), rows);
}

/// Lets all that runs here save and end.
void Runner::stop() {
  for (const Child &child : children_) ::kill(-child.pid, SIGTERM);
  while (!children_.empty()) {
    const Child child = children_.back();
    while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    children_.pop_back();
    statuses_[child.experiment] = look(child.experiment);
  }
}

std::vector<RunStatus> Runner::run() {
  std::error_code fault;
  fs::create_directories(options_.runs, fault);
  if (fault) throw Error(ErrorCode::kIo, options_.runs, fmt::format("cannot be made: {}", fault.message()));
  std::signal(SIGCHLD, SIG_DFL); // where it is ignored, nobody is told how a process ended
  folders_ = run_folders(options_.runs, schedule_);
  scan();
  while (listener_.signal() == 0) {
    reap();
    look_around();
    fill();
    if (children_.empty() && elsewhere_.empty() && ready_.empty()) break;
    std::this_thread::sleep_for(kPause);
  }
  stop();
  return statuses_;
}

} // namespace

std::vector<RunStatus> run_schedule(const Schedule &schedule, const RunnerOptions &options, RunnerListener &listener) {
  return Runner(schedule, options, listener).run();
}

} // namespace pare::train
