/** The time of each stage of a packed network: nodes that are computed together, their multiply-adds, and the share of a bare loop. */

/** Stages below this share of the time are summed up in one row. */
const least = 0.01;

/** Products of an output of each op that has some, from the shape of what it reads. */
const productsOf = {
  binaryConv2d: windowProducts,
  conv2d: windowProducts,
  binaryDense: (_, channels) => channels,
  dense: (_, channels) => channels,
};

function windowProducts({ window, groups }, channels) {
  return (window.size[0] * window.size[1] * channels) / groups;
}

/** @returns by the nodes' names, those that multiply: {kernel, products, binary}, products being multiply-adds for one example */
export function multiplyingNodes({ nodes }, description) {
  const described = new Map(description.nodes.map((node) => [node.name, node]));
  const found = nodes.flatMap(({ name, op, attributes, output }) => {
    if (!(op in productsOf)) return [];
    const { inputs, kernel } = described.get(name);
    const outputs = output.shape.reduce((a, b) => a * b, 1);
    const products = outputs * productsOf[op](attributes, inputs[0].shape.at(-1));
    return [[name, { kernel, products, binary: op.startsWith('binary') }]];
  });
  return Object.fromEntries(found);
}

/**
 * The rows of one contender's table.
 *
 * @param stages of a profile: {nodes, milliseconds}
 * @param multiplying as multiplyingNodes has them
 * @param limit multiply-adds a second of the bare loop, of as many threads; undefined: none is known
 * @returns rows {name, kernel, milliseconds, products, perSecond, share}; the last two only of what multiplies, share only of bits
 */
export function stageRows(stages, multiplying, limit) {
  const total = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const isLarge = ({ milliseconds }) => milliseconds >= least * total;
  const rows = stages.filter(isLarge).map((stage) => stageRow(stage, multiplying, limit));
  const small = stages.filter((stage) => !isLarge(stage));
  if (small.length > 0) {
    const milliseconds = small.reduce((sum, stage) => sum + stage.milliseconds, 0);
    const products = small
      .flatMap(({ nodes }) => nodes)
      .reduce((sum, name) => sum + (multiplying[name]?.products ?? 0), 0);
    rows.push({ name: `${small.length} others`, kernel: '', milliseconds, products });
  }
  return rows;
}

function stageRow({ nodes, milliseconds }, multiplying, limit) {
  const working = nodes.filter((name) => name in multiplying);
  const [main = nodes[0]] = working;
  const name = nodes.length > 1 ? `${main} and ${nodes.length - 1} more` : main;
  if (working.length === 0) return { name, kernel: '', milliseconds, products: 0 };
  const products = working.reduce((sum, one) => sum + multiplying[one].products, 0);
  const perSecond = (1000 * products) / milliseconds;
  const bits = limit !== undefined && working.every((one) => multiplying[one].binary);
  const { kernel } = multiplying[main];
  return {
    name,
    kernel,
    milliseconds,
    products,
    perSecond,
    ...(bits && { share: perSecond / limit }),
  };
}

/** The bare loop that bounds a contender's kernels; undefined: none is known. */
export function limitOf({ loop, threads }, { rows }) {
  const ofLoop = ({ kind, name }) => kind === loop || name.split(/[ ,]/)[0] === loop;
  const speeds = rows.filter(ofLoop).map(({ speed }) => speed);
  return speeds.length === 0 ? undefined : threads * Math.max(...speeds);
}
