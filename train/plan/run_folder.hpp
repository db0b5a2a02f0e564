#pragma once

#include "train/plan/claim.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::train {

/// Throws Error{kIo} where a folder holds files and no run.json, as that of something else, or half of a copied run.
void check_run_folder(const std::string &path);

/// The folder of a run: run.json, metrics.jsonl, a TensorBoard event file, log, checkpoints, weights.safetensors. While it is
/// open no other process, on whatever host, can open it: it holds the folder's claim, and whatever it writes throws Error{kIo}
/// once that is lost.
class RunFolder {
public:
  /// Makes the folder where there is none; it goes again with this where nothing was written to it. Throws Error{kIo}, also
  /// where it is another process's, or holds files and no run.
  explicit RunFolder(std::string path, const ClaimOptions &claim = {});
  ~RunFolder();
  RunFolder(const RunFolder &) = delete;
  RunFolder &operator=(const RunFolder &) = delete;

  const std::string &path() const { return path_; }
  std::string file(std::string_view name) const;
  bool has(std::string_view name) const;

  /// Throws Error{kIo} where another has taken the folder over.
  void check() const { claim_->check(); }
  /// Writes a file whole or not at all.
  void write(std::string_view name, std::string_view text) const;
  /// The same for what people are told: nobody waits until it is on the disk, and where it cannot be written it is not.
  void note(std::string_view name, std::string_view text) const;
  /// Takes one away where it is there.
  void remove(std::string_view name) const;

  /// How long the files that grow are, in bytes.
  struct Lengths {
    std::int64_t metrics = 0;
    std::int64_t events = 0;
  };
  Lengths lengths() const;
  /// Cuts them back to what they were. Throws Error{kIo} where they are shorter.
  void cut_back(const Lengths &lengths);

  /// Waits until they are on the disk: a checkpoint that says how long they are must not be there before them.
  void flush() const;

  /// A line of metrics.jsonl, and the same scalars as an event.
  void metrics(const std::string &json, std::int64_t step, const std::vector<std::pair<std::string, float>> &scalars);
  /// A line of the log, with the time.
  void log(std::string_view line);

private:
  std::string path_;
  bool is_new_ = false; ///< made by this
  std::unique_ptr<Claim> claim_;
};

} // namespace pare::train
