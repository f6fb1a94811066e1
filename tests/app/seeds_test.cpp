#include "lifted/app/seeds.h"

#include <gtest/gtest.h>

#include "lifted/base/error.h"

namespace lifted::app {

TEST(Seeds, RangesAndLists) {
  EXPECT_EQ(parse_seeds("7"), (std::vector<uint32_t>{7}));
  EXPECT_EQ(parse_seeds("0-3,20"), (std::vector<uint32_t>{0, 1, 2, 3, 20}));
  EXPECT_EQ(parse_seeds("5,1-2,5"), (std::vector<uint32_t>{5, 1, 2, 5}));
  EXPECT_EQ(parse_seeds(" 0, 1 ,3 - 4"), (std::vector<uint32_t>{0, 1, 3, 4}));
  EXPECT_EQ(parse_seeds("4294967295"), (std::vector<uint32_t>{4294967295U}));
}

TEST(Seeds, EverythingElseIsAUsageError) {
  for (const char* text : {"", ",", "1,", "-1", "a", "1-", "3-1", "1.5", "0x10", "4294967296", "99999999999999999999",
                           "1 2", "1--2", "0-2000000", "0-999999,1"}) {
    EXPECT_THROW(parse_seeds(text), UsageError) << "'" << text << "'";
  }
}

TEST(Seeds, NamesOfFilesLeadBackToThem) {
  for (const uint32_t seed : {0U, 7U, 12345U, 4294967295U}) EXPECT_EQ(seed_of_name(seed_name(seed)), seed);
  for (const char* name : {"", "seed", "seed7", "seed00007", "seed0007-seed0001", "seed99999999999", "latent0007"})
    EXPECT_EQ(seed_of_name(name), std::nullopt) << name;
}

}  // namespace lifted::app
