#include <ATen/Parallel.h>
#include <gtest/gtest.h>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  // As in the program. What tests calculate is small, and threads of LibTorch's own would spin after each operator.
  at::set_num_threads(1);
  return RUN_ALL_TESTS();
}
