#include "tensor/tensor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "aten.h"
#include "caption/error.h"
#include "scratch_folder.h"

// Views and copies are those of LibTorch's operators, over random shapes.

namespace caption {
namespace {

using Generator = std::mt19937;

std::int64_t below(Generator& random, std::int64_t limit) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(limit));
}

Shape random_shape(Generator& random, std::int64_t most_dims = 4) {
  Shape shape(static_cast<std::size_t>(1 + below(random, most_dims)));
  for (std::int64_t& size : shape) size = 1 + below(random, 5);
  return shape;
}

/// A tensor of random values that is a view: permuted, narrowed, or in steps.
at::Tensor random_view(Generator& random) {
  at::Tensor x = at::randn(random_shape(random));
  for (std::int64_t i = below(random, 3); i > 0; --i) {
    const std::int64_t dim = below(random, x.dim());
    switch (below(random, 3)) {
      case 0:
        x = x.transpose(dim, below(random, x.dim()));
        break;
      case 1: {
        const std::int64_t start = below(random, x.size(dim));
        x = x.narrow(dim, start, 1 + below(random, x.size(dim) - start));
        break;
      }
      default:
        x = x.slice(dim, 0, x.size(dim), 2);
    }
  }
  return x;
}

/// As many elements in another shape: the factors of the sizes, put together anew.
Shape other_shape(Generator& random, const Shape& shape) {
  Shape factors = {1};
  for (std::int64_t size : shape) {
    for (std::int64_t factor = 2; size > 1; ++factor) {
      for (; size % factor == 0; size /= factor) factors.push_back(factor);
    }
  }
  Shape other(static_cast<std::size_t>(1 + below(random, 4)), 1);
  std::shuffle(factors.begin(), factors.end(), random);
  for (const std::int64_t factor : factors)
    other[static_cast<std::size_t>(below(random, static_cast<std::int64_t>(other.size())))] *= factor;
  return other;
}

void expect_same(const Tensor& ours, const at::Tensor& theirs) {
  ASSERT_EQ(ours.sizes(), theirs.sizes().vec());
  EXPECT_EQ(ours.is_contiguous(), theirs.is_contiguous())
      << to_string(ours.sizes()) << to_string(ours.strides());
  EXPECT_TRUE(same_bits(to_aten(ours), theirs));
}

class RandomViews : public testing::TestWithParam<std::uint32_t> {
 protected:
  Generator random_{GetParam()};
};

TEST_P(RandomViews, AreThoseOfLibTorch) {
  const at::Tensor x = random_view(random_);
  const Tensor ours = from_aten(x);
  expect_same(ours, x);
  EXPECT_EQ(ours.numel(), x.numel());
  EXPECT_EQ(ours.dim(), x.dim());
  EXPECT_EQ(ours.size(-1), x.size(-1));
  EXPECT_EQ(ours.stride(-1), x.stride(-1));

  const std::int64_t dim = below(random_, x.dim());
  const std::int64_t start = below(random_, x.size(dim));
  const std::int64_t length = below(random_, x.size(dim) - start + 1);
  expect_same(ours.narrow(dim, start, length), x.narrow(dim, start, length));
  expect_same(ours.narrow(dim - x.dim(), start, length), x.narrow(dim, start, length));
  expect_same(ours.select(dim, start), x.select(dim, start));

  Shape order(static_cast<std::size_t>(x.dim()));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random_);
  expect_same(ours.permute(order), x.permute(order));
  expect_same(ours.permute(order).contiguous(), x.permute(order).contiguous());
  if (x.dim() == 2) expect_same(ours.t(), x.t());
  EXPECT_EQ(ours.contiguous().bytes() == ours.bytes(), x.is_contiguous());
  EXPECT_EQ(ours.permute(order).bytes(), ours.bytes());
}

TEST_P(RandomViews, ReshapeCopiesOnlyIfItMust) {
  const at::Tensor x = random_view(random_);
  const Tensor ours = from_aten(x);
  Shape shape = other_shape(random_, ours.sizes());
  const at::Tensor reshaped = x.reshape(shape);
  const auto check = [&](const Tensor& found) {
    ASSERT_EQ(found.sizes(), reshaped.sizes().vec());
    EXPECT_TRUE(same_bits(to_aten(found), reshaped));
    EXPECT_EQ(found.bytes() == ours.bytes(), reshaped.const_data_ptr() == x.const_data_ptr())
        << to_string(ours.sizes()) << to_string(ours.strides()) << " -> " << to_string(shape);
  };
  check(ours.reshape(shape));
  Shape with_open = shape;
  with_open[static_cast<std::size_t>(below(random_, static_cast<std::int64_t>(shape.size())))] = -1;
  check(ours.reshape(with_open));

  const std::int64_t first = below(random_, x.dim());
  const std::int64_t last = first + below(random_, x.dim() - first);
  const Tensor flat = ours.flatten(first, last);
  const at::Tensor theirs = x.flatten(first, last);
  ASSERT_EQ(flat.sizes(), theirs.sizes().vec());
  EXPECT_TRUE(same_bits(to_aten(flat), theirs));
  EXPECT_EQ(flat.bytes() == ours.bytes(), theirs.const_data_ptr() == x.const_data_ptr());
}

