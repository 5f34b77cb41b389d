#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include <atomic>
#include <vector>

#include "caption/error.h"
#include "kernels/fastest.h"

namespace caption::kernels {

extern const Kernels kPortable;
#if defined(__x86_64__)
extern const Kernels kAvx2;
extern const Kernels kAvxVnni;
extern const Kernels kAvx512;
extern const Kernels kAvx512Vnni;
extern const Kernels kAvx512Bf16;
extern const Kernels kAmx;
bool allow_tiles();
#elif defined(__aarch64__)
extern const Kernels kNeon;
extern const Kernels kNeonDot;
#endif

namespace {

#if defined(__x86_64__)
/// Of a leaf of cpuid that says what the processor has, one bit of a register. (The compilers' own question
/// knows not all of what is asked for here by the same names.)
struct Feature {
  unsigned leaf;
  unsigned which;  ///< register: 0 eax, 1 ebx, 2 ecx, 3 edx
  unsigned bit;
  unsigned subleaf = 0;
};
constexpr Feature kF16c{1, 2, 29};
constexpr Feature kAvxVnniBit{7, 0, 4, 1};
constexpr Feature kAmxBf16{7, 3, 22};
constexpr Feature kAmxTile{7, 3, 24};
constexpr Feature kAmxInt8{7, 3, 25};

bool has(const Feature& feature) {
  unsigned registers[4] = {};
  const int known = __get_cpuid_count(feature.leaf, feature.subleaf, &registers[0], &registers[1],
                                      &registers[2], &registers[3]);
  return known != 0 && (registers[feature.which] >> feature.bit & 1U) != 0;
}
#elif defined(__aarch64__)
/// Of what the system tells of the processor: instructions for sums of products of bytes.
constexpr unsigned long kAsimdDp = 1UL << 20;
#endif

Kernels named(const Fastest& fastest) {
  Kernels kernels = fastest.kernels;
  kernels.name = fastest.name;
  return kernels;
}

const Kernels* fastest() {
  std::vector<const Kernels*> sets;
  for (const InstructionSet set : kInstructionSets) {
    const Kernels* const kernels = set == InstructionSet::portable ? nullptr : find(set);
    if (kernels != nullptr) sets.push_back(kernels);
  }
  if (sets.size() < 2) return sets.empty() ? &kPortable : sets[0];
  static const Fastest measured = fastest_of(sets);
  static const Kernels kernels = named(measured);
  return &kernels;
}

std::atomic<const Kernels*>& current() {
  static std::atomic<const Kernels*> kernels = fastest();
  return kernels;
}

}  // namespace

const Kernels* find(InstructionSet set) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has(kF16c);
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  const bool bf16 = vnni && __builtin_cpu_supports("avx512bf16");
  static const bool amx = bf16 && has(kAmxTile) && has(kAmxBf16) && has(kAmxInt8) && allow_tiles();
  if (set == InstructionSet::amx) return amx ? &kAmx : nullptr;
  if (set == InstructionSet::avx512_bf16) return bf16 ? &kAvx512Bf16 : nullptr;
  if (set == InstructionSet::avx512_vnni) return vnni ? &kAvx512Vnni : nullptr;
  if (set == InstructionSet::avx512) return avx512 ? &kAvx512 : nullptr;
  if (set == InstructionSet::avx_vnni) return avx2 && has(kAvxVnniBit) ? &kAvxVnni : nullptr;
  if (set == InstructionSet::avx2) return avx2 ? &kAvx2 : nullptr;
#elif defined(__aarch64__)
  if (set == InstructionSet::neon) return &kNeon;
  if (set == InstructionSet::neon_dot) return (::getauxval(AT_HWCAP) & kAsimdDp) != 0 ? &kNeonDot : nullptr;
#endif
  return set == InstructionSet::portable ? &kPortable : nullptr;
}

std::string_view name_of(InstructionSet set) {
  static constexpr std::string_view kNames[] = {"portable",    "avx2", "avx_vnni", "avx512",  "avx512_vnni",
                                                "avx512_bf16", "amx",  "neon",     "neon_dot"};
  return kNames[static_cast<std::size_t>(set)];
}

const Kernels& active() {
  return *current().load(std::memory_order_relaxed);
}

void force(InstructionSet set) {
  const Kernels* kernels = find(set);
  if (kernels == nullptr)
    throw Error(ErrorKind::internal, "this processor lacks the instruction set to be forced");
  current().store(kernels);
}

}  // namespace caption::kernels
