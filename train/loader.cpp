#include "train/loader.hpp"

#include "base/error.hpp"
#include "train/torch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace pare::train {

namespace {

/// Images that a worker takes at a time: few, so that a batch is done soon and nobody waits long at its end; not one, so that
/// small images are not all locking.
constexpr std::size_t kTake = 8;

[[noreturn]] void fail(const char *field, const std::string &message) {
  throw Error{ErrorCode::kInvalidConfig, fmt::format("loader.{}", field), message};
}

} // namespace

struct Loader::State {
  /// A batch on its way. What a worker writes goes to rows of its own; the rest is under the mutex.
  struct Slot {
    Batch batch;
    std::int64_t epoch = 0;
    std::vector<std::int64_t> indices; ///< of its images
    float *images = nullptr;
    std::int64_t *labels = nullptr;
    std::size_t issued = 0;   ///< images that were given out to be made
    std::size_t finished = 0; ///< images that are done, or failed
    std::size_t failed_at = SIZE_MAX;
    std::exception_ptr error; ///< of image failed_at, the first that failed
  };

  State(std::shared_ptr<const Dataset> data, const Augmentation &augmentation, const LoaderOptions &loader_options)
      : dataset(std::move(data)), pipeline(augmentation, loader_options.training), options(loader_options) {
    if (options.batch < 1) fail("batch", fmt::format("{}; it must be at least 1", options.batch));
    if (options.workers < 0 || options.workers > 1024)
      fail("workers", fmt::format("{}; it must be 0 to 1024", options.workers));
    if (options.prefetch < 1) fail("prefetch", fmt::format("{}; it must be at least 1", options.prefetch));
    const std::int64_t images = dataset->size();
    batches = options.drop_last ? images / options.batch : (images - 1) / options.batch + 1;
    if (batches == 0)
      fail("batch", fmt::format("{}; there are {} images, and a batch that is not full is left out", options.batch, images));
    if (const auto fixed = dataset->fixed_size())
      size = pipeline.output_size(fixed->height, fixed->width);
    else if (const auto output = pipeline.fixed_output_size())
      size = *output;
    else
      fail("augmentation",
           fmt::format("images such as {} have sizes of their own; they must be cropped to one size to make a batch",
                       dataset->name(0)));
    order.resize(static_cast<std::size_t>(images));
    next_batch = batches;
    try {
      for (std::int64_t i = 0; i < options.workers; ++i) threads.emplace_back([this] { work(); });
    } catch (const std::system_error &error) {
      const std::size_t started = threads.size();
      stop();
      throw Error{ErrorCode::kLimit, "loader.workers",
                  fmt::format("only {} of {} threads could be started: {}", started, options.workers, error.code().message())};
    } catch (...) {
      stop();
      throw;
    }
  }

