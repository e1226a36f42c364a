import { boxes } from '/tmp/wt/packed/packages/runtime/dist/index.js';
const C = 64, n = 300;
const map = Float32Array.from({ length: 60 * 80 * C }, (_, i) => Math.sin(i));
const bx = Float32Array.from({ length: 4 * n }, (_, i) => (i % 4 < 2 ? (i * 37) % 100 : 150 + ((i * 53) % 90)));
const out = new Float32Array(49 * C);
const pics = Int32Array.of(0);
for (let k = 0; k < 12; k++) {
  const t = performance.now();
  for (let i = 0; i < n; i++) boxes.roiAlign(map, { batch: 1, height: 60, width: 80, channels: C }, bx.subarray(4 * i, 4 * i + 4), pics, { scale: 0.25, height: 7, width: 7, samplingRatio: 2, aligned: false }, out);
  console.log((performance.now() - t).toFixed(1));
}
