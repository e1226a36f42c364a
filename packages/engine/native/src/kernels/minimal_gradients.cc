// The four products and the norms of a binary layer's backward by minimal filtering (winograd.h). A few pictures at a time go through all of
// it while they are in the second-level cache; slices of the batch have sums of the filter gradients of their own.
#include "kernels/through_surrogate.h"
#include "kernels/winograd.h"

namespace surge::SURGE_ISA {
namespace {

constexpr long kGroupBytes = 256L << 10;  // of x and dy of the pictures that go together
constexpr long kMostSlices = 16, kMostSums = 300000;  // floats, of all slices of a branch

}  // namespace

bool hasMinimalProducts(const Geometry& g) { return winograd::applies(g); }

BranchSums minimalGradients(int threads, const float* dy, const float* x, const float* kernel, const float* auxiliary, Surrogate surrogate,
                            float* gb, float* ga, float* dkernel, float* dauxiliary, const Geometry& g) {
  using namespace winograd;
  const long size = long(kPositions) * g.inChannels * g.outChannels;
  const Scratch<float> binaryTransformed(size), realTransformed(auxiliary ? size : 0);
  float *binaryFilters = binaryTransformed, *realFilters = realTransformed;
  transformFilters(threads, kernel, true, g, binaryFilters);
  if (auxiliary) transformFilters(threads, auxiliary, false, g, realFilters);

  const long in = g.inputs() / g.batch, out = g.outputs() / g.batch;
  const long pictures = most(1L, kGroupBytes / (long(sizeof(float)) * (in + out)));
  const long groups = (g.batch + pictures - 1) / pictures;
  // Sums that would fill the second-level cache are taken a third at a time, for which the pictures come anew; all others with the inputs.
  const bool thirds = size > kMostSums / 4;
  const long slices = least(groups, thirds ? 2 : most(2L, least(kMostSlices, kMostSums / size)));
  const Scratch<float> binaryScratch(slices * size), realScratch(dauxiliary ? slices * size : 0);
  float *binarySums = binaryScratch, *realSums = realScratch;
  const Scratch<BranchSums> measured(groups);
  BranchSums* sums = measured;

  // f(offset in x, offset in dy, geometry) of the pictures [from, to).
  const auto some = [=](long from, long to, auto f) {
    Geometry few = g;
    few.batch = int(to - from);
    f(from * in, from * out, few);
  };
  const auto inputs = [=](long group) {
    some(group * pictures, least<long>(g.batch, (group + 1) * pictures), [=](long i, long o, const Geometry& few) {
      sums[group] = inputGradients(dy + o, x + i, binaryFilters, realFilters, surrogate, gb + i, ga ? ga + i : nullptr, few);
    });
  };
  const auto realOf = [=](long slice) { return dauxiliary ? realSums + slice * size : nullptr; };
  const long cost = 9L * g.outputs() * g.inChannels;
  if (thirds) {
    tasks(threads, groups, cost / groups, inputs);
    tasks(threads, 3 * slices, cost / slices, [=](long task) {
      const long slice = task / 3;
      some(g.batch * slice / slices, g.batch * (slice + 1) / slices, [=](long i, long o, const Geometry& half) {
        addThirdOfFilterSums(int(task % 3), x + i, dy + o, false, binarySums + slice * size, realOf(slice), half);
      });
    });
  } else {
    tasks(threads, slices, cost / slices, [=](long slice) {
      const long first = groups * slice / slices, end = groups * (slice + 1) / slices;
      for (long group = first; group < end; group++) {
        inputs(group);
        some(group * pictures, least<long>(g.batch, (group + 1) * pictures), [=](long i, long o, const Geometry& few) {
          addFilterSums(x + i, dy + o, group > first, binarySums + slice * size, realOf(slice), few);
        });
      }
    });
  }
  outputFilters(threads, binarySums, slices, dkernel, g);
  if (dauxiliary) outputFilters(threads, realSums, slices, dauxiliary, g);
  BranchSums all{};
  for (long i = 0; i < groups; i++) all += sums[i];
  return all;
}

}  // namespace surge::SURGE_ISA
