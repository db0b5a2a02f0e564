#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pare::train {

/// Some twenty steps of an epoch are written down. What a student has beside its loss, others have not.
struct StepRecord {
  std::int64_t step = 0; ///< steps done
  std::int64_t epoch = 0;
  double loss = 0;
  std::optional<double> cross_entropy;
  std::optional<double> kd;        ///< of distillation from logits
  std::optional<double> attention; ///< of attention transfer
};

/// What an epoch came to. Errors are in percent.
struct EpochRecord {
  std::int64_t epoch = 0; ///< from 0
  std::int64_t step = 0;  ///< steps done
  double learning_rate = 0;
  struct Training {
    double loss = 0;
    double cross_entropy = 0;
    std::optional<double> kd;
    std::optional<double> attention;
    double top1_error_percent = 0;
    double top5_error_percent = 0;
  } train;
  struct Validation {
    double loss = 0;
    double top1_error_percent = 0;
    double top5_error_percent = 0;
    std::optional<double> ema_loss = {}; ///< of the average of the weights, where there is one
    std::optional<double> ema_top1_error_percent = {};
    std::optional<double> ema_top5_error_percent = {};
  } validation;
  bool synthetic = false; ///< the images
};

/// A field of a record: files and TensorBoard's scalars are made from these lists.
struct RecordField {
  std::string_view key;         ///< a dot leads into an object of the line
  std::string_view scalar = {}; ///< what TensorBoard calls it; empty: it is not shown there
};

template <class Record, class Visit>
requires std::same_as<std::remove_const_t<Record>, StepRecord>
void visit_fields(Record &r, Visit &&visit) {
  visit(RecordField{"step"}, r.step);
  visit(RecordField{"epoch"}, r.epoch);
  visit(RecordField{"loss", "step/loss"}, r.loss);
  visit(RecordField{"cross_entropy", "step/cross_entropy"}, r.cross_entropy);
  visit(RecordField{"kd", "step/kd"}, r.kd);
  visit(RecordField{"attention", "step/attention"}, r.attention);
}

template <class Record, class Visit>
requires std::same_as<std::remove_const_t<Record>, EpochRecord>
void visit_fields(Record &r, Visit &&visit) {
  visit(RecordField{"epoch"}, r.epoch);
  visit(RecordField{"step"}, r.step);
  visit(RecordField{"learning_rate", "epoch/learning_rate"}, r.learning_rate);
  visit(RecordField{"train.loss", "epoch/train_loss"}, r.train.loss);
  visit(RecordField{"train.cross_entropy"}, r.train.cross_entropy);
  visit(RecordField{"train.kd"}, r.train.kd);
  visit(RecordField{"train.attention"}, r.train.attention);
  visit(RecordField{"train.top1_error_percent", "epoch/train_top1_error"}, r.train.top1_error_percent);
  visit(RecordField{"train.top5_error_percent"}, r.train.top5_error_percent);
  visit(RecordField{"validation.loss", "epoch/validation_loss"}, r.validation.loss);
  visit(RecordField{"validation.top1_error_percent", "epoch/validation_top1_error"}, r.validation.top1_error_percent);
  visit(RecordField{"validation.top5_error_percent", "epoch/validation_top5_error"}, r.validation.top5_error_percent);
  visit(RecordField{"validation.ema_loss", "epoch/validation_ema_loss"}, r.validation.ema_loss);
  visit(RecordField{"validation.ema_top1_error_percent", "epoch/validation_ema_top1_error"},
        r.validation.ema_top1_error_percent);
  visit(RecordField{"validation.ema_top5_error_percent"}, r.validation.ema_top5_error_percent);
  visit(RecordField{"synthetic"}, r.synthetic);
}

/// A line of metrics.jsonl, without its end.
std::string write_record(const StepRecord &record);
std::string write_record(const EpochRecord &record);
/// What of it TensorBoard shows.
std::vector<std::pair<std::string, float>> scalars(const StepRecord &record);
std::vector<std::pair<std::string, float>> scalars(const EpochRecord &record);

/// The epochs in the text of a metrics.jsonl, in order. A last line that was cut short is passed over: the run was killed
/// while it was written, and will be cut back. Throws Error{kInvalidFile} placed at `where` and the line.
std::vector<EpochRecord> read_epochs(std::string_view text, const std::string &where);

} // namespace pare::train
