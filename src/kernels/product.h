// The matrix product, for every type of weights. Part of body.h.
//
// A panel holds words of 32 bits, four columns of [steps][16]: one fp32 weight, two bf16 or four int8 ones,
// neighbours along the inputs. A type says what a step with such words does:
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
  /// Of the panel, so many are widened at once: with their sums and rows they stay in the second-level cache.
  static constexpr std::int64_t kPassSteps = 128;

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

static_assert(kLanes == kColumn);

/// Some rows and the part of a panel that they are taken through.
template <typename Type>
struct Pass {
  PanelPart<typename Type::Word> part;
  const typename Type::Word* x;
  std::int64_t x_stride;  ///< from row to row, in words
  typename Type::Sum* sums;
};

/// Bytes of a line, which holds the words of one step of a column.
constexpr std::int64_t kLine = 64;
/// How many steps of the panel to ask for ahead of their use, if not for the next pass.
constexpr std::int64_t kStepsAhead = 24;

/// Where lies what is read after a pass.
struct Next {
  const char* lines;
  std::int64_t column;  ///< bytes from one column to the next
  std::int64_t bytes;   ///< of each column
};

/// What a block asks the memory for, while it computes: in each step one line of each column that it has, the
/// first ones at `lines`, the next ones `stride` bytes on.
struct Ahead {
  const char* lines;
  std::int64_t column;  ///< bytes from one column to the next
  std::int64_t stride;
};

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
  for (std::int64_t i = 0; i < pass.part.steps; ++i) {
    typename Type::Weights w[kWide];
#pragma GCC unroll 4
    for (int c = 0; c < kWide; ++c) w[c] = Type::load(pass.part.words + c * pass.part.column + i * kColumn);
#pragma GCC unroll 4
    for (int c = 0; c < kWide; ++c) __builtin_prefetch(ahead.lines + c * ahead.column, 0, 3);
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
template <typename Type, bool kFetchNext, int Rows>
void all_columns(const Pass<Type>& pass, const Next& next, std::int64_t turn, std::int64_t turns) {
  constexpr int kWide = Type::template kColumns<Rows>;
  const PanelPart<typename Type::Word>& part = pass.part;
  for (std::int64_t c = 0; c < part.columns; c += kWide) {
    Pass<Type> own{{part.words + c * part.column, part.column, part.steps, nullptr},
                   pass.x,
                   pass.x_stride,
                   pass.sums + c * kLanes};
    const char* const following = next.lines + c * next.column;
    if constexpr (kFetchNext) {
      // An even share of it for each block: asked for all at once, it would be waited for.
      block<Type, Rows>(
          own, {following + next.bytes * turn / turns, next.column, next.bytes / (turns * part.steps)});
      continue;
    }
    const std::int64_t column = part.column * kLine / kColumn;
    const auto ahead = [&] {
      return Ahead{reinterpret_cast<const char*>(own.part.words + kStepsAhead * kColumn), column, kLine};
    };
    if (turns > 1 || part.steps <= kStepsAhead) {
      block<Type, Rows>(own, ahead());
    } else {  // the last steps ask for what the column has no more of
      own.part.steps = part.steps - kStepsAhead;
      block<Type, Rows>(own, ahead());
      own.part.words += own.part.steps * kColumn;
      own.x += own.part.steps * Type::kInputWords;
      own.part.steps = kStepsAhead;
      block<Type, Rows>(own, {following, next.column, kLine});
    }
  }
}

template <typename Type>
using AllColumns = void (*)(const Pass<Type>& pass, const Next& next, std::int64_t turn, std::int64_t turns);

/// all_columns for `rows` rows, 1 to sizeof...(Fewer) + 1.
template <typename Type, bool kFetchNext, int... Fewer>
AllColumns<Type> for_rows(std::int64_t rows, std::integer_sequence<int, Fewer...>) {
  static constexpr AllColumns<Type> kByRows[] = {&all_columns<Type, kFetchNext, Fewer + 1>...};
  return kByRows[rows - 1];
}

template <typename Type, bool kFetchNext>
void multiply_rows(const Pass<Type>& pass, std::int64_t rows, const Next& next) {
  const std::int64_t blocks = (rows + Type::kRows - 1) / Type::kRows;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t from = b * rows / blocks;
    const std::int64_t count = (b + 1) * rows / blocks - from;
    const auto run = for_rows<Type, kFetchNext>(count, std::make_integer_sequence<int, Type::kRows>{});
    run({pass.part, pass.x + from * pass.x_stride, pass.x_stride, pass.sums + from * kPanel}, next, b,
        blocks);
  }
}

/// Where `steps` steps of the panel begin that are read after others.
template <typename Word>
Next next_steps(const Word* words, std::int64_t column, std::int64_t steps) {
  return {reinterpret_cast<const char*>(words), column * kLine / kColumn, steps * kLine};
}

/// If several blocks of rows need them, bf16 are widened once for all, to panels of fp32 with two steps for
/// each of theirs.
template <typename Type>
void multiply_widened(const Pass<Type>& pass, std::int64_t rows) {
  const PanelPart<typename Type::Word>& part = pass.part;
  alignas(64) float widened[2 * Type::kPassSteps * kPanel];
  for (std::int64_t from = 0; from < part.steps; from += Type::kPassSteps) {
    const std::int64_t left = part.steps - from;
    const std::int64_t count = left < Type::kPassSteps ? left : Type::kPassSteps;
    const typename Type::Word* const words = part.words + from * kColumn;
    for (std::int64_t c = 0; c < part.columns; ++c) {
      float* const column = widened + c * 2 * count * kColumn;
      for (std::int64_t i = 0; i < count; ++i) {
        const typename Type::Weights w = Type::load(words + c * part.column + i * kColumn);
        w.upper.store(column + 2 * i * kColumn);
        w.lower.store(column + (2 * i + 1) * kColumn);
      }
    }
    // Rows hold the bits of floats already.
    const auto* const x = reinterpret_cast<const float*>(pass.x + from * Type::kInputWords);
    const typename Type::Word* const following = left > count ? words + count * kColumn : part.next;
    multiply_rows<Fp32Product, true>(
        {{widened, 2 * count * kColumn, 2 * count, nullptr, part.columns}, x, pass.x_stride, pass.sums}, rows,
        next_steps(following, part.column, count));
  }
}

template <typename Type>
void multiply(const PanelPart<typename Type::Word>& part, const typename Type::Word* x, std::int64_t x_stride,
              std::int64_t rows, typename Type::Sum* sums) {
  const Pass<Type> pass{part, x, x_stride, sums};
  if constexpr (std::is_same_v<Type, WidenedBf16Product>) {
    if (rows > Type::kRows) return multiply_widened(pass, rows);
  }
  multiply_rows<Type, Lanes::kFetchNextPass>(pass, rows, next_steps(part.next, part.column, part.steps));
}

/// Steps of which the panel's part and the sums stay in the first-level cache.
constexpr std::int64_t kNearSteps = 64;

template <typename Word, typename Sum>
constexpr PanelProduct<Word, Sum> in_passes(void (*run)(const PanelPart<Word>&, const Word*, std::int64_t,
                                                        std::int64_t, Sum*),
                                            std::int64_t pass_steps) {
  return {.run = run,
          .block_rows = 6,
          .block_steps = Lanes::kFetchNextPass ? kNearSteps : kAllSteps,
          .tile_rows = Lanes::kTileRows,
          .pass_steps = pass_steps};
}
