import { expect, it } from 'vitest';
import { skippedPicture } from './skipped.js';

it.each([
  ['a/b.jpg (VipsJpeg: premature end of JPEG image)', 'a/b.jpg'],
  ['a/b.jpg (Input buffer has corrupt header: VipsJpeg: premature end)', 'a/b.jpg'],
  ['a/b (2).jpg (unsupported image format)', 'a/b (2).jpg'],
  ['a/b.jpg', 'a/b.jpg'],
])('knows the picture of "%s"', (text, picture) => {
  expect(skippedPicture(text)).toBe(picture);
});
