/** A packed detector that is ready to run: pictures in, boxes out, in Node and in a page. */
import { isFloats, isPixels, typeText } from '../arrays.js';
import type { Boxes, PictureSize } from '../boxes/box.js';
import type { Detections } from '../boxes/detections.js';
import { describeNodes } from '../execute/describe.js';
import type { NodeDescription } from '../execute/describe.js';
import { defaultMemoryBytes } from '../execute/load-options.js';
import type { LoadOptions } from '../execute/load-options.js';
import { executorMaker } from '../execute/make-executor.js';
import type { MakeExecutor } from '../execute/make-executor.js';
import { pixelTable } from '../execute/pixels.js';
import { checkDetector } from '../format/check-detector.js';
import { quote } from '../format/json.js';
import type { DetectorSource, ModelMetadata } from '../format/model-source.js';
import { decodeDetector } from '../format/read-detector.js';
import { ModelFileError } from '../model-file-error.js';
import type { Body, StageTimes } from './body.js';
import { Head } from './head.js';
import { KeptMemory } from '../execute/kept-memory.js';
import { boxesInPicture, paddedSize, resizedSize } from './picture-size.js';
import type { DetectorPlan } from './plan.js';
import { resizedRgb, type Picture } from './resize.js';
import { singleShotBody } from './single-shot-body.js';
import { twoStageBody } from './two-stage-body.js';

/** What is seen in a picture, best first. */
export interface FoundObjects {
  /** x1, y1, x2, y2 of each object in pixels of the picture. */
  readonly boxes: Boxes;
  readonly scores: Float32Array;
  /** Of each object its place in the detector's `classes`. */
  readonly classes: Int32Array;
  /** And its name. */
  readonly names: readonly string[];
}

/** How long the parts of one detection took. */
export interface DetectionTimes extends StageTimes {
  /** Resizing and normalising, and a new program where the size is another than that of the picture before. */
  readonly picture: number;
  readonly body: number;
}

/** Plain data: can be printed as JSON. */
export interface DetectorDescription {
  /** What computes: "wasm", "reference". */
  readonly kernels: string;
  /** With the shapes that they have on pictures of the size that the file names. */
  readonly body: readonly NodeDescription[];
  /** Of one region; empty where the detector has no tail. */
  readonly tail: readonly NodeDescription[];
  /** Memory for pictures of the size that the last one had. */
  readonly memoryBytes: number;
}

export class PackedDetector {
  /** Names of the classes, without the background. */
  readonly classes: readonly string[];
  readonly plan: DetectorPlan;
  readonly metadata: ModelMetadata;
  private readonly table: Float32Array;
  /** Of a detector of two stages. */
  private readonly head: Head | undefined;
  private readonly kernels: string;
  private body: Body | undefined;
  private times: DetectionTimes = none;
  private isClosed = false;

  private constructor(
    private readonly source: DetectorSource,
    private readonly most: number,
    private readonly makeBody: MakeExecutor,
    makeTail: MakeExecutor,
    threads: number,
    private readonly letGo: () => void,
  ) {
    const { plan, body, metadata } = source;
    const [{ shape, pixels }] = body.inputs;
    if (pixels === undefined) throw new Error('a body without pixels was not refused');
    this.classes = plan.classes;
    this.plan = plan;
    this.metadata = metadata;
    this.table = pixelTable(pixels);
    this.head =
      source.tail === undefined ? undefined : new Head(source, threads, makeTail, { most });
    this.body = this.bodyFor({ height: shape[0], width: shape[1] });
    this.kernels = this.body.executor.kernels;
  }

  /**
   * Prepares a detector; `source` must not change while it is used.
   *
   * @throws ModelFileError when the source makes no sense, or needs more memory than allowed on pictures of the size that it names.
   */
  static from(source: DetectorSource, options?: LoadOptions): PackedDetector {
    checkDetector(source);
    return PackedDetector.prepare(source, options);
  }

  /**
   * The detector of a `*.bnn` file whose bytes are there already, and must not change while it is used.
   *
   * @param onClose lets go, at `close`, what was taken for it.
   * @throws ModelFileError as decodeDetector does, or when the detector needs more memory than allowed.
   */
  static fromBytes(bytes: Uint8Array, options?: LoadOptions, onClose?: () => void): PackedDetector {
    return PackedDetector.prepare(decodeDetector(bytes), options, onClose);
  }

  /** @param source in which nothing was found wrong. */
  private static prepare(
    source: DetectorSource,
    options: LoadOptions = {},
    onClose?: () => void,
  ): PackedDetector {
    const { maxMemoryBytes = defaultMemoryBytes } = options;
    const kept: KeptMemory[] = [];
    let threads = 1;
    const maker = () =>
      executorMaker(options, (kernels) => {
        const memory = new KeptMemory(kernels);
        kept.push(memory);
        ({ threads } = kernels);
        return memory.kernelSet;
      });
    const [makeBody, makeTail] = [maker(), maker()];
    const letGo = () => {
      for (const memory of kept) memory.close();
    };
    const close = () => {
      letGo();
      onClose?.();
    };
    try {
      return new PackedDetector(source, maxMemoryBytes, makeBody, makeTail, threads, close);
    } catch (error) {
      letGo();
      throw error;
    }
  }

  /**
   * What is seen in a picture: resized as the file says, normalised, and its boxes in its own pixels. The same bits everywhere.
   *
   * @throws ModelFileError for a picture that is none, one that takes more memory than allowed, and for a NaN.
   */
  detect(picture: Picture): FoundObjects {
    checkPicture(picture);
    const start = performance.now();
    const resized = resizedSize(picture, this.plan.size);
    const body = this.prepareBody(this.inputSize(resized));
    this.write(resizedRgb(picture, resized), resized, body);
    const prepared = performance.now() - start;
    const { boxes, scores, classes } = this.run(body, resized, prepared);
    const places = classes.map((one) => one - 1);
    return {
      boxes: boxesInPicture(boxes, resized, picture),
      scores,
      classes: places,
      names: Array.from(places, (place) => this.classes[place]),
    };
  }