TEST_P(RandomViews, ExpandRepeats) {
  at::Tensor x = random_view(random_);
  Shape shape = x.sizes().vec();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (below(random_, 2) == 0) x = x.narrow(static_cast<std::int64_t>(i), 0, 1);
  }
  for (std::int64_t i = below(random_, 3); i > 0; --i) shape.insert(shape.begin(), 1 + below(random_, 3));
  const Tensor ours = from_aten(x);
  const Tensor expanded = ours.expand(shape);
  EXPECT_EQ(expanded.bytes(), ours.bytes());
  ASSERT_EQ(expanded.sizes(), shape);
  EXPECT_TRUE(same_bits(to_aten(expanded), x.expand(shape)));
  EXPECT_TRUE(same_bits(to_aten(expanded.flatten(0, expanded.dim() - 1)), x.expand(shape).flatten()));
}

TEST_P(RandomViews, ConcatenateIsCat) {
  const Shape shape = random_shape(random_);
  const std::int64_t dim = below(random_, static_cast<std::int64_t>(shape.size()));
  std::vector<at::Tensor> theirs;
  std::vector<Tensor> ours;
  for (std::int64_t i = 1 + below(random_, 3); i > 0; --i) {
    Shape part = shape;
    part[static_cast<std::size_t>(dim)] = below(random_, 4);
    theirs.push_back(at::randn(part));
    if (below(random_, 2) == 0 && part.size() > 1)  // with other strides
      theirs.back() = theirs.back().transpose(0, 1).contiguous().transpose(0, 1);
    ours.push_back(from_aten(theirs.back()));
  }
  expect_same(concatenate(ours, dim), at::cat(theirs, dim));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomViews, testing::Range(0U, 300U));

TEST(Tensor, IsUndefinedContiguousOrOfValues) {
  EXPECT_FALSE(Tensor().defined());
  const Tensor empty = Tensor::empty({2, 0, 3});
  EXPECT_TRUE(empty.defined());
  EXPECT_EQ(empty.numel(), 0);
  EXPECT_EQ(empty.contiguous().numel(), 0);
  EXPECT_EQ(empty.reshape({0, 7}).sizes(), (Shape{0, 7}));
  const Tensor scalar = Tensor::of({}, std::vector<float>{3});
  EXPECT_EQ(scalar.dim(), 0);
  EXPECT_EQ(scalar.numel(), 1);
  EXPECT_EQ(*scalar.reshape({1, 1}).data(), 3);
  const Tensor x = Tensor::of({2, 2}, std::vector<float>{1, 2, 3, 4});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data()) % 64, 0U);
  EXPECT_TRUE(equal_values(x.t().t(), x));
  EXPECT_FALSE(equal_values(x.t(), x));
  EXPECT_FALSE(equal_values(x.reshape({4}), x));
  EXPECT_EQ(to_string(x.sizes()), "[2, 2]");
}

