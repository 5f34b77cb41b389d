#pragma once

#include <cstddef>
#include <functional>

namespace caption {

/// Cores that this process may use: its affinity mask, cut down to a control group's quota. At least 1.
int available_cores();

/// Number of threads that `parallel_for` uses, this one included; 0 is `available_cores()`, which is also the
/// default. Set once, before the first use, from the options.
void set_threads(int count);
int threads();

/// Calls body(begin, end) on disjoint ranges that cover [0, count), on up to `threads()` threads; returns
/// when all are done. Callers of several threads take turns; a body that calls it gets its own thread only.
/// An exception of the body ends the program (it must not throw).
void parallel_for(std::size_t count, const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace caption
