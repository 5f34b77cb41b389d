#pragma once

#include <cstddef>

namespace caption {

/// Elements that are summed in fp32 before the sum goes on in fp64, and of which the largest is kept.
constexpr std::size_t kExponentialBlock = 256;

/// peaks[i] = the largest of the i-th block of `values`; the last block may be short. NaN is passed over.
void find_block_peaks(const float* values, std::size_t count, float* peaks);

/// Sum of exp(values[i] - peak), within 1e-6 of itself, for values <= peak. NaN if a value is NaN.
double sum_of_exponentials(const float* values, std::size_t count, float peak);

/// result[i] = exp(values[i] - peak), for values <= peak, within 5e-7 of itself; 0 below exp(-87).
void exponentials(const float* values, std::size_t count, float peak, float* result);

}  // namespace caption