  ~State() { stop(); }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      slots.clear();
    }
    work_arrived.notify_all();
    for (std::thread &thread : threads) thread.join();
    threads.clear();
  }

  /// Allocates a batch of the epoch; workers then find it.
  void add_slot() {
    const std::int64_t begin = next_batch * options.batch;
    const std::int64_t count = std::min(options.batch, dataset->size() - begin);
    auto slot = std::make_shared<Slot>();
    const auto pinned = torch::TensorOptions().pinned_memory(options.pinned);
    const auto format = options.channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
    slot->batch.images = torch::empty({count, 3, size.height, size.width}, pinned.dtype(torch::kFloat32), format);
    slot->batch.labels = torch::empty({count}, pinned.dtype(torch::kInt64));
    slot->batch.index = next_batch++;
    slot->epoch = epoch;
    slot->indices.assign(order.begin() + begin, order.begin() + begin + count);
    slot->images = slot->batch.images.data_ptr<float>();
    slot->labels = slot->batch.labels.data_ptr<std::int64_t>();
    {
      const std::lock_guard lock(mutex);
      slots.push_back(std::move(slot));
    }
    work_arrived.notify_all();
  }

  void make_image(const Slot &slot, std::size_t at) const {
    const std::int64_t index = slot.indices[at];
    const RandomStream random(options.seed, Purpose::kAugmentation, static_cast<std::uint64_t>(slot.epoch),
                              static_cast<std::uint64_t>(index));
    // A function of the size: the image that is loaded in place of a bad one has choices of its own.
    const auto draw = [&](std::int64_t height, std::int64_t width) { return pipeline.draw(random, height, width); };
    const Sample sample = dataset->load(
        index, [&](std::int64_t height, std::int64_t width) { return pipeline.least_scale(draw(height, width)); });
    const Image &image = sample.image;
    const Layout layout = options.channels_last ? Layout::kChannelsLast : Layout::kChannelsFirst;
    pipeline.apply(image, draw(image.full_height, image.full_width), layout,
                   slot.images + static_cast<std::int64_t>(at) * 3 * size.height * size.width);
    slot.labels[at] = sample.label;
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      std::shared_ptr<Slot> slot;
      work_arrived.wait(lock, [&] {
        if (stopping) return true;
        const auto found =
            std::find_if(slots.begin(), slots.end(), [](const auto &s) { return s->issued < s->indices.size(); });
        if (found != slots.end()) slot = *found;
        return slot != nullptr;
      });
      if (stopping) return;
      const std::size_t begin = slot->issued;
      const std::size_t end = std::min(begin + kTake, slot->indices.size());
      slot->issued = end;
      for (std::size_t at = begin; at < end && !stopping && slot->epoch == epoch; ++at) {
        lock.unlock();
        std::exception_ptr error;
        try {
          make_image(*slot, at);
        } catch (...) {
          error = std::current_exception();
        }
        lock.lock();
        if (error && at < slot->failed_at) {
          slot->failed_at = at;
          slot->error = error;
        }
        ++slot->finished;
      }
      if (slot->finished == slot->indices.size()) batch_done.notify_all();
    }
  }

  const std::shared_ptr<const Dataset> dataset;
  const Pipeline pipeline;
  const LoaderOptions options;
  ImageSize size;
  std::int64_t batches = 0;

  // Of the thread that calls next().
  std::vector<std::int64_t> order; ///< of the epoch
  std::int64_t next_batch = 0;     ///< the next one to be given out to workers

  std::mutex mutex;
  std::condition_variable work_arrived, batch_done;
  std::int64_t epoch = 0;                  ///< written with the mutex held
  std::deque<std::shared_ptr<Slot>> slots; ///< the batches after the one that next() gave last, in order
  bool stopping = false;
  std::vector<std::thread> threads;
};

Loader::Loader(std::shared_ptr<const Dataset> dataset, const Augmentation &augmentation, const LoaderOptions &options)
    : state_(std::make_unique<State>(std::move(dataset), augmentation, options)) {}

Loader::~Loader() = default;

std::int64_t Loader::batches() const { return state_->batches; }
const Dataset &Loader::dataset() const { return *state_->dataset; }

void Loader::start(std::int64_t epoch, std::int64_t first_batch) {
  State &s = *state_;
  if (epoch < 0) fail("epoch", fmt::format("{}; it must be at least 0", epoch));
  if (first_batch < 0 || first_batch > s.batches)
    fail("first_batch", fmt::format("{}; an epoch has {} batches", first_batch, s.batches));
  {
    const std::lock_guard lock(s.mutex);
    s.slots.clear(); // a worker that is at one keeps it alive
    s.epoch = epoch;
  }
  std::iota(s.order.begin(), s.order.end(), 0);
  if (s.options.shuffle) {
    RandomStream random(s.options.seed, Purpose::kShuffle, static_cast<std::uint64_t>(epoch));
    for (std::size_t i = s.order.size(); i > 1; --i) std::swap(s.order[i - 1], s.order[random.below(i)]);
  }
  s.next_batch = first_batch;
  if (s.options.workers == 0) return;
  for (std::int64_t i = 0; i < s.options.prefetch && s.next_batch < s.batches; ++i) s.add_slot();
}

std::optional<Batch> Loader::next() {
  State &s = *state_;
  if (s.options.workers == 0) {
    if (s.next_batch == s.batches) return {};
    s.add_slot();
    const std::shared_ptr<State::Slot> slot = std::exchange(s.slots, {}).front();
    try {
      for (std::size_t at = 0; at < slot->indices.size(); ++at) s.make_image(*slot, at);
    } catch (...) {
      s.next_batch = s.batches;
      throw;
    }
    return std::move(slot->batch);
  }

  std::shared_ptr<State::Slot> slot;
  {
    std::unique_lock lock(s.mutex);
    if (s.slots.empty()) return {};
    slot = s.slots.front();
    s.batch_done.wait(lock, [&] { return slot->finished == slot->indices.size(); });
    s.slots.pop_front();
    if (slot->error) s.slots.clear();
  }
  if (slot->error) {
    s.next_batch = s.batches;
    std::rethrow_exception(slot->error);
  }
  if (s.next_batch < s.batches) s.add_slot();
  return std::move(slot->batch);
}

} // namespace pare::train
