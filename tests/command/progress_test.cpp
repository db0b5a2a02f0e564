#include "command/progress.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace pare::command {
namespace {

TEST(Progress, SaysWhatIsKnown) {
  EXPECT_EQ(text_of({.what = "epoch 3/10",
                     .done = 5,
                     .total = 20,
                     .images_per_second = 309.6,
                     .seconds_left = 5,
                     .figures = "loss 1.23"}),
            "epoch 3/10  step 5/20  loss 1.23  310 images/s  5 s left");
  EXPECT_EQ(text_of({.what = "Hashed", .done = 7, .total = 9, .seconds_left = 61, .figures = "ratio 0.5", .unit = "plan"}),
            "Hashed  plan 7/9  ratio 0.5  1 min 1 s left");
  // How many there will be is not known.
  EXPECT_EQ(text_of({.what = "Hashed", .done = 7, .figures = "ratio 0.5", .unit = "plan"}), "Hashed  plan 7  ratio 0.5");
}

TEST(Progress, TellsDurations) {
  EXPECT_EQ(duration(0), "0 s");
  EXPECT_EQ(duration(5.4), "5 s");
  EXPECT_EQ(duration(59.4), "59 s");
  EXPECT_EQ(duration(59.6), "1 min 0 s");
  EXPECT_EQ(duration(184), "3 min 4 s");
  EXPECT_EQ(duration(3599.6), "1 h 0 min");
  EXPECT_EQ(duration(3725), "1 h 2 min");
  EXPECT_EQ(duration(90'000), "25 h 0 min");
  EXPECT_EQ(duration(-1), "0 s");
  EXPECT_EQ(duration(std::numeric_limits<double>::quiet_NaN()), "0 s");
}

} // namespace
} // namespace pare::command
