#include "command/progress.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace pare::command {
namespace {

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