TEST(Tensor, CopiesAndViewsShareTheElements) {
  Tensor x = Tensor::of({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  const Tensor copy = x;
  const Tensor row = x.select(0, 1);
  x.mutable_data()[4] = 50;
  EXPECT_EQ(copy.data()[4], 50);
  EXPECT_EQ(row.data()[1], 50);
  x = Tensor();
  EXPECT_EQ(row.data()[2], 6);  // the view keeps the memory
}

TEST(Tensor, ReadsIntegers) {
  for (const at::ScalarType type : {at::kLong, at::kInt, at::kShort, at::kChar, at::kByte}) {
    const std::int64_t value = type == at::kByte ? 200 : -100;
    EXPECT_EQ(from_aten(at::full({}, value, type)).integer(), value);
    EXPECT_EQ(from_aten(at::full({1, 1}, value, type)).integer(), value);
  }
}

void expect_misuse(const char* what, const std::function<void()>& call) {
  try {
    call();
    ADD_FAILURE() << what << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::internal) << what;
  }
}

TEST(Tensor, MisuseIsAnInternalError) {
  const std::vector<float> four = {1, 2, 3, 4};
  Tensor x = Tensor::of({2, 2}, four);
  Tensor half = from_aten(at::ones({2}, at::kHalf));
  const Tensor long_one = from_aten(at::ones({2}, at::kLong));
  expect_misuse("a negative size", [] { Tensor::empty({2, -1}); });
  expect_misuse("too many elements", [] { Tensor::empty({std::int64_t{1} << 40, std::int64_t{1} << 40}); });
  expect_misuse("too few values", [&] { Tensor::of({5}, four); });
  expect_misuse("a narrow one outside", [&] { x.narrow(0, 1, 2); });
  expect_misuse("a negative start", [&] { x.narrow(0, -1, 2); });
  expect_misuse("an element outside", [&] { x.select(1, 2); });
  expect_misuse("a negative element", [&] { x.select(1, -1); });
  expect_misuse("another number of elements", [&] { x.reshape({3}); });
  expect_misuse("an open size that does not divide", [&] { x.reshape({-1, 3}); });
  expect_misuse("two open sizes", [&] { x.reshape({-1, -1}); });
  expect_misuse("an expansion of 2 to 3", [&] { x.expand({2, 3}); });
  expect_misuse("floats of halves", [&] { half.data(); });
  expect_misuse("floats to write of halves", [&] { half.mutable_data(); });
  expect_misuse("halves of floats", [&] { x.half_bits(); });
  expect_misuse("floats of nothing", [] { Tensor().data(); });
  expect_misuse("halves of nothing", [] { Tensor().half_bits(); });
  expect_misuse("an integer of a float", [] { Tensor::of({}, std::vector<float>{1}).integer(); });
  expect_misuse("the one integer of two", [&] { long_one.integer(); });
  expect_misuse("integers as fp32", [&] { long_one.to_fp32(); });
  expect_misuse("two dimensions expanded to one", [&] { x.expand({2}); });
  expect_misuse("parts of different shapes", [&] {
    concatenate(std::vector<Tensor>{x, Tensor::empty({2, 3})}, 0);
  });
  expect_misuse("no parts", [] { concatenate(std::vector<Tensor>{}, 0); });
  expect_misuse("a permutation of too few", [&] { x.permute(Shape{0}); });
  expect_misuse("a dimension outside", [&] { x.size(2); });
  EXPECT_EQ(*half.half_bits(), 0x3C00);
}

class FileTensor : public ScratchFolder {
 protected:
  /// 0, 1, 2, ... as fp32.
  Tensor file_tensor(std::int64_t count) const {
    std::vector<float> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), 0.0F);
    std::ofstream(folder_ / "values", std::ios::binary)
        .write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
    const auto file = MappedFile::open(folder_ / "values");
    return Tensor::of_file(file, file->bytes(), DType::fp32);
  }
};

TEST_F(FileTensor, IsNotToBeChangedAndKeepsTheFileMapped) {
  Tensor x = file_tensor(12).reshape({3, 4});
  std::filesystem::remove(folder_ / "values");
  ASSERT_NE(x.file(), nullptr);
  EXPECT_EQ(x.file()->path(), folder_ / "values");
  expect_misuse("writing into a file", [&] { x.mutable_data(); });
  Tensor view = x.t();
  EXPECT_EQ(view.file(), x.file());
  expect_misuse("writing into a view of a file", [&] { view.mutable_data(); });
  Tensor copy = view.contiguous();
  EXPECT_EQ(copy.file(), nullptr);
  copy.mutable_data()[0] = 1;  // memory of its own
  EXPECT_EQ(x.data()[0], 0);
  EXPECT_EQ(x.to_fp32().bytes(), x.bytes());
  EXPECT_EQ(to_aten(view)[3][2].item<float>(), 11);
}

/// Kilobytes of this process's memory that are a file's.
long file_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long kilobytes = 0;
    if (word == "RssFile:" && status >> kilobytes) return kilobytes;
  }
  return 0;
}

TEST_F(FileTensor, PagesThatWereReadCanGo) {
  constexpr std::int64_t kFloats = std::int64_t{16} << 20;
  const Tensor x = file_tensor(kFloats);
  const auto sum = [&] { return std::accumulate(x.data(), x.data() + kFloats, 0.0); };
  const double expected = sum();
  const long before = file_kilobytes();
  release_pages(x.reshape({1024, -1}).narrow(1, 1, 5));  // a view's
  release_pages(x);
  EXPECT_LT(file_kilobytes(), before - 60'000);
  EXPECT_EQ(sum(), expected);  // they come back
  // Without effect on others.
  release_pages(Tensor::empty({4}));
  release_pages(x.narrow(0, 0, 0));
}

}  // namespace
}  // namespace caption