  /**
   * What is seen in a picture that lies in the body's input already, as a trained detector's `detect` with one picture in its batch.
   *
   * @param input normalised, [height, width, 3]: a resized picture and zeros to its right and below.
   * @param size of the input: multiples of the plan's, or the plan's own. @param picture of the picture in it.
   * @returns boxes in pixels of the input, clipped to the picture; classes count from 1, as 0 is the background.
   * @throws ModelFileError as detect.
   */
  detectPlaced(input: Float32Array, size: PictureSize, picture: PictureSize): Detections {
    const { width, height } = size;
    const { plan } = this;
    const isInput =
      plan.kind === 'two-stage'
        ? [width, height].every((side) => Number.isInteger(side / plan.multiple) && side > 0)
        : width === plan.size.width && height === plan.size.height;
    if (!isInput || !isFloats(input) || input.length !== 3 * width * height) {
      const allowed =
        plan.kind === 'two-stage'
          ? `height and width multiples of ${plan.multiple}`
          : `height ${plan.size.height} and width ${plan.size.width}`;
      throw new ModelFileError(
        `an input of ${height} x ${width} pixels is a Float32Array of [height, width, 3], ${allowed}; ` +
          `got ${typeText(input)} of ${quote(input.length)} numbers`,
      );
    }
    const inside = (side: number, most: number) => side > 0 && side <= most;
    if (!inside(picture.width, width) || !inside(picture.height, height)) {
      throw new ModelFileError(
        `a picture of ${picture.height} x ${picture.width} pixels is not inside of an input of ${height} x ${width}`,
      );
    }
    const start = performance.now();
    const body = this.prepareBody(size);
    body.executor.input.set(input);
    return this.run(body, picture, performance.now() - start);
  }

  /** How long the parts of the last detection took, in milliseconds. */
  get lastTimes(): DetectionTimes {
    return this.times;
  }

  /** What became of every layer: kernels, types and shapes of all edges, bytes. */
  describe(): DetectorDescription {
    const { body, tail, tensors } = this.source;
    const seen = describeNodes({ graph: body, tensors });
    const taken = new Set(body.nodes.flatMap((node) => Object.values(node.tensors)));
    const rest = new Map([...tensors].filter(([name]) => !taken.has(name)));
    return {
      kernels: this.kernels,
      body: seen,
      tail: tail === undefined ? [] : describeNodes({ graph: tail, tensors: rest }),
      memoryBytes: (this.head?.memoryBytes ?? 0) + (this.body?.memoryBytes ?? 0),
    };
  }

  /** Lets memory and threads go; the detector cannot run any more. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.body = undefined;
    this.letGo();
  }

  /** Its memory is used again for the next size. */
  private prepareBody(size: PictureSize): Body {
    const { body } = this;
    if (this.isClosed) throw new ModelFileError('the detector was closed');
    if (body !== undefined && size.width === body.width && size.height === body.height) return body;
    // What fails may have let go of the memory.
    this.body = undefined;
    return (this.body = this.bodyFor(size));
  }

  /** Of the body, for a resized picture. */
  private inputSize(resized: PictureSize): PictureSize {
    return this.plan.kind === 'two-stage' ? paddedSize(resized, this.plan) : resized;
  }

  private bodyFor(size: PictureSize): Body {
    const { source, head, makeBody, most } = this;
    if (source.tail === undefined) return singleShotBody(source, makeBody, { most });
    if (head === undefined) throw new Error('a detector of two stages has a head');
    return twoStageBody(source, size, head, makeBody, { most, besides: head.memoryBytes });
  }

  /** A resized picture into the body's input. */
  private write(rgb: Uint8Array, { width, height }: PictureSize, body: Body): void {
    const { table } = this;
    const { input } = body.executor;
    for (let y = 0, from = 0, to = 0; y < body.height; y++) {
      const end = to + 3 * body.width;
      if (y < height) {
        for (let x = 0; x < width; x++, from += 3, to += 3) {
          input[to] = table[rgb[from]];
          input[to + 1] = table[256 + rgb[from + 1]];
          input[to + 2] = table[512 + rgb[from + 2]];
        }
      }
      input.fill(0, to, end);
      to = end;
    }
  }

  private run(body: Body, picture: PictureSize, prepared: number): Detections {
    const start = performance.now();
    body.executor.run();
    const ran = performance.now() - start;
    const { found, times } = body.see(picture);
    this.times = { picture: prepared, body: ran, ...times };
    return found;
  }
}

const none: DetectionTimes = {
  picture: 0,
  body: 0,
  proposals: 0,
  regions: 0,
  tail: 0,
  detections: 0,
};

function checkPicture({ data, width, height, channels }: Picture): void {
  const sides = [width, height].every((side) => Number.isInteger(side) && side > 0);
  const known: readonly unknown[] = [1, 3, 4];
  if (!isPixels(data) || !sides || !known.includes(channels)) {
    throw new ModelFileError(
      `a picture is {data, width, height, channels}: bytes, two whole numbers above 0, and 1, 3 or 4; got ${typeText(data)}, ${quote(width)}, ${quote(height)} and ${quote(channels)}`,
    );
  }
  if (data.length === width * height * channels) return;
  throw new ModelFileError(
    `a picture of ${height} x ${width} pixels and ${channels} channels has ${width * height * channels} bytes; got ${data.length}`,
  );
}
