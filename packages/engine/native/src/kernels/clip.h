// Bounds as JavaScript has them.
#pragma once
#include "kernels/simd.h"

namespace surge::SURGE_ISA {

// JavaScript's Math.max and Math.min: NaN wins, and +0 is larger than -0.
inline Vf jsMax(Vf a, Vf b) {
  const Vf larger = a > b ? a : b;
  const Vf zeros = (Vf)((Vi)a & (Vi)b);
  return a != a ? a : b != b ? b : a == b ? zeros : larger;
}
inline Vf jsMin(Vf a, Vf b) {
  const Vf smaller = a < b ? a : b;
  const Vf zeros = (Vf)((Vi)a | (Vi)b);
  return a != a ? a : b != b ? b : a == b ? zeros : smaller;
}

// A NaN stays one.
inline Vf clipped(Vf v, Vf low, Vf high) { return jsMin(jsMax(v, low), high); }

}  // namespace surge::SURGE_ISA
