// GELU of packages/runtime/src/kernels/normal.ts, where it is derived, operation by operation.
#include "packed/exponential64.h"
#include "packed/numbers.h"
#include "packed/ops.h"

namespace surge::SURGE_ISA {
namespace {

// Horner's scheme, the coefficient of the highest power first.
template <int N>
inline double polynomial(double s, const double (&coefficients)[N]) {
  double sum = coefficients[0];
  for (int i = 1; i < N; i++) sum = coefficients[i] + s * sum;
  return sum;
}

constexpr double kNearP[] = {-2.37630166566501626084e-5, -5.77027029648944159157e-3, -2.84817495755985104766e-2, -3.25042107247001499370e-1,
                             1.28379167095512558561e-1};
constexpr double kNearQ[] = {-3.96022827877536812320e-6, 1.32494738004321644526e-4, 5.08130628187576562776e-3,
                             6.50222499887672944485e-2,  3.97917223959155352819e-1, 1};
constexpr double kOneP[] = {-2.16637559486879084300e-3, 3.54783043256182359371e-2, -1.10894694282396677476e-1, 3.18346619901161753674e-1,
                            -3.72207876035701323847e-1, 4.14856118683748331666e-1, -2.36211856075265944077e-3};
constexpr double kOneQ[] = {1.19844998467991074170e-2, 1.36370839120290507362e-2, 1.26171219808761642112e-1, 7.18286544141962662868e-2,
                            5.40397917702171048937e-1, 1.06420880400844228286e-1, 1};
constexpr double kFarR[] = {-9.81432934416914548592,   -8.12874355063065934246e1, -1.84605092906711035994e2, -1.62396669462573470355e2,
                            -6.23753324503260060396e1, -1.05586262253232909814e1, -6.93858572707181764372e-1, -9.86494403484714822705e-3};
constexpr double kFarS[] = {-6.04244152148580987438e-2, 6.57024977031928170135,   1.08635005541779435134e2, 4.29008140027567833386e2, 6.45387271733267880336e2,
                            4.34565877475229228821e2,   1.37657754143519042600e2, 1.96512716674392571292e1, 1};
constexpr double kTailR[] = {-4.83519191608651397019e2, -1.02509513161107724954e3,  -6.37566443368389627722e2, -1.60636384855821916062e2,
                             -1.77579549177547519889e1, -7.99283237680523006574e-1, -9.86494292470009928597e-3};
constexpr double kTailS[] = {-2.24409524465858183362e1, 4.74528541206955367215e2, 2.55305040643316442583e3, 3.19985821950859553908e3,
                             1.53672958608443695994e3,  3.25792512996573918826e2, 3.03380607434824582924e1, 1};

// erfc for z >= 0.84375.
inline double complement(double z) {
  if (z < 1.25) return 1 - 8.45062911510467529297e-1 - polynomial(z - 1, kOneP) / polynomial(z - 1, kOneQ);
  if (z >= 28) return 0;
  const double square = z * z, s = 1 / square;
  const double ratio = z < 1 / 0.35 ? polynomial(s, kFarR) / polynomial(s, kFarS) : polynomial(s, kTailR) / polynomial(s, kTailS);
  return exponential64(-square - 0.5625 + ratio) / z;
}

inline double normalBelow(double x) {
  const double z = x * 0.7071067811865476, size = z < 0 ? -z : z;
  if (size < 0.84375) {
    const double square = z * z;
    return 0.5 + 0.5 * (z + z * (polynomial(square, kNearP) / polynomial(square, kNearQ)));
  }
  const double tail = 0.5 * complement(size);
  return z < 0 ? tail : 1 - tail;
}

}  // namespace

void gelu(Record record, const Strip& strip) {
  eachNumber(record, strip, [](double x) {
    const float made = float(x * normalBelow(x));
    // Of a number below 0 it is below 0: where it rounds to 0, the nearest such number.
    return x < 0 && !(made < 0) ? -0x1p-149 : double(made);
  });
}

}  // namespace surge::SURGE_ISA
