// The bare loop of a binary layer in native code: xor, popcount, add, on data that stay in the first-level cache. Six rows of weights
// with one row of inputs, so that six counters are independent of each other. AVX2 has no popcount: there a second loop sends bits through
// carry-save adders first, one row with one, and counts one vector in eight.
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
constexpr int kCarrySaveLength = 120;

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

namespace {

// a + b + c bit by bit: the sum stays in a, what is carried is returned.
__attribute__((always_inline, target("avx2"))) inline __m256i add_bits(__m256i& a, __m256i b, __m256i c) {
  const __m256i differ = _mm256_xor_si256(a, b);
  const __m256i carried = _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(differ, c));
  a = _mm256_xor_si256(differ, c);
  return carried;
}

// The bits of each byte, summed in each 64.
__attribute__((always_inline, target("avx2"))) inline __m256i count_bits(__m256i v) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8(15);
  const __m256i lower = _mm256_shuffle_epi8(table, _mm256_and_si256(v, low));
  const __m256i upper = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), low));
  return _mm256_sad_epu8(_mm256_add_epi8(lower, upper), _mm256_setzero_si256());
}

}  // namespace

// Harley and Seal.
extern "C" __attribute__((noinline, target("avx2"))) uint64_t bare_loop_avx2_carry_save(const uint8_t* x, const uint8_t* w, int repeats) {
  __m256i sum = _mm256_setzero_si256();
  for (int r = 0; r < repeats; r++) {
    __m256i ones = _mm256_setzero_si256(), twos = ones, fours = ones, eights = ones;
    const auto differ = [&](int k) __attribute__((always_inline, target("avx2"))) {
      return _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 32 * k)),
                              _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 32 * k)));
    };
    for (int k = 0; k < kCarrySaveLength; k += 8) {
      const __m256i a = add_bits(ones, differ(k), differ(k + 1));
      const __m256i b = add_bits(ones, differ(k + 2), differ(k + 3));
      const __m256i ab = add_bits(twos, a, b);
      const __m256i c = add_bits(ones, differ(k + 4), differ(k + 5));
      const __m256i d = add_bits(ones, differ(k + 6), differ(k + 7));
      const __m256i cd = add_bits(twos, c, d);
      eights = _mm256_add_epi64(eights, count_bits(add_bits(fours, ab, cd)));
    }
    const __m256i rest = _mm256_add_epi64(count_bits(ones), _mm256_slli_epi64(count_bits(twos), 1));
    const __m256i all = _mm256_add_epi64(_mm256_slli_epi64(eights, 3), _mm256_slli_epi64(count_bits(fours), 2));
    sum = _mm256_add_epi64(sum, _mm256_add_epi64(rest, all));
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

void measure(const char* name, Loop loop, int bytes, int rows = kRows, int length = kLength) {
  std::vector<uint8_t> x(bytes * length), w(bytes * length * rows);
  uint32_t state = 1;
  auto next = [&state] { return static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24); };
  for (auto& b : x) b = next();
  for (auto& b : w) b = next();
  uint64_t expected = 0;
  for (int k = 0; k < length; k++)
    for (int j = 0; j < rows; j++)
      for (int b = 0; b < bytes; b++) expected += __builtin_popcount(x[bytes * k + b] ^ w[bytes * (rows * k + j) + b]);
  const int repeats = 40000;
  double best = 1e9;
  for (int sample = 0; sample < 30; sample++) {
    const double begin = seconds();
    const uint64_t sum = loop(x.data(), w.data(), repeats);
    const double took = seconds() - begin;
    if (sum != expected * repeats) {
      std::fprintf(stderr, "%s counts wrongly\n", name);
      return;
    }
    if (took < best) best = took;
  }
  std::printf("{\"name\":\"%s\",\"speed\":%.4g}\n", name, 8.0 * bytes * length * rows * repeats / best);
}

}  // namespace

int main() {
  if (__builtin_cpu_supports("avx2")) {
    measure("AVX2", bare_loop_avx2, 32);
    measure("AVX2, carry-save adders", bare_loop_avx2_carry_save, 32, 1, kCarrySaveLength);
  }
  if (__builtin_cpu_supports("avx512vpopcntdq")) measure("AVX-512 VPOPCNTDQ", bare_loop_avx512, 64);
  return 0;
}
