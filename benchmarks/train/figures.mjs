/** From records to the figures that are shown: pure functions of what was measured. */
import { floatProducts, workOf } from './networks.mjs';

/** Those who stand in the tables: everyone who ran, of each PyTorch family the fastest. */
export function shown(report) {
  return report.records.filter((r) => r.missing === undefined && r.slowerThan === undefined);
}

/** The other spellings and memory formats, of which only the first round was measured. */
export function slower(report) {
  return report.records.filter((r) => r.slowerThan !== undefined);
}

/**
 * A record's figures. Times of a smaller batch are scaled to the run's; speeds are those of its own batch.
 *
 * @returns seconds, min, max, gflops, bitGmacs (undefined without bits), megabytes, ratios by PyTorch family
 */
export function figures(record, report) {
  const scale = report.options.batch / record.batch;
  const macs = report.macs[record.network];
  const { flops, bitMacs } = workOf(record, macs);
  const speed = (work) => (work === 0 ? undefined : work / record.median / 1e9);
  const megabytes = (bytes) => (bytes === undefined ? undefined : Math.round(bytes / 2 ** 20));
  return {
    seconds: scale * record.median,
    min: scale * record.min,
    max: scale * record.max,
    scaled: scale !== 1,
    gflops: speed(flops),
    bitGmacs: speed(bitMacs),
    process: megabytes(record.peakBytes),
    heap: megabytes(record.heapBytes),
    ratios: ratios(record, report, scale),
  };
}

/** The record's time as a share of PyTorch's for the same network and method: {hand, textbook}. */
function ratios(record, report, scale) {
  const share = (family) => {
    const peer = shown(report).find(
      (r) =>
        r.network === record.network &&
        r.method === record.method &&
        r.family === `pytorch${family}`,
    );
    return peer && (scale * record.median) / peer.median;
  };
  if (record.method === 'surge') return { hand: share(' by hand'), textbook: share(' textbook') };
  return { hand: share(''), textbook: undefined };
}

/**
 * Where the time of a step goes, in milliseconds: convolutions (in our engines with their signs, surrogates and
 * norms, which are part of the same pass), all other kernels, and what is no kernel.
 */
export function profileFigures(record, report) {
  const { kernels, milliseconds } = record.profile;
  const sum = (list) => list.reduce((total, kernel) => total + kernel.milliseconds, 0);
  const isConvolution = ({ kernel }) => /conv/i.test(kernel);
  const convolution = sum(kernels.filter(isConvolution));
  const others = sum(kernels.filter((kernel) => !isConvolution(kernel)));
  const counted = kernels.find(({ kernel }) => kernel === 'SurgeSignConv2D');
  const { bitMacs } = workOf(record, report.macs[record.network]);
  return {
    convolution,
    others,
    outside: Math.max(0, milliseconds - convolution - others),
    // Signs, packing and counting of the forward convolution, in G multiply-adds/s.
    bitSpeed: counted && bitMacs > 0 ? bitMacs / counted.milliseconds / 1e6 : undefined,
    slowest: kernels.slice(0, 10).filter((kernel) => kernel.milliseconds > 0.02 * milliseconds),
  };
}

/** The kernels of ordinary convolutions; those of a binary layer's backward are parts of its one kernel. */
const convolutionKernels = ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'];
const isProduct = ({ part }) => /(input|filter) gradient$|minimal filtering/.test(part);

/**
 * The float convolutions of a step (by minimal filtering with the surrogate and the norms, which are part of its pass) beside the same
 * convolutions as oneDNN's primitives alone, in milliseconds; undefined for engines that do not tell the parts of a binary layer's backward apart.
 *
 * @returns products, alone (undefined where oneDNN was not measured), signs: the forward by bits, rest: all that is no convolution
 */
export function productFigures(record, report) {
  const { kernels, parts = [], milliseconds } = record.profile;
  if (!record.engine.startsWith('native')) return undefined;
  const sum = (list) => list.reduce((total, { milliseconds: ms }) => total + ms, 0);
  const ofKernels = (names) => sum(kernels.filter(({ kernel }) => names.includes(kernel)));
  const products = ofKernels(convolutionKernels) + sum(parts.filter(isProduct));
  const signs = ofKernels(['SurgeSignConv2D']);
  return {
    products,
    alone: aloneFigure(record, report),
    signs,
    rest: Math.max(0, milliseconds - products - signs),
  };
}

/** What the float products of a step take as oneDNN's primitives alone, each in the faster of its layouts. */
function aloneFigure({ network, method, threads, batch }, { onednn, convolutions, options }) {
  if (onednn?.rows === undefined || batch !== options.batch) return undefined;
  let sum = 0;
  for (const { numbers, count, isStem } of convolutions[network]) {
    for (const [product, times] of Object.entries(floatProducts(method, isStem))) {
      if (times > 0) sum += count * times * fastest(onednn.rows, numbers, threads, product);
    }
  }
  return sum;
}

function fastest(rows, numbers, threads, product) {
  const key = String(numbers);
  const wanted = rows.filter(
    (row) => row.threads === threads && row.product === product && String(row.convolution) === key,
  );
  return Math.min(...wanted.map(({ milliseconds }) => milliseconds));
}
