// Which taps of a window lie inside the picture: packages/runtime/src/kernels/taps.ts.
#pragma once
#include "packed/record.h"

namespace surge::SURGE_ISA {

// The first tap inside the picture, along one axis.
inline int firstTap(int begin, int taps, int dilation) { return begin >= 0 ? 0 : least(taps, (dilation - 1 - begin) / dilation); }

// The end of the taps inside the picture.
inline int endTap(int begin, int first, int taps, int dilation, int inputs) {
  if (begin + (taps - 1) * dilation < inputs) return taps;
  return most(first, (inputs - begin + dilation - 1) / dilation);
}

// What the window of one output sees: its first tap, and which of its taps lie inside.
struct Look {
  int top, left, firstRow, endRow, firstColumn, endColumn;

  Look() = default;
  Look(const Window& w, int row, int column)
      : top(row * w.strideHeight - w.padTop),
        left(column * w.strideWidth - w.padLeft),
        firstRow(firstTap(top, w.filterHeight, w.dilationHeight)),
        endRow(endTap(top, firstRow, w.filterHeight, w.dilationHeight, w.inHeight)),
        firstColumn(firstTap(left, w.filterWidth, w.dilationWidth)),
        endColumn(endTap(left, firstColumn, w.filterWidth, w.dilationWidth, w.inWidth)) {}

  bool seesAll(const Window& w) const {
    return firstRow == 0 && firstColumn == 0 && endRow == w.filterHeight && endColumn == w.filterWidth;
  }
  bool sees(int tapRow, int tapColumn) const {
    return tapRow >= firstRow && tapRow < endRow && tapColumn >= firstColumn && tapColumn < endColumn;
  }
  // Whether two windows see the same taps.
  bool seesAs(const Look& other) const {
    return firstRow == other.firstRow && endRow == other.endRow && firstColumn == other.firstColumn && endColumn == other.endColumn;
  }
  // Pixel of a tap inside, counted through the picture.
  long pixel(const Window& w, int tapRow, int tapColumn) const {
    return long(top + tapRow * w.dilationHeight) * w.inWidth + left + tapColumn * w.dilationWidth;
  }
};

}  // namespace surge::SURGE_ISA
