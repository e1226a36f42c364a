// The bare loop of a binary layer in native code: xor, popcount, add, on data that stay in the first-level cache. Six rows of weights
// with one row of inputs, so that six counters are independent of each other.
//
//   c++ -O2 -std=c++17 loop.cc -o loop && ./loop
//
// Prints a line of JSON for each instruction set that this processor has: {"name", "speed"}, in multiply-adds a second, one thread.
// The speed is that of the fastest of some samples: a limit, not an average. x86-64 only.
#include <immintrin.h>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

constexpr int kRows = 6;
// Vectors of a row. AVX2's byte counters take at most 8 from each and would overflow after 31.
constexpr int kLength = 28;

using Loop = uint64_t (*)(const uint8_t* x, const uint8_t* w, int repeats);

}  // namespace

// 256 products a vector: each half byte looks its count up; bytes are summed at the end of a row.
extern "C" __attribute__((noinline, target("avx2"))) uint64_t bare_loop_avx2(const uint8_t* x, const uint8_t* w, int repeats) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8(15);
  __m256i sum = _mm256_setzero_si256();
  for (int r = 0; r < repeats; r++) {
    __m256i count[kRows];
    for (auto& one : count) one = _mm256_setzero_si256();
    for (int k = 0; k < kLength; k++) {
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 32 * k));
#pragma GCC unroll 6
      for (int j = 0; j < kRows; j++) {
        const auto* at = reinterpret_cast<const __m256i*>(w + 32 * (kRows * k + j));
        const __m256i d = _mm256_xor_si256(v, _mm256_loadu_si256(at));
        const __m256i lower = _mm256_shuffle_epi8(table, _mm256_and_si256(d, low));
        const __m256i upper = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(d, 4), low));
        count[j] = _mm256_add_epi8(count[j], _mm256_add_epi8(lower, upper));
      }
    }
    for (const auto& one : count) sum = _mm256_add_epi64(sum, _mm256_sad_epu8(one, _mm256_setzero_si256()));
    // The compiler must not take the same row out of the loop.
    asm volatile("" ::: "memory");
  }
  alignas(32) uint64_t parts[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(parts), sum);
  return parts[0] + parts[1] + parts[2] + parts[3];
}

// 512 products a vector, counted by VPOPCNTQ.
extern "C" __attribute__((noinline, target("avx512f,avx512vpopcntdq"))) uint64_t bare_loop_avx512(const uint8_t* x, const uint8_t* w, int repeats) {
  __m512i count[kRows];
  for (auto& one : count) one = _mm512_setzero_si512();
  for (int r = 0; r < repeats; r++) {
    for (int k = 0; k < kLength; k++) {
      const __m512i v = _mm512_loadu_si512(x + 64 * k);
#pragma GCC unroll 6
      for (int j = 0; j < kRows; j++) {
        const __m512i d = _mm512_xor_si512(v, _mm512_loadu_si512(w + 64 * (kRows * k + j)));
        count[j] = _mm512_add_epi64(count[j], _mm512_popcnt_epi64(d));
      }
    }
    asm volatile("" ::: "memory");
  }
  uint64_t sum = 0;
  for (const auto& one : count) sum += _mm512_reduce_add_epi64(one);
  return sum;
}

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void measure(const char* name, Loop loop, int bytes) {
  std::vector<uint8_t> x(bytes * kLength), w(bytes * kLength * kRows);
  uint32_t state = 1;
  auto next = [&state] { return static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24); };
  for (auto& b : x) b = next();
  for (auto& b : w) b = next();
  uint64_t expected = 0;
  for (int k = 0; k < kLength; k++)
    for (int j = 0; j < kRows; j++)
      for (int b = 0; b < bytes; b++) expected += __builtin_popcount(x[bytes * k + b] ^ w[bytes * (kRows * k + j) + b]);
  const int repeats = 40000;
  double best = 1e9;
  for (int sample = 0; sample < 15; sample++) {
    const double begin = seconds();
    const uint64_t sum = loop(x.data(), w.data(), repeats);
    const double took = seconds() - begin;
    if (sum != expected * repeats) {
      std::fprintf(stderr, "%s counts wrongly\n", name);
      return;
    }
    if (took < best) best = took;
  }
  std::printf("{\"name\":\"%s\",\"speed\":%.4g}\n", name, 8.0 * bytes * kLength * kRows * repeats / best);
}

}  // namespace

int main() {
  if (__builtin_cpu_supports("avx2")) measure("AVX2", bare_loop_avx2, 32);
  if (__builtin_cpu_supports("avx512vpopcntdq")) measure("AVX-512 VPOPCNTDQ", bare_loop_avx512, 64);
  return 0;
}
