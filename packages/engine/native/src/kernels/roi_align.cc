// RoIAlign and its gradient, in the order of sums that packages/runtime/src/boxes/roi-align.ts names, so with its bits.
#include <cmath>

#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {
namespace {

// Both neighbours of a sample's coordinate and their weights; low < 0: the sample lies outside and counts as zeros.
struct Place {
  int low, high;
  double lowWeight, highWeight;
};

// One direction of a box: `bins` bins of `samples` samples each.
struct Axis {
  double start, bin;
  long samples;

  Axis(double from, double to, int bins, const RoiShape& s) {
    const double length = s.aligned ? to - from : (to - from > 1 ? to - from : 1);
    start = from;
    bin = length / bins;
    samples = s.samplingRatio > 0 ? s.samplingRatio : bin > 0 ? long(std::ceil(bin)) : 0;
  }

  void places(int bins, int size, Place* out) const {
    for (int b = 0; b < bins; b++) {
      const double first = start + b * bin;
      for (long i = 0; i < samples; i++) *out++ = place(first + ((i + 0.5) * bin) / samples, size);
    }
  }

 private:
  static Place place(double at, int size) {
    if (!(at >= -1 && at <= size)) return {-1, -1, 0, 0};
    const double inside = at > 0 ? at : 0;
    const int low = least(int(inside), size - 1);
    const double highWeight = low < size - 1 ? inside - low : 0;
    return {low, least(low + 1, size - 1), 1 - highWeight, highWeight};
  }
};

// f(bin of all boxes, samples, their number, what the sum is divided by) for every bin of box r.
struct Sample {
  long at[4];
  double weight[4];
};
template <class F>
void bins(const float* box, int picture, long r, const RoiShape& s, double scale, F f) {
  const double offset = s.aligned ? 0.5 : 0;
  const Axis y(box[1] * scale - offset, box[3] * scale - offset, s.rows, s);
  const Axis x(box[0] * scale - offset, box[2] * scale - offset, s.columns, s);
  Scratch<Place> ys(s.rows * y.samples), xs(s.columns * x.samples);
  Scratch<Sample> samples(y.samples * x.samples);
  y.places(s.rows, s.height, ys);
  x.places(s.columns, s.width, xs);
  const long count = most<long>(y.samples * x.samples, 1);
  for (int p = 0; p < s.rows; p++) {
    for (int q = 0; q < s.columns; q++) {
      long inside = 0;
      for (long i = 0; i < y.samples; i++) {
        const Place& py = ys[p * y.samples + i];
        if (py.low < 0) continue;
        const long low = (long(picture) * s.height + py.low) * s.width, high = (long(picture) * s.height + py.high) * s.width;
        for (long j = 0; j < x.samples; j++) {
          const Place& px = xs[q * x.samples + j];
          if (px.low < 0) continue;
          samples[inside++] = {{(low + px.low) * s.channels, (low + px.high) * s.channels, (high + px.low) * s.channels,
                                (high + px.high) * s.channels},
                               {py.lowWeight * px.lowWeight, py.lowWeight * px.highWeight, py.highWeight * px.lowWeight,
                                py.highWeight * px.highWeight}};
        }
      }
      f((r * s.rows + p) * s.columns + q, static_cast<const Sample*>(samples), inside, double(count));
    }
  }
}

inline Vf joined(Vd low, Vd high) {
  Vf v;
  store64(reinterpret_cast<float*>(&v), low, high);
  return v;
}

// About how many floats a box reads.
long cost(const RoiShape& s) {
  const long samples = s.samplingRatio > 0 ? s.samplingRatio : 2;
  return 4 * samples * samples * s.rows * s.columns * s.channels;
}

}  // namespace

void roiAlign(int threads, const float* x, const float* boxes, const int32_t* pictures, long count, float* y, const RoiShape& s,
              double scale) {
  tasks(threads, count, cost(s), [&](long r) {
    bins(boxes + 4 * r, pictures[r], r, s, scale, [&](long bin, const Sample* samples, long inside, double number) {
      float* target = y + bin * s.channels;
      for (int c = 0; c < s.channels; c += W) {
        const int lanes = least(W, s.channels - c);
        Vd low{}, high{};
        for (long i = 0; i < inside; i++) {
          const Sample& sample = samples[i];
          Vd mixedLow{}, mixedHigh{};
          for (int k = 0; k < 4; k++) {
            const Vf v = part(x + sample.at[k] + c, lanes);
            const Vd weight = all64(sample.weight[k]);
            const Vd a = weight * low64(v), b = weight * high64(v);
            mixedLow = k == 0 ? a : mixedLow + a;
            mixedHigh = k == 0 ? b : mixedHigh + b;
          }
          low += mixedLow;
          high += mixedHigh;
        }
        put(target + c, joined(low / all64(number), high / all64(number)), lanes);
      }
    });
  });
}

// Threads own channels, so every pixel's sum runs over the boxes in their order whatever the number of threads.
void roiAlignGradient(int threads, const float* dy, const float* boxes, const int32_t* pictures, long count, float* dx, long size,
                      const RoiShape& s, double scale) {
  fill(threads, dx, size, 0);
  split(threads, s.channels, count * cost(s) / most<long>(s.channels, 1), W, [&](long from, long to) {
    for (long r = 0; r < count; r++) {
      bins(boxes + 4 * r, pictures[r], r, s, scale, [&](long bin, const Sample* samples, long inside, double number) {
        const float* source = dy + bin * s.channels;
        for (long i = 0; i < inside; i++) {
          for (int k = 0; k < 4; k++) {
            const Vd share = all64(samples[i].weight[k] / number);
            float* target = dx + samples[i].at[k];
            for (long c = from; c < to; c += W) {
              const int lanes = int(least<long>(W, to - c));
              const Vf g = part(source + c, lanes), d = part(target + c, lanes);
              put(target + c, joined(low64(d) + share * low64(g), high64(d) + share * high64(g)), lanes);
            }
          }
        }
      });
    }
  });
}

}  // namespace surge::SURGE_ISA
