/** Phi and GELU of src/kernels/normal.ts, where they are derived, operation by operation. */
import { exp } from './exp';
import { FIRST, IN, OUT, address, number, operand, word } from './record';

/** round(x Phi(x)) in f64, below 0 for x below 0. Parameters: numbers a row, input is i32. */
export function gelu(record: usize, y: i32, rows: i32, thread: i32): void {
  const out = operand(record, OUT, y, thread);
  const x = operand(record, IN, y, thread);
  const bytes = (<usize>rows * address(record, FIRST)) << 2;
  const integers = word(record, FIRST + 1) != 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    const v = <f64>number(x + at, integers);
    const made = <f32>(v * normalBelow(v));
    // The nearest number below 0 has the bits of 1 and of the sign.
    store<f32>(out + at, v < 0 && !(made < 0) ? reinterpret<f32>(<u32>0x80000001) : made);
  }
}

function normalBelow(x: f64): f64 {
  const z = x * 0.7071067811865476;
  const size = abs(z);
  if (size < 0.84375) {
    const s = z * z;
    const p =
      1.28379167095512558561e-1 +
      s *
        (-3.2504210724700149937e-1 +
          s *
            (-2.84817495755985104766e-2 +
              s * (-5.77027029648944159157e-3 + s * -2.37630166566501626084e-5)));
    const q =
      1 +
      s *
        (3.97917223959155352819e-1 +
          s *
            (6.50222499887672944485e-2 +
              s *
                (5.08130628187576562776e-3 +
                  s * (1.32494738004321644526e-4 + s * -3.9602282787753681232e-6))));
    return 0.5 + 0.5 * (z + z * (p / q));
  }
  const tail = 0.5 * complement(size);
  return z < 0 ? tail : 1 - tail;
}

/** erfc for z >= 0.84375. */
function complement(z: f64): f64 {
  if (z < 1.25) return 1 - 8.45062911510467529297e-1 - nearOne(z - 1);
  if (z >= 28) return 0;
  const square = z * z;
  const s = 1 / square;
  const ratio = z < 1 / 0.35 ? far(s) : farther(s);
  return exp(-square - 0.5625 + ratio) / z;
}

function nearOne(s: f64): f64 {
  const p =
    -2.36211856075265944077e-3 +
    s *
      (4.14856118683748331666e-1 +
        s *
          (-3.72207876035701323847e-1 +
            s *
              (3.18346619901161753674e-1 +
                s *
                  (-1.10894694282396677476e-1 +
                    s * (3.54783043256182359371e-2 + s * -2.166375594868790843e-3)))));
  const q =
    1 +
    s *
      (1.06420880400844228286e-1 +
        s *
          (5.40397917702171048937e-1 +
            s *
              (7.18286544141962662868e-2 +
                s *
                  (1.26171219808761642112e-1 +
                    s * (1.36370839120290507362e-2 + s * 1.1984499846799107417e-2)))));
  return p / q;
}

function far(s: f64): f64 {
  const r =
    -9.86494403484714822705e-3 +
    s *
      (-6.93858572707181764372e-1 +
        s *
          (-1.05586262253232909814e1 +
            s *
              (-6.23753324503260060396e1 +
                s *
                  (-1.62396669462573470355e2 +
                    s *
                      (-1.84605092906711035994e2 +
                        s * (-8.12874355063065934246e1 + s * -9.81432934416914548592))))));
  const q =
    1 +
    s *
      (1.96512716674392571292e1 +
        s *
          (1.376577541435190426e2 +
            s *
              (4.34565877475229228821e2 +
                s *
                  (6.45387271733267880336e2 +
                    s *
                      (4.29008140027567833386e2 +
                        s *
                          (1.08635005541779435134e2 +
                            s * (6.57024977031928170135 + s * -6.04244152148580987438e-2)))))));
  return r / q;
}

function farther(s: f64): f64 {
  const r =
    -9.86494292470009928597e-3 +
    s *
      (-7.99283237680523006574e-1 +
        s *
          (-1.77579549177547519889e1 +
            s *
              (-1.60636384855821916062e2 +
                s *
                  (-6.37566443368389627722e2 +
                    s * (-1.02509513161107724954e3 + s * -4.83519191608651397019e2)))));
  const q =
    1 +
    s *
      (3.03380607434824582924e1 +
        s *
          (3.25792512996573918826e2 +
            s *
              (1.53672958608443695994e3 +
                s *
                  (3.19985821950859553908e3 +
                    s *
                      (2.55305040643316442583e3 +
                        s * (4.74528541206955367215e2 + s * -2.24409524465858183362e1))))));
  return r / q;
}
