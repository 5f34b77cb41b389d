// The matrix product, for every type of weights. Part of body.h.
//
// A panel holds words of 32 bits, [steps][64]: one fp32 weight, two bf16 or four int8 ones, neighbours along
// the inputs. A type says what a step with such words does:
//   Word, Sum       what panels and rows hold, and what is added up
//   Input, Weights  16 copies of a row's word; 16 words of the panel
//   Register        16 sums
//   kRows, kColumns how many registers one block keeps, kColumns * 16 outputs wide
//   kInputWords     words of a row for one step
//   load, input     the words as Weights, Input
//   add             one step: sums + input x weights
//   start, store    sums from and to memory

struct Fp32Product {
  using Word = float;
  using Sum = float;
  using Input = Lanes;
  using Weights = Lanes;
  using Register = Lanes;
  static constexpr int kRows = Lanes::kBlockRows;
  static constexpr int kColumns = Lanes::kBlockColumns;
  static constexpr int kInputWords = 1;

  static Lanes load(const float* words) { return Lanes::load(words); }
  static Lanes input(const float* words) { return Lanes::set(*words); }
  static Lanes add(Lanes sum, Lanes x, Lanes w) { return fma(x, w, sum); }
  static Lanes start(const float* sums) { return Lanes::load(sums); }
  static void store(Lanes sum, float* sums) { sum.store(sums); }
};

// Of a float's magnitude: infinity's, and those of the smallest that bf16 keeps (see bf16_bits).
constexpr std::uint32_t kInfinityBits = 0x7f800000U;
constexpr std::uint32_t kSmallestBf16 = (127U - 56U) << 23;

/// Pairs of bf16 for sets without an instruction for them: both halves of the panel's words widened, the
/// upper one, which is the earlier input, added first. Rows are rounded, but stay fp32.
struct WidenedBf16Product {
  using Word = std::uint32_t;
  using Sum = float;
  struct Input {
    Lanes upper;
    Lanes lower;
  };
  using Weights = Input;
  using Register = Lanes;
  static constexpr int kRows = Lanes::kWidenedRows;
  static constexpr int kColumns = Lanes::kWidenedColumns;
  static constexpr int kInputWords = 2;

  static Weights load(const std::uint32_t* words) {
    return {Lanes::load_upper_halves(words), Lanes::load_lower_halves(words)};
  }
  static Input input(const std::uint32_t* words) {
    return {Lanes::set(__builtin_bit_cast(float, words[0])), Lanes::set(__builtin_bit_cast(float, words[1]))};
  }
  static Lanes add(Lanes sum, const Input& x, const Weights& w) {
    return fma(x.lower, w.lower, fma(x.upper, w.upper, sum));
  }
  static Lanes start(const float* sums) { return Lanes::load(sums); }
  static void store(Lanes sum, float* sums) { sum.store(sums); }
};

/// How many steps of the panel to ask for ahead of their use.
constexpr std::int64_t kAhead = 24;

template <typename Type, int Rows, int Columns>
void block(const typename Type::Word* panel, std::int64_t steps, const typename Type::Word* x,
           std::int64_t x_stride, typename Type::Sum* sums) {
  typename Type::Register sum[Rows][Columns];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < Columns; ++c) sum[r][c] = Type::start(sums + r * kPanel + c * kLanes);
  }
  for (std::int64_t i = 0; i < steps; ++i) {
    typename Type::Weights w[Columns];
#pragma GCC unroll 4
    for (int c = 0; c < Columns; ++c) w[c] = Type::load(panel + i * kPanel + c * kLanes);
    const char* ahead = reinterpret_cast<const char*>(panel + (i + kAhead) * kPanel);
#pragma GCC unroll 4
    for (int c = 0; c < Columns; ++c) __builtin_prefetch(ahead + c * 64, 0, 3);
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      const auto value = Type::input(x + r * x_stride + i * Type::kInputWords);
#pragma GCC unroll 4
      for (int c = 0; c < Columns; ++c) sum[r][c] = Type::add(sum[r][c], value, w[c]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < Columns; ++c) Type::store(sum[r][c], sums + r * kPanel + c * kLanes);
  }
}

/// All columns of the panel for so many rows.
template <typename Type, int Rows>
void all_columns(const typename Type::Word* panel, std::int64_t steps, const typename Type::Word* x,
                 std::int64_t x_stride, typename Type::Sum* sums) {
  for (int c = 0; c < kColumns; c += Type::kColumns) {
    block<Type, Rows, Type::kColumns>(panel + c * kLanes, steps, x, x_stride, sums + c * kLanes);
  }
}

template <typename Type>
using AllColumns = void (*)(const typename Type::Word* panel, std::int64_t steps, const typename Type::Word* x,
                            std::int64_t x_stride, typename Type::Sum* sums);

/// all_columns for `rows` rows, 1 to sizeof...(Fewer) + 1.
template <typename Type, int... Fewer>
AllColumns<Type> for_rows(std::int64_t rows, std::integer_sequence<int, Fewer...>) {
  static constexpr AllColumns<Type> kByRows[] = {&all_columns<Type, Fewer + 1>...};
  return kByRows[rows - 1];
}

template <typename Type>
void multiply(const typename Type::Word* panel, std::int64_t steps, const typename Type::Word* x,
              std::int64_t x_stride, std::int64_t rows, typename Type::Sum* sums) {
  const std::int64_t blocks = (rows + Type::kRows - 1) / Type::kRows;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t from = b * rows / blocks;
    const std::int64_t count = (b + 1) * rows / blocks - from;
    const auto run = for_rows<Type>(count, std::make_integer_sequence<int, Type::kRows>{});
    run(panel, steps, x + from * x_stride, x_stride, sums + from * kPanel);
  }
}

/// The part of the panel that a pass reads and the sums stay in the first-level cache.
template <typename Word, typename Sum>
constexpr PanelProduct<Word, Sum> in_passes(void (*run)(const Word*, std::int64_t, const Word*, std::int64_t,
                                                        std::int64_t, Sum*)) {
  return {.run = run, .block_rows = 6, .tile_rows = 48, .pass_steps = 64};
}
