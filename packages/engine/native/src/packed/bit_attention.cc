// Attention on bits of packages/runtime/src/kernels/bit-attention.ts. The values are turned first, so that the keys are the bits of a word and channels
// the lanes of a vector; heads that do not begin with a word get rows of their own.
#include "kernels/sign_bits.h"
#include "packed/gather_bits.h"
#include "packed/ops.h"

namespace surge::SURGE_ISA {
namespace {

template <class T>
inline T read(const char* p) {
  T value;
  memcpy(&value, p, sizeof value);
  return value;
}

struct Heads {
  int keys, each, heads, keyWords, rowWords;
  // Of an edge's row.
  long pixel;
  int width() const { return each * heads; }
  int groups() const { return (each + W - 1) / W; }
  long headWords() const { return long(groups()) * keyWords * W; }
};

// Rows and columns of eight times eight bits exchanged; row r is byte r.
inline uint64_t transposed(uint64_t x) {
  uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaull;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000ccccull;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ull;
  return x ^ t ^ (t << 28);
}

// The values as [heads, channels / W, words of keys, W] of bits.
void turn(const char* v, const Heads& s, char* to) {
  memset(to, 0, 4 * s.heads * s.headWords());
  const int width = s.width();
  for (int from = 0; from < s.keys; from += 8) {
    const int some = least(8, s.keys - from);
    for (int first = 0; first < width; first += 8) {
      uint64_t bits = 0;
      for (int j = 0; j < some; j++) bits |= uint64_t(uint8_t(v[(from + j) * s.pixel + first / 8])) << 8 * j;
      bits = transposed(bits);
      for (int c = first; c < least(first + 8, width); c++, bits >>= 8) {
        const int h = c / s.each, own = c - h * s.each;
        const long word = h * s.headWords() + (long(own / W) * s.keyWords + from / 32) * W + own % W;
        to[4 * word + from % 32 / 8] = char(bits);
      }
    }
  }
}

// n[j] = popcount(q ^ k_j), the rows of k being `step` bytes apart.
void countAll(const char* q, const char* k, long step, const Heads& s, int32_t* n) {
  if (s.rowWords == 2) {
    const uint64_t own = read<uint64_t>(q);
    for (int j = 0; j < s.keys; j++, k += step) n[j] = __builtin_popcountll(own ^ read<uint64_t>(k));
    return;
  }
  for (int j = 0; j < s.keys; j++, k += step) {
    int count = 0, i = 0;
    for (; i + 2 <= s.rowWords; i += 2) count += __builtin_popcountll(read<uint64_t>(q + 4 * i) ^ read<uint64_t>(k + 4 * i));
    if (i < s.rowWords) count += __builtin_popcount(read<uint32_t>(q + 4 * i) ^ read<uint32_t>(k + 4 * i));
    n[j] = count;
  }
}

// Writes the bits of the keys that take part: takes(j). @returns how many they are.
template <class F>
int chosenBy(int keys, uint32_t* chosen, F takes) {
  int count = 0;
  for (int from = 0; from < keys; from += 32) {
    uint32_t bits = 0;
    for (int i = 0; i < least(32, keys - from); i++) bits |= uint32_t(takes(from + i)) << i;
    chosen[from / 32] = bits;
    count += __builtin_popcount(bits);
  }
  return count;
}

int likely(const int32_t* n, int keys, const double* table, float bound, uint32_t* chosen) {
  int fewest = n[0];
  for (int j = 1; j < keys; j++) fewest = least(fewest, n[j]);
  const double* first = table - fewest;
  double sum = 0;
  for (int j = 0; j < keys; j++) sum += first[n[j]];
  // Far from the bound no quotient is needed: rounding moves it by less than a part in 2^23 (where it is no subnormal number).
  const bool sure = bound > 1e-30f;
  const double low = sure ? 0.9 * (double(bound) * sum) : -__builtin_inf(), high = sure ? 1.1 * (double(bound) * sum) : __builtin_inf();
  return chosenBy(keys, chosen, [&](int j) {
    const double e = first[n[j]];
    return e >= low && (e > high || float(e / sum) >= bound);
  });
}

// out[c] = count - 2 popcount(chosen & values of c), W channels at a time.
void weigh(const uint32_t* chosen, const char* turned, const Heads& s, int count, char* out) {
  for (int c = 0; c < s.each; c += W) {
    Vi n{};
    for (int i = 0; i < s.keyWords; i++, turned += sizeof(Vi)) {
      Vi values;
      memcpy(&values, turned, sizeof values);
      n += folded(counts((int32_t(chosen[i]) - Vi{}) & values));
    }
    const Vi sums = count - (n + n);
    memcpy(out + 4 * c, &sums, 4 * least(W, s.each - c));
  }
}

}  // namespace

void bitAttention(Record record, const Strip& strip) {
  const int width = record.word(2), heads = record.word(3), each = width / heads, keys = record.word(1);
  const Heads s{keys, each, heads, (keys + 31) / 32, (each + 31) / 32, (width + 31) / 32 * 4L};
  const double* table = record.address(8) ? reinterpret_cast<const double*>(strip.memory + record.address(8)) : nullptr;
  const float bound = record.number(9);
  char* turned = strip.copy(record.address(6), record.address(7));
  uint32_t* chosen = reinterpret_cast<uint32_t*>(turned + 4 * heads * s.headWords());
  int32_t* differing = reinterpret_cast<int32_t*>(chosen + s.keyWords);
  char* query = reinterpret_cast<char*>(differing + keys);
  char* separate = query + 4 * s.rowWords;
  turn(strip.memory + record.address(5), s, turned);
  const char* k = strip.memory + record.address(4);
  const bool aligned = each % 32 == 0;
  const auto rowOf = [&](const char* row, int h, char* to) {
    BitWriter writer(to);
    writer.putFrom(row, long(h) * each, each);
    return writer.end();
  };
  if (!aligned) {
    char* to = separate;
    for (int h = 0; h < heads; h++)
      for (int j = 0; j < keys; j++) to = rowOf(k + j * s.pixel, h, to);
  }
  const char* q = strip.at(record.in());
  char* out = strip.at(record.out());
  for (long i = 0; i < strip.rows * record.word(0); i++, q += s.pixel)
    for (int h = 0; h < heads; h++, out += 4L * each) {
      if (aligned) countAll(q + each / 8 * h, k + each / 8 * h, s.pixel, s, differing);
      else {
        rowOf(q, h, query);
        countAll(query, separate + 4L * s.rowWords * keys * h, 4L * s.rowWords, s, differing);
      }
      const int count = table ? likely(differing, keys, table, bound, chosen)
                              : chosenBy(keys, chosen, [&](int j) { return differing[j] <= each / 2; });
      weigh(chosen, turned + 4 * h * s.headWords(), s, count, out);
    }
}

}  // namespace surge::SURGE_ISA
