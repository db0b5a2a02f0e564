#include "base/divisors.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>

namespace pare {

namespace {

// NOLINTNEXTLINE: GCC's 128-bit integers, under -Wpedantic
__extension__ using UnsignedWide = unsigned __int128;
using Word = std::uint64_t;

Word product(Word a, Word b, Word n) { return static_cast<Word>(static_cast<UnsignedWide>(a) * b % n); }

Word power(Word base, Word exponent, Word n) {
  Word out = 1;
  for (base %= n; exponent > 0; exponent /= 2, base = product(base, base, n))
    if (exponent % 2 == 1) out = product(out, base, n);
  return out;
}

constexpr std::array<Word, 12> kSmallPrimes = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};

bool is_prime(Word n) {
  for (const Word p : kSmallPrimes)
    if (n % p == 0) return n == p;
  if (n < 2) return false;
  int twos = 0;
  Word odd = n - 1;
  for (; odd % 2 == 0; odd /= 2) ++twos;
  // The first twelve primes as bases decide all n below 2^64 (Sorenson and Webster 2017).
  return std::all_of(kSmallPrimes.begin(), kSmallPrimes.end(), [&](Word base) {
    Word x = power(base, odd, n);
    if (x == 1) return true;
    for (int i = 0; i < twos; ++i, x = product(x, x, n))
      if (x == n - 1) return true;
    return false;
  });
}

/// A divisor other than 1 and n of an n that is not prime and has no small factor.
Word some_divisor(Word n) {
  constexpr int kAtOnce = 128; // products between two greatest common divisors
  for (Word c = 1;; ++c) {
    const auto step = [&](Word x) { return static_cast<Word>((static_cast<UnsignedWide>(x) * x + c) % n); };
    Word slow = 2;
    Word fast = 2;
    Word start = 2; // of the last kAtOnce
    Word divisor = 1;
    for (Word length = 1; divisor == 1; length *= 2) {
      slow = fast;
      for (Word i = 0; i < length; ++i) fast = step(fast);
      for (Word done = 0; done < length && divisor == 1; done += kAtOnce) {
        start = fast;
        Word q = 1;
        for (Word i = 0; i < std::min<Word>(kAtOnce, length - done); ++i) {
          fast = step(fast);
          q = product(q, slow > fast ? slow - fast : fast - slow, n);
        }
        divisor = std::gcd(q, n);
      }
    }
    if (divisor == n) // several factors came at once: the last steps again, one by one
      for (divisor = 1; divisor == 1;) {
        start = step(start);
        divisor = std::gcd(slow > start ? slow - start : start - slow, n);
      }
    if (divisor != n) return divisor;
  }
}

void factor(Word n, std::vector<std::int64_t> &out) {
  if (n == 1) return;
  if (is_prime(n)) {
    out.push_back(static_cast<std::int64_t>(n));
    return;
  }
  const Word divisor = some_divisor(n);
  factor(divisor, out);
  factor(n / divisor, out);
}

} // namespace

std::vector<std::int64_t> prime_factors(std::int64_t n) {
  assert(n >= 1);
  std::vector<std::int64_t> out;
  auto rest = static_cast<Word>(n);
  for (const Word p : kSmallPrimes)
    for (; rest % p == 0; rest /= p) out.push_back(static_cast<std::int64_t>(p));
  factor(rest, out);
  std::sort(out.begin(), out.end());
  return out;
}

std::int64_t least_divisor_from(std::int64_t n, std::int64_t from) {
  assert(from >= 1 && from <= n);
  // Channels have small divisors: most are found in a few steps.
  constexpr std::int64_t kTries = 64;
  for (std::int64_t divisor = from; divisor - from < kTries && divisor < n; ++divisor)
    if (n % divisor == 0) return divisor;
  std::vector<std::int64_t> divisors = {1};
  std::int64_t before = 0;
  std::size_t old = 0; // those without the prime that is being added
  for (const std::int64_t prime : prime_factors(n)) {
    const std::size_t first = prime == before ? old : 0;
    old = divisors.size();
    for (std::size_t i = first, end = divisors.size(); i < end; ++i) divisors.push_back(divisors[i] * prime);
    before = prime;
  }
  std::int64_t out = n;
  for (const std::int64_t divisor : divisors)
    if (divisor >= from) out = std::min(out, divisor);
  return out;
}

} // namespace pare
