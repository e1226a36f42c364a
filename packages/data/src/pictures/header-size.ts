/**
 * Width and height from the first bytes of a JPEG or PNG. Asking the decoder costs as much as decoding a small
 * picture; what is not plain here is left to it.
 */
import type { Size } from './fit.js';

/** The size, or undefined for other formats and anything out of the ordinary. */
export function headerSize(bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = jpegSize(view) ?? pngSize(view);
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
}

/** PNG: an 8-byte signature, then the chunk IHDR, which begins with width and height. */
function pngSize(view: DataView): Size | undefined {
  if (view.byteLength < 24) return undefined;
  const isPng = view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a;
  if (!isPng || view.getUint32(12) !== 0x49484452) return undefined;
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** JPEG: segments of 0xff, a marker, a length; the frame header (SOF) holds height and width. */
function jpegSize(view: DataView): Size | undefined {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    // C0 to CF are frame headers, but for Huffman tables (C4), a reserved one (C8) and arithmetic tables (CC).
    const isFrame =
      (marker & 0xf0) === 0xc0 && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    // What has no length, or the scan: no plain header.
    if (marker < 0xc0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xda)) return undefined;
  }
  return undefined;
}
