/**
 * What is measured: each function gives the rows of one table. All arrays lie on the provider's heap.
 */

/** Deterministic numbers in (-1, 1). */
function numbers(length, seed) {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Arrays on the heap, made afresh as views whenever the heap has grown. */
function arrays(provider, lengths) {
  const addresses = lengths.map((length) => provider.heap.extend(4 * length));
  const views = () =>
    lengths.map((length, i) => new Float32Array(provider.heap.buffer, addresses[i], length));
  views().forEach((view, i) => view.set(numbers(view.length, i + 1)));
  return views;
}

/** @param engines our providers by name; the first one is the measure of the ratios. */
export function matMulRows(engines, peers, peak, measure, quick) {
  const sizes = quick
    ? [[512, 512, 512]]
    : [
        [256, 256, 256],
        [512, 512, 512],
        [1024, 1024, 1024],
        [511, 513, 509],
        [100, 777, 333],
        [64, 784, 256],
      ];
  return sizes.map(([m, k, n]) => {
    const shape = { batch: 1, m, k, n, transposeA: false, transposeB: false };
    const full = { ...shape, strideA: 0, strideB: 0 };
    const ours = Object.entries(engines).map(([name, provider]) => {
      const views = arrays(provider, [m * k, k * n, m * n]);
      const run = () => provider.kernels.matMul(...views(), full);
      run();
      return { name, run, result: views().map((view) => view.slice()) };
    });
    const [a, b, c] = ours[0].result;
    const others = Object.entries(peers).map(([name, start]) => [name, start(m, k, n, a, b)]);
    for (const { name, result } of ours) check(name, c, result[2]);
    for (const [name, peer] of others) check(name, c, peer.read());
    const contenders = Object.fromEntries(ours.map(({ name, run }) => [name, run]));
    for (const [name, { run }] of Object.entries(peak)) contenders[name] = run;
    for (const [name, peer] of others) contenders[name] = peer.run;
    const times = measure(contenders);
    for (const [, peer] of others) peer.end();
    const speed = (name) => (2 * m * k * n) / times[name] / 1e6;
    return {
      size: `${m} x ${k} x ${n}`,
      ours: Object.fromEntries(ours.map(({ name }) => [name, speed(name)])),
      peers: Object.fromEntries(others.map(([name]) => [name, speed(name)])),
      peak: Object.fromEntries(
        Object.entries(peak).map(([name, { operations }]) => [
          name,
          operations / times[name] / 1e6,
        ]),
      ),
    };
  });
}

/** Speed of a wrong result means nothing. */
function check(name, ours, theirs) {
  const worst = ours.reduce((w, v, i) => Math.max(w, Math.abs(v - theirs[i])), 0);
  if (!(worst < 1e-2)) throw new Error(`${name} and ours differ by ${worst}`);
}

const shapes = [
  [64, 28, 32, 32],
  [64, 14, 32, 32],
  [64, 32, 16, 16],
  [64, 16, 64, 64],
  [64, 8, 128, 128],
  [64, 28, 1, 32],
  [64, 14, 64, 64, 1],
  [64, 28, 32, 64, 3, 2],
];

function geometry([batch, size, inChannels, outChannels, filter = 3, stride = 1]) {
  const out = Math.ceil(size / stride);
  const total = Math.max(0, (out - 1) * stride + filter - size);
  return {
    batch,
    inHeight: size,
    inWidth: size,
    inChannels,
    outHeight: out,
    outWidth: out,
    outChannels,
    filterHeight: filter,
    filterWidth: filter,
    strideHeight: stride,
    strideWidth: stride,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: Math.floor(total / 2),
    padLeft: Math.floor(total / 2),
    groups: 1,
  };
}

function describe([batch, size, from, to, filter = 3, stride = 1]) {
  const step = stride === 1 ? '' : ` stride ${stride}`;
  return `${batch} x ${size} x ${size} x ${from} -> ${to}, ${filter}x${filter}${step}`;
}

function sizes(g) {
  return {
    x: g.batch * g.inHeight * g.inWidth * g.inChannels,
    y: g.batch * g.outHeight * g.outWidth * g.outChannels,
    filter: g.filterHeight * g.filterWidth * g.inChannels * g.outChannels,
  };
}

function products(g) {
  return sizes(g).y * g.filterHeight * g.filterWidth * g.inChannels;
}

export function convRows(provider, measure, quick) {
  const { kernels } = provider;
  const size = 512;
  const square = arrays(provider, [size ** 2, size ** 2, size ** 2]);
  const cube = { batch: 1, m: size, k: size, n: size, strideA: 0, strideB: 0 };
  const product = { ...cube, transposeA: false, transposeB: false };
  return shapes.slice(0, quick ? 2 : shapes.length).map((shape) => {
    const g = geometry(shape);
    const { x, y, filter } = sizes(g);
    const views = arrays(provider, [x, filter, y, x, filter]);
    const times = measure({
      matMul: () => kernels.matMul(...square(), product),
      forward: () => {
        const [vx, vf, vy] = views();
        kernels.conv2d(vx, vf, vy, g);
      },
      input: () => {
        const [, vf, vy, dx] = views();
        kernels.conv2dInputGradient(vy, vf, dx, g);
      },
      filter: () => {
        const [vx, , vy, , df] = views();
        kernels.conv2dFilterGradient(vx, vy, df, g);
      },
    });
    const speed = (time) => (2 * products(g)) / time / 1e6;
    return {
      size: describe(shape),
      matMul: (2 * size ** 3) / times.matMul / 1e6,
      forward: speed(times.forward),
      input: speed(times.input),
      filter: speed(times.filter),
    };
  });
}

export function signRows(provider, measure, quick) {
  const { kernels } = provider;
  const box = { kind: 'box', width: 1 };
  return shapes.slice(0, quick ? 2 : shapes.length).map((shape) => {
    const g = geometry(shape);
    const { x, y, filter } = sizes(g);
    const views = arrays(provider, [x, filter, y, filter, x, filter, filter]);
    const common = { geometry: g, padValue: 1, inputSurrogate: box, weightSurrogate: box };
    const times = measure({
      forward: () => {
        const [vx, vk, vy] = views();
        kernels.signConv2d(vx, vk, vy, g, 1);
      },
      plain: () => {
        const [vx, kernel, dy, , dx, dkernel] = views();
        kernels.signConv2dGradient({ ...common, dy, x: vx, kernel, dx, dkernel });
      },
      surge: () => {
        const [vx, kernel, dy, auxiliary, dx, dkernel, dauxiliary] = views();
        kernels.signConv2dGradient({
          ...common,
          dy,
          x: vx,
          kernel,
          auxiliary,
          dx,
          dkernel,
          dauxiliary,
          combine: () => ({ binary: 1, auxiliary: 0.1, auxiliaryGradient: 0.1 }),
        });
      },
    });
    return { size: describe(shape), speed: products(g) / times.forward / 1e6, ...times };
  });
}

export function memoryRows(provider, measure, quick) {
  const rows = quick ? 64 * 196 : 64 * 784;
  const channels = 32;
  const n = rows * channels;
  const views = arrays(provider, [n, n, n, n, n, n, n, channels, channels, channels, channels]);
  const pool = { ...geometry([64, quick ? 14 : 28, 32, 32, 2, 2]), outChannels: undefined };
  const { kernels, own } = provider;
  const small = n / 4;
  const attrs = { epsilon: 1e-5 };
  const sgd = { learningRate: 1e-9, momentum: 0.9, nesterov: false, weightDecay: 0 };
  const adam = { learningRate: 1e-9, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: 3 };
  /** Kernel, name, array passes (read and written) of n floats, call. */
  const list = [
    [
      'batchNorm',
      4,
      ([x, y, , , , , , g, b, m, v]) => kernels.batchNorm(x, g, b, undefined, y, m, v, attrs),
    ],
    [
      'batchNormGradient',
      5,
      ([dy, x, dx, , , , , g, m, v, d]) =>
        kernels.batchNormGradient(dy, x, g, m, fillOnes(v), dx, d, d, attrs),
    ],
    ['maxPool', 1.25, ([x, y]) => kernels.maxPool(x, y.subarray(0, small), pool)],
    [
      'maxPoolGradient',
      2.25,
      ([x, dy, dx]) => kernels.maxPoolGradient(dy.subarray(0, small), x, dx, pool),
    ],
    ['avgPool', 1.25, ([x, y]) => kernels.avgPool(x, y.subarray(0, small), pool)],
    ['unary', 2, ([x, y]) => kernels.unary('relu', x, y)],
    ['clip', 2, ([x, y]) => kernels.clip(x, y, -1, 1)],
    ['binary', 3, ([x, z, y]) => kernels.binary('add', x, z, y, { inner: 1, swapped: false })],
    ['prelu', 2, ([x, y, , , , , , alpha]) => kernels.prelu(x, alpha, y)],
    ['sum', 1, ([x, , , , , , , y]) => kernels.sum(x, y, 1, rows, channels)],
    ['fill', 1, ([x]) => kernels.fill(x, 0.5)],
    ['sgdStep', 5, ([p, g, v, p2, v2]) => kernels.sgdStep(p, g, v, p2, v2, sgd)],
    [
      'adamStep',
      7,
      ([p, g, f, s, p2, f2, s2]) =>
        kernels.adamStep(p, g, f, s.fill(1), p2, f2, s2, {
          ...adam,
          weightDecay: 0,
          decoupled: false,
        }),
    ],
    [
      'softmaxCrossEntropy',
      3,
      ([x, t, y, loss]) => kernels.softmaxCrossEntropy(x, t, loss.subarray(0, rows), y),
    ],
  ];
  return list.map(([kernel, passes, call]) => {
    const times = measure({ run: () => call(views()) });
    return { kernel, speed: (4 * n * passes) / times.run / 1e6, own: own.has(kernel) };
  });
}

function fillOnes(view) {
  return view.fill(1);
}
