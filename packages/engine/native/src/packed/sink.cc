#include "packed/sink.h"

namespace surge::SURGE_ISA {
namespace {

inline void putInts(char* p, Vi v, int valid) {
#if defined(__AVX512F__)
  if (valid < W) return _mm512_mask_storeu_epi32(p, __mmask16((1u << valid) - 1), (__m512i)v);
#endif
  memcpy(p, &v, valid < W ? valid * sizeof(int32_t) : sizeof v);
}

// Bit i for lane i.
inline unsigned lanes(Vi mask) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  return unsigned(_mm256_movemask_ps((__m256)mask));
#else
  unsigned bits = 0;
  for (int i = 0; i < W; i++) bits |= unsigned(mask[i] & 1) << i;
  return bits;
#endif
}

inline unsigned below(Vf a, Vf b) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
#else
  return lanes((Vi)(a < b));
#endif
}
inline unsigned below(Vi a, Vi b) {
#if defined(__AVX512F__)
  return _mm512_cmplt_epi32_mask((__m512i)a, (__m512i)b);
#else
  return lanes((Vi)(a < b));
#endif
}
inline unsigned unordered(Vf a) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
#else
  return lanes((Vi)(a != a));
#endif
}

// W bits of a pixel from channel `c` on into its words of 32. The first bits of a word come first, and empty what is above them.
inline void putBits(char* pixel, int c, uint32_t bits) {
  char* at = pixel + c / 32 * 4;
  if (c % 32 != 0) {
    uint32_t word;
    memcpy(&word, at, sizeof word);
    bits = word | bits << c % 32;
  }
  memcpy(at, &bits, sizeof bits);
}

__attribute__((noinline)) void findNaN(const Sink& sink, const Link& link, long pixel, int c, int valid, const Vi* v, int pixels) {
  for (int p = 0; p < pixels; p++) {
    for (int i = 0; i < valid; i++) {
      const int32_t lane = v[p][i];
      float value;
      memcpy(&value, &lane, sizeof value);
      if (value == value) continue;
      return report(sink.status, link.node, link.before + (pixel + p) * sink.channels + c + i);
    }
  }
}

#define EACH_PIXEL _Pragma("GCC unroll 8") for (int p = 0; p < P; p++)

// Reports the first NaN among the lanes that are valid.
template <int P>
inline void lookForNaN(const Sink& sink, const Link& link, long pixel, int c, int valid, const Vi (&v)[kTilePixels]) {
  unsigned nan = 0;
  EACH_PIXEL nan |= unordered((Vf)v[p]);
  if (__builtin_expect(nan == 0, true)) return;
  // A copy, so that `v` itself need not have an address. Lanes that are not valid hold anything.
  Vi seen[P];
  EACH_PIXEL seen[p] = v[p];
  findNaN(sink, link, pixel, c, valid, seen, P);
}

}  // namespace

void report(char* status, int node, int64_t index) {
  int32_t known;
  int64_t place;
  memcpy(&known, status, sizeof known);
  memcpy(&place, status + 8, sizeof place);
  if (known >= 0 && (known < node || (known == node && place <= index))) return;
  memcpy(status, &node, sizeof node);
  memcpy(status + 8, &index, sizeof index);
}

template <int P>
void take(const Sink& sink, long pixel, int c, int valid, Vi v0, Vi v1, Vi v2, Vi v3, Vi v4, Vi v5, Vi v6, Vi v7) {
  Vi v[kTilePixels] = {v0, v1, v2, v3, v4, v5, v6, v7};
  const long at = 4L * c;
  const unsigned used = valid == W ? ~0u >> (32 - W) : (1u << valid) - 1;
  for (int i = 0; i < sink.count; i++) {
    const Link& link = sink.links[i];
    char* out = link.out ? link.out + pixel * link.step : nullptr;
    if (link.integers && changesNumbers(link.kind)) EACH_PIXEL v[p] = (Vi)toFloats(v[p]);
    switch (link.kind) {
      case Link::none: break;
      case Link::affine:
        if (link.a) {
          const Vf a = (Vf)loadInts(link.a + at);
          EACH_PIXEL v[p] = (Vi)(a * (Vf)v[p]);
        }
        if (link.b) {
          const Vf b = (Vf)loadInts(link.b + at);
          EACH_PIXEL v[p] = (Vi)((Vf)v[p] + b);
        }
        break;
      case Link::prelu: {
        const Vf alpha = (Vf)loadInts(link.a + at);
        EACH_PIXEL {
          const Vf x = (Vf)v[p];
          v[p] = (Vi)(x < Vf{} ? alpha * x : x);
        }
        break;
      }
      case Link::relu:
        EACH_PIXEL {
          const Vf x = (Vf)v[p];
          v[p] = (Vi)(x <= Vf{} ? Vf{} : x);
        }
        break;
      case Link::clip: {
        const Vf low = all(link.low), high = all(link.high);
        EACH_PIXEL {
          const Vf x = (Vf)v[p];
          v[p] = (Vi)(x < low ? low : x > high ? high : x);
        }
        break;
      }
      case Link::add: {
        const char* other = link.other + pixel * link.step + at;
        if (link.otherIntegers) EACH_PIXEL v[p] = (Vi)((Vf)v[p] + toFloats(loadInts(other + p * link.step)));
        else EACH_PIXEL v[p] = (Vi)((Vf)v[p] + (Vf)loadInts(other + p * link.step));
        break;
      }
      case Link::signFloats:
        lookForNaN<P>(sink, link, pixel, c, valid, v);
        EACH_PIXEL v[p] = (Vi)((Vf)v[p] < Vf{} ? all(-1) : all(1));
        break;
      case Link::signBits:
        if (link.integers) {
          EACH_PIXEL putBits(out + p * link.step, c, (below(v[p], Vi{}) ^ link.complement) & used);
        } else {
          lookForNaN<P>(sink, link, pixel, c, valid, v);
          EACH_PIXEL putBits(out + p * link.step, c, (below((Vf)v[p], Vf{}) ^ link.complement) & used);
        }
        continue;
      case Link::threshold: {
        const Vi thresholds = loadInts(link.a + at);
        uint32_t flips;
        memcpy(&flips, link.b + c / 32 * 4, sizeof flips);
        flips = flips >> c % 32 ^ link.complement;
        EACH_PIXEL putBits(out + p * link.step, c, (below(v[p], thresholds) ^ flips) & used);
        continue;
      }
      case Link::place:
        EACH_PIXEL putInts(out + p * link.step + at, link.integers ? (Vi)toFloats(v[p]) : v[p], valid);
        continue;
    }
    if (out) EACH_PIXEL putInts(out + p * link.step + at, v[p], valid);
  }
}

template void take<1>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
template void take<2>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
template void take<3>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
template void take<4>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
template void take<5>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
template void take<6>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
template void take<7>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
template void take<8>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);

}  // namespace surge::SURGE_ISA
