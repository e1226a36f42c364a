// The two backward products of the binary branch of a dense layer (a 1x1 convolution of stride 1) by table look-up; sign_tables.h has the method. Pixels have no
// neighbours here, so that a tile of tables is chosen for the first-level cache, and each table that is read serves two blocks of channels.
#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/sign_tables.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {

bool isDense(const Geometry& g) {
  return g.taps() == 1 && g.groups == 1 && g.strideHeight == 1 && g.strideWidth == 1 && g.padTop == 0 && g.padLeft == 0 &&
         g.outHeight == g.inHeight && g.outWidth == g.inWidth;
}

#if defined(__AVX512F__)
namespace {

constexpr int kSide = 8;    // pixels (dgrad) or outputs (wgrad) of a tile
constexpr int kPair = 2;    // blocks of 16 input channels that a table serves at once
constexpr int kWord = 8;    // tables that a word of signs asks
constexpr int kTile = 32;   // tables of one side entry in a tile: 16 KiB of them for the whole side

// Sums over `words` words of tables [table][kSide][16]: sums[pair][side] of what the signs of 16 channels ask, word after word for each block.
inline void lookUp(const float* tables, const uint32_t* const (&signs)[kPair], int words, __m512 (&sums)[kPair][kSide]) {
  for (int b = 0; b < kPair; b++)
    for (int s = 0; s < kSide; s++) sums[b][s] = _mm512_setzero_ps();
  for (int word = 0; word < words; word++) {
    __m512i index[kPair];
    for (int b = 0; b < kPair; b++) index[b] = _mm512_loadu_si512(signs[b] + word * 16);
    for (int t = 0; t < kWord; t++, tables += kSide * 16) {
#pragma GCC unroll 8
      for (int s = 0; s < kSide; s++) {
        const __m512 values = tableAt(tables + s * 16);
#pragma GCC unroll 2
        for (int b = 0; b < kPair; b++) sums[b][s] = lookedUp(s + b, sums[b][s], index[b], values);
      }
      for (int b = 0; b < kPair; b++) index[b] = _mm512_srli_epi32(index[b], 4);
    }
  }
}

// Words of signs [block][word][16 lanes]: bit i of a lane is the sign of entry (32 word + i) of that channel, entries and channels being apart by these steps.
void packSigns(int threads, const float* v, long entries, long entryStep, long channels, long channelStep, long words, uint32_t* to) {
  const long blocks = (channels + 15) / 16;
  tasks(threads, blocks, 16 * entries, [=](long block) {
    const int lanes = int(least(16L, channels - block * 16));
    uint32_t* out = to + block * words * 16;
    memset(out, 0, words * 64);
    const float* from = v + block * 16 * channelStep;
    if (channelStep == 1) {
      const __mmask16 valid = __mmask16((1u << lanes) - 1);
      for (long e = 0; e < entries; e++) {
        const __m512 values = _mm512_maskz_loadu_ps(valid, from + e * entryStep);
        const __mmask16 negative = _mm512_cmp_ps_mask(values, _mm512_setzero_ps(), _CMP_LT_OQ);
        uint32_t* word = out + e / 32 * 16;
        const __m512i old = _mm512_loadu_si512(word);
        _mm512_storeu_si512(word, _mm512_mask_or_epi32(old, negative, old, _mm512_set1_epi32(int(1u << e % 32))));
      }
      return;
    }
    for (int lane = 0; lane < lanes; lane++) {
      const float* row = from + lane * channelStep;
      for (long e = 0; e < entries; e += 16) {
        const int count = int(least(16L, entries - e));
        const __m512 values = _mm512_maskz_loadu_ps(__mmask16((1u << count) - 1), row + e);
        const uint32_t half = _mm512_cmp_ps_mask(values, _mm512_setzero_ps(), _CMP_LT_OQ);
        out[e / 32 * 16 + lane] |= half << e % 32;
      }
    }
  });
}

inline long wholeWords(long entries) { return (entries + 31) / 32; }

// dx of up to kSide pixels: tables of four outputs each, kTile of them at a time.
void inputTile(const float* dy, int pixels, const uint32_t* signs, long words, long channels, long outputs, float* tables, float* dx) {
  const long blocks = (channels + 15) / 16;
  constexpr int wordsInTile = kTile / kWord;
  for (long first = 0; first < words; first += wordsInTile) {
    const int count = int(least<long>(wordsInTile, words - first));
    for (int t = 0; t < count * kWord; t++) {
      const long o = (first * kWord + t) * 4;
      for (int s = 0; s < kSide; s++) {
        const bool isThere = s < pixels && o < outputs;
        _mm512_store_ps(tables + (t * kSide + s) * 16, isThere ? table(dy + s * outputs + o, 1) : _mm512_setzero_ps());
      }
    }
    for (long block = 0; block < blocks; block += kPair) {
      // A last block without a partner is computed twice.
      const uint32_t* const pair[kPair] = {signs + (block * words + first) * 16, signs + (least(block + 1, blocks - 1) * words + first) * 16};
      __m512 sums[kPair][kSide];
      lookUp(tables, pair, count, sums);
      for (int b = 0; b < kPair && block + b < blocks; b++) {
        const long c = (block + b) * 16;
        const __mmask16 valid = __mmask16((1u << least(16L, channels - c)) - 1);
        for (int s = 0; s < pixels; s++) {
          float* to = dx + s * channels + c;
          const __m512 before = first == 0 ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(valid, to);
          _mm512_mask_storeu_ps(to, valid, _mm512_add_ps(before, sums[b][s]));
        }
      }
    }
  }
}

// totals [block][kSide][16] of up to kSide outputs from `firstOut` on: tables of four pixels each.
void filterTile(const float* dy, long pixels, long outputs, long firstOut, const uint32_t* signs, long words, long blocks, float* tables,
                float* totals) {
  const int outs = int(least<long>(kSide, outputs - firstOut));
  constexpr int wordsInTile = kTile / kWord;
  memset(totals, 0, blocks * kSide * 16 * sizeof(float));
  for (long first = 0; first < words; first += wordsInTile) {
    const int count = int(least<long>(wordsInTile, words - first));
    for (int t = 0; t < count * kWord; t++) {
      const long pixel = (first * kWord + t) * 4;
      const float* source = dy + pixel * outputs + firstOut;
      long step = outputs;
      float spare[4 * kSide] = {};
      if (outs < kSide || pixel + 4 > pixels) {
        // Pixels and outputs past the last add nothing.
        for (long j = 0; j < least(4L, pixels - pixel); j++) memcpy(spare + j * kSide, source + j * step, outs * sizeof(float));
        source = spare;
        step = kSide;
      }
      buildColumnTables(source, step, tables + t * kSide * 16);
    }
    for (long block = 0; block < blocks; block += kPair) {
      const uint32_t* const pair[kPair] = {signs + (block * words + first) * 16, signs + (least(block + 1, blocks - 1) * words + first) * 16};
      __m512 sums[kPair][kSide];
      lookUp(tables, pair, count, sums);
      for (int b = 0; b < kPair && block + b < blocks; b++) {
        float* total = totals + (block + b) * kSide * 16;
        for (int s = 0; s < kSide; s++) _mm512_store_ps(total + s * 16, _mm512_add_ps(_mm512_load_ps(total + s * 16), sums[b][s]));
      }
    }
  }
}

}  // namespace

