#pragma once

#include <cstdint>
#include <vector>

namespace pare {

/// The prime factors of n >= 1, ascending, each as often as it divides: 360 gives 2 2 2 3 3 5. At once for all 63 bits
/// (Miller and Rabin's test with the bases that decide below 2^64, Pollard's rho as Brent has it, 1980).
std::vector<std::int64_t> prime_factors(std::int64_t n);

/// The smallest divisor of n that is at least `from`, 1 <= from <= n. least_divisor_from(12, 5) is 6.
std::int64_t least_divisor_from(std::int64_t n, std::int64_t from);

} // namespace pare
