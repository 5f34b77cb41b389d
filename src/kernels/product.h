// The matrix product, for every type of weights. Part of body.h.
//
// A panel holds words of 32 bits, [steps][64]: one fp32 weight, two bf16 or four int8 ones, neighbours along
// the inputs. A type says what a step with such words does:
//   Word, Sum       what panels and rows hold, and what is added up
//   Input, Weights  16 copies of a row's word; 16 words of the panel
//   Register        16 sums
//   kRows           how many rows one block takes at most
//   kColumns<Rows>  and how many registers it keeps of each of so many: it is kColumns * 16 outputs wide
//   kInputWords     words of a row for one step
//   load, input     the words as Weights, Input
//   add             one step: sums + input x weights
//   start, store    sums from and to memory
// and, of int8,
//   store_bytes<S>  `count` integers of a row, at most 16, to kInputWords * 4 words: the lowest byte of each
//   lane's
//                   (bits >> S) + zero. -> where sums with them begin: that zero, and their share of the rest

struct Fp32Product {
  using Word = float;
  using Sum = float;
  using Input = Lanes;
  using Weights = Lanes;
  using Register = Lanes;
  static constexpr int kRows = Lanes::kBlockRows;
  template <int Rows>
  static constexpr int kColumns = Lanes::kBlockColumns<Rows>;
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
  template <int Rows>
  static constexpr int kColumns = Lanes::kBlockColumns<Rows>;
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

/// Integers of rows that are taken as they are: bytes without a sign.
struct PlainBytes {
  static constexpr int kInputWords = 1;
  template <int Shift>
  static Origin store_bytes(const Lanes& a, std::uint32_t zero, std::int64_t /*count*/,
                            std::uint32_t* words) {
    Lanes::store_bytes<Shift>(a, zero, reinterpret_cast<std::uint8_t*>(words));
    return {static_cast<std::int32_t>(zero), 0};
  }
};

/// Some rows and the part of a panel that they are taken through.
template <typename Type>
struct Pass {
  const typename Type::Word* panel;  ///< [steps][64]
  std::int64_t steps;
  const typename Type::Word* x;
  std::int64_t x_stride;  ///< from row to row, in words
  typename Type::Sum* sums;
};

/// What a block asks the memory for, while it computes: in each step as many lines as it is wide, the first
/// ones at `lines`, the next ones `stride` bytes on.
struct Ahead {
  const char* lines;
  std::int64_t stride;
};

/// Bytes of a line, which holds the words of one register, and of a step of the panel.
constexpr std::int64_t kLine = 64;
constexpr std::int64_t kStepBytes = kPanel * 4;
/// How many steps of the panel to ask for ahead of their use, if not for the next pass.
constexpr std::int64_t kStepsAhead = 24;

/// Sums of Rows rows, kColumns registers each.
template <typename Type, int Rows>
void block(const Pass<Type>& pass, Ahead ahead) {
  constexpr int kWide = Type::template kColumns<Rows>;
  typename Type::Register sum[Rows][kWide];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < kWide; ++c) sum[r][c] = Type::start(pass.sums + r * kPanel + c * kLanes);
  }
  for (std::int64_t i = 0; i < pass.steps; ++i) {
    typename Type::Weights w[kWide];
#pragma GCC unroll 4
    for (int c = 0; c < kWide; ++c) w[c] = Type::load(pass.panel + i * kPanel + c * kLanes);
#pragma GCC unroll 4
    for (int c = 0; c < kWide; ++c) __builtin_prefetch(ahead.lines + c * kLine, 0, 3);
    ahead.lines += ahead.stride;
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      const auto value = Type::input(pass.x + r * pass.x_stride + i * Type::kInputWords);
#pragma GCC unroll 4
      for (int c = 0; c < kWide; ++c) sum[r][c] = Type::add(sum[r][c], value, w[c]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < kWide; ++c) Type::store(sum[r][c], pass.sums + r * kPanel + c * kLanes);
  }
}

/// All columns of the panel for so many rows. They are the `turn`th of `turns` that go through this part of
/// it.
template <typename Type, int Rows>
void all_columns(const Pass<Type>& pass, std::int64_t turn, std::int64_t turns) {
  constexpr int kWide = Type::template kColumns<Rows>;
  const auto* const part = reinterpret_cast<const char*>(pass.panel);
  const std::int64_t bytes = pass.steps * kStepBytes;
  for (int c = 0; c < kColumns; c += kWide) {
    Ahead ahead{part + kStepsAhead * kStepBytes + c * kLine, kStepBytes};
    if constexpr (Lanes::kFetchNextPass) {
      // An even share of it for each block: asked for all at once, it would be waited for.
      ahead = {part + bytes + bytes * (turn * kColumns + c) / (turns * kColumns), kWide * kLine / turns};
    }
    block<Type, Rows>({pass.panel + c * kLanes, pass.steps, pass.x, pass.x_stride, pass.sums + c * kLanes},
                      ahead);
  }
}

template <typename Type>
using AllColumns = void (*)(const Pass<Type>& pass, std::int64_t turn, std::int64_t turns);

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
    run({panel, steps, x + from * x_stride, x_stride, sums + from * kPanel}, b, blocks);
  }
}

/// The part of the panel that a pass reads and the sums stay in the first-level cache.
template <typename Word, typename Sum>
constexpr PanelProduct<Word, Sum> in_passes(void (*run)(const Word*, std::int64_t, const Word*, std::int64_t,
                                                        std::int64_t, Sum*)) {
  return {.run = run, .block_rows = Lanes::kFetchNextPass ? 0 : 6, .tile_rows = 48, .pass_steps = 64};
}