void denseSignInputGradient(int threads, const float* dy, const float* kernel, float* dx, const Geometry& g) {
  const long pixels = long(g.batch) * g.inHeight * g.inWidth, channels = g.inChannels, outputs = g.outChannels;
  const long words = wholeWords(outputs), blocks = (channels + 15) / 16;
  const Scratch<uint32_t> signs(blocks * words * 16);
  packSigns(threads, kernel, outputs, 1, channels, outputs, words, signs);
  split(threads, pixels, channels * outputs / 16, kSide, [&](long from, long to) {
    const Scratch<float> tables(long(kTile) * kSide * 16);
    for (long p = from; p < to; p += kSide) {
      inputTile(dy + p * outputs, int(least<long>(kSide, to - p)), signs, words, channels, outputs, tables, dx + p * channels);
    }
  });
}

void denseSignFilterGradient(int threads, const float* x, const float* dy, float* dkernel, const Geometry& g) {
  const long pixels = long(g.batch) * g.inHeight * g.inWidth, channels = g.inChannels, outputs = g.outChannels;
  const long words = wholeWords(pixels), blocks = (channels + 15) / 16;
  const Scratch<uint32_t> signs(blocks * words * 16);
  packSigns(threads, x, pixels, channels, channels, 1, words, signs);
  tasks(threads, (outputs + kSide - 1) / kSide, pixels * channels, [&](long tile) {
    const Scratch<float> tables(long(kTile) * kSide * 16), totals(blocks * kSide * 16);
    const long first = tile * kSide;
    filterTile(dy, pixels, outputs, first, signs, words, blocks, tables, totals);
    const int outs = int(least<long>(kSide, outputs - first));
    for (long c = 0; c < channels; c++) {
      const float* from = totals + c / 16 * kSide * 16 + c % 16;
      for (int s = 0; s < outs; s++) dkernel[c * outputs + first + s] = from[s * 16];
    }
  });
}

#else

void denseSignInputGradient(int, const float*, const float*, float*, const Geometry&) {}
void denseSignFilterGradient(int, const float*, const float*, float*, const Geometry&) {}

#endif

}  // namespace surge::SURGE_ISA
