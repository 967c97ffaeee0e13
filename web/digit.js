// The digit classifier in the browser: strokes or a picture -> ink -> normalised 28x28 -> probabilities.
//
//   import { DigitCNN } from "./digit.js";
//   const net = await DigitCNN.fromPretrained("weights/");  // a URL that ends in a slash
//   await net.classify(image, 3);                           // [{ label: "2", confidence: 0.981 }, ...]
//
// No dependencies; runs in a page, in a worker and, but for canvases, in Node. board.py and model.py are the definition and this
// is their twin: each step is named as it is there, and a test holds the two together. numpy and Pillow compute in float32, so
// results are rounded by `fround` where it could be seen: a drawn board is the same to the last bit.

const { fround, abs, ceil, exp, floor, max, min, round, sqrt } = Math;
const rint = (value) => value + 6755399441055744 - 6755399441055744;  // to the nearest whole number, halves to the even one

/** There is no ink in the picture, so there is nothing to classify. */
export class EmptyDrawing extends Error {}
EmptyDrawing.prototype.name = "EmptyDrawing";

/** The weights are not those that config.json was written for: their SHA-256 differs. */
export class AlteredWeights extends Error {}
AlteredWeights.prototype.name = "AlteredWeights";

// --- strokes -> board (board.py) -------------------------------------------------------------------------------------

const SIZE = 448;
/** What a drawing and a picture may be. Radii and lengths in board units: 448 a side, x grows right, y down. */
export const LIMITS = Object.freeze({
  size: SIZE, small: 28, minRadius: 5, maxRadius: 25, defaultRadius: 15,
  maxStrokes: 200, maxPoints: 10_000, maxLength: 200 * SIZE, far: 4 * SIZE, minSide: 8, maxSide: 4096,
});
const PIECE = 16;  // pixels: the longest piece of a line that is drawn at once

/** Check a drawing: [{points: [[x, y], ...] or [x, y, x, y, ...] as a Float64Array, radius}, ...] -> the same with flat points. */
export function parseStrokes(payload) {
  const { maxStrokes, maxPoints, maxLength, far, minRadius, maxRadius, defaultRadius } = LIMITS;
  if (!Array.isArray(payload)) throw new Error("A drawing is a list of strokes; this is none.");
  if (payload.length > maxStrokes) throw new Error(`A drawing has at most ${maxStrokes} strokes; this one has ${payload.length}.`);
  const isNumber = (value) => typeof value === "number" && abs(value) < 1e6;
  const clip = (value) => min(max(value, -far), SIZE + far);
  let total = 0, length = 0;
  return payload.map((raw) => {
    const isFlat = raw?.points instanceof Float64Array;
    if (!(isFlat || Array.isArray(raw?.points)) || !raw.points.length) {
      throw new Error('A stroke is {"points": [[x, y], ...], "radius": r} with at least one point.');
    }
    total += isFlat ? raw.points.length / 2 : raw.points.length;
    if (total > maxPoints) throw new Error(`A drawing has at most ${maxPoints} points; this one has more.`);
    const isPair = (point) => Array.isArray(point) && point.length === 2 && isNumber(point[0]) && isNumber(point[1]);
    if (isFlat ? raw.points.length % 2 || !raw.points.every(isNumber) : !raw.points.every(isPair)) {
      throw new Error("A point is a pair of finite numbers [x, y] in board units.");
    }
    const radius = raw.radius === undefined ? defaultRadius : raw.radius;
    if (!isNumber(radius) || radius < minRadius || radius > maxRadius) {
      throw new Error(`The brush radius is a number from ${minRadius} to ${maxRadius} board units.`);
    }
    const points = flat(raw.points).map(clip);
    for (let i = 2; i < points.length; i += 2) length += Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1]);
    if (length > maxLength) throw new Error(`A drawing has at most ${maxLength / SIZE} board widths of line; this one has more.`);
    return { points, radius };
  });
}

/** Points as x, y, x, y, ... */
function flat(points) {
  return points instanceof Float64Array ? points : Float64Array.from(points.flat());
}

/** Draw strokes with a round brush: Uint8Array (size * size), 0 background .. 255 ink. Another `size` scales the drawing. */
export function render(strokes, size = SIZE) {
  const board = new Uint8Array(size * size);
  for (const { points, radius } of strokes) drawLine(board, size, flat(points), radius);
  return board;
}

/** Raise the board's ink to that of a line through `points` with round ends. */
function drawLine(board, size, points, boardRadius) {
  const scale = fround(size / SIZE), radius = fround(fround(boardRadius) * scale), reach = fround(radius + 1);
  const at = (i) => fround(fround(points[i]) * scale);
  const last = max(points.length - 2, 2);  // a single point is a line from itself to itself
  for (let i = 0; i < last; i += 2) {
    const end = points.length > 2 ? i + 2 : i;
    const startX = at(i), startY = at(i + 1), wayX = fround(at(end) - startX), wayY = fround(at(end + 1) - startY);
    const cuts = max(ceil(fround(sqrt(wayX * wayX + wayY * wayY)) / PIECE), 1);
    const stepX = fround(wayX / cuts), stepY = fround(wayY / cuts);
    for (let piece = 0; piece < cuts; piece += 1) {
      const x = fround(startX + fround(stepX * piece)), y = fround(startY + fround(stepY * piece));
      drawPiece(board, size, x, y, stepX, stepY, radius, reach);
    }
  }
}

/** Draw a straight piece from x, y by dx, dy, all float32. A pixel's value is the share of it that the brush covers. */
function drawPiece(board, size, x, y, dx, dy, radius, reach) {
  const left = floor(min(x, x + dx) - reach), right = min(ceil(max(x, x + dx) + reach), size);
  const top = floor(min(y, y + dy) - reach), bottom = min(ceil(max(y, y + dy) + reach), size);
  const rim = fround(radius + fround(0.5)), outside = rim * rim * 1.0001;
  const length2 = max(fround(fround(dx * dx) + fround(dy * dy)), fround(1e-12));  // a dot has length 0
  const alongX = fround(dx / length2), alongY = fround(dy / length2);
  const leftX = left - x, topY = top - y;
  for (let row = max(top, 0); row < bottom; row += 1) {
    const py = fround(topY + (row - top + 0.5)), partY = fround(py * alongY);
    for (let column = max(left, 0), i = row * size + column; column < right; column += 1, i += 1) {
      if (board[i] === 255) continue;
      const px = fround(leftX + (column - left + 0.5));
      let along = fround(fround(px * alongX) + partY);  // 0 at the start, 1 at the end
      along = along < 0 ? fround(0) : along > 1 ? fround(1) : along;
      const farX = fround(px - fround(along * dx)), farY = fround(py - fround(along * dy));
      const distance2 = fround(fround(farX * farX) + fround(farY * farY));
      if (distance2 > outside) continue;
      const coverage = fround(rim - fround(sqrt(distance2)));
      const value = coverage >= 1 ? 255 : rint(fround(coverage * fround(255)));
      if (value > board[i]) board[i] = value;
    }
  }
}

/** A board that a growing drawing is drawn on: only what was added is drawn, and the result is that of `render`. */
export class Board {
  #pixels = new Uint8Array(SIZE * SIZE);
  #strokes = [];

  /** Draw checked strokes; the Uint8Array (448 * 448) that is returned is drawn on by the next call. */
  draw(strokes) {
    const next = strokes.map(({ points, radius }) => ({ points: flat(points), radius }));
    // The board is the maximum over the pieces of its lines, so what came since can be added.
    let first = this.#grown(next) ? this.#strokes.length : 0;
    if (first) {
      const before = this.#strokes.at(-1).points.length, { points, radius } = next[first - 1];
      if (points.length > before) drawLine(this.#pixels, SIZE, points.subarray(before - 2), radius);
    } else this.#pixels.fill(0);
    for (; first < next.length; first += 1) drawLine(this.#pixels, SIZE, next[first].points, next[first].radius);
    this.#strokes = next.map(({ points, radius }) => ({ points: points.slice(), radius }));
    return this.#pixels;
  }

  /** Whether a drawing is the one before with something added to its last stroke, or after it. */
  #grown(next) {
    const before = this.#strokes, last = before.length - 1;
    return before.length > 0 && before.length <= next.length && before.every(({ points, radius }, i) => {
      const now = next[i];
      if (now.radius !== radius || !(i === last ? now.points.length >= points.length : now.points.length === points.length)) return false;
      if (points.length === 2 && now.points.length > 2) return false;  // a dot that becomes a line is rounded otherwise
      return points.every((value, j) => value === now.points[j]);
    });
  }
}

const KERNEL = [0.05, 0.25, 0.4, 0.25, 0.05];  // Burt and Adelson (1983), a = 0.4

/** MNIXEL's reduction of a board (448 * 448) to 28x28: Uint8Array(784). Four rounds of a 5x5 Gaussian pyramid step. */
export function reduce(board) {
  if (board.length !== SIZE * SIZE) throw new Error(`MNIXEL's reduction takes a board of ${SIZE}x${SIZE}; this one has ${board.length} pixels.`);
  let values = Float64Array.from(board);
  for (let size = SIZE; size > LIMITS.small; size /= 2) values = halve(halve(values, size), size);
  return Uint8Array.from(values, rint);
}

/** Halve the rows of (n, size) by the kernel, with zeros around, and transpose: (size / 2, n). */
function halve(values, size) {
  const rows = values.length / size, result = new Float64Array(values.length / 2);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < size; column += 2) {
      let sum = 0;
      for (let tap = max(0, 2 - column); tap < min(5, size + 2 - column); tap += 1) sum += KERNEL[tap] * values[row * size + column + tap - 2];
      result[(column / 2) * rows + row] = sum;
    }
  }
  return result;
}

// --- picture -> ink (model.py) ---------------------------------------------------------------------------------------
//
// A plane is {data, height, width}, `data` row by row.

const EXPECTED = "expected an ImageData, a canvas, an ImageBitmap or a list of strokes {points, radius}";
const plane = (height, width, data = new Float32Array(height * width)) => ({ data, height, width });
const scaled = Float32Array.from({ length: 256 }, (_, value) => value / 255);
const extremes = (data) => {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < data.length; i += 1) {
    if (data[i] < low) low = data[i];
    if (data[i] > high) high = data[i];
  }
  return [low, high];
};

/** The k-th smallest number of an array, counted from 0 (Hoare's selection; the array is reordered). */
function nth(values, k) {
  let low = 0, high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1];
    let i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i += 1;
      while (values[j] > pivot) j -= 1;
      if (i <= j) {
        const swapped = values[i];
        values[i] = values[j]; values[j] = swapped;
        i += 1; j -= 1;
      }
    }
    if (k <= j) high = j; else if (k >= i) low = i; else break;
  }
  return values[k];
}

/** The quantile of float32 numbers, interpolated linearly, as numpy.quantile; the array is reordered. */
function quantile(values, share) {
  const place = share * (values.length - 1), k = floor(place), low = nth(values, k);
  return k + 1 < values.length ? low + (nth(values, k + 1) - low) * (place - k) : low;
}
const median = (values) => fround(quantile(values, 0.5));

/** {data, height, width} of one byte (grey) or four (RGBA) a pixel, from all that `image` may be. */
function pixelsOf(image) {
  const isA = (name) => typeof globalThis[name] === "function" && image instanceof globalThis[name];
  if (isA("ImageBitmap") || isA("OffscreenCanvas") || isA("HTMLCanvasElement")) {
    const { width, height } = image;
    checkSide(height, width);
    const canvas = isA("HTMLCanvasElement") ? document.createElement("canvas") : new OffscreenCanvas(width, height);
    canvas.width = width; canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });  // read by the processor, so kept in its memory
    try {
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, width, height);
    } catch (error) {
      throw new Error(`The picture cannot be read (${error.message}): use one from this site, or one that other sites may read.`);
    }
  }
  const { data, height, width } = image ?? {};
  const isBytes = data instanceof Uint8ClampedArray || data instanceof Uint8Array;
  if (!isBytes || (data.length !== height * width && data.length !== 4 * height * width)) throw new Error(`This is no picture: ${EXPECTED}.`);
  checkSide(height, width);
  return image;
}

function checkSide(height, width) {
  const { minSide, maxSide } = LIMITS;
  if (min(height, width) < minSide || max(height, width) > maxSide) {
    throw new Error(`The picture is ${width}x${height} pixels; it must have ${minSide} to ${maxSide} a side.`);
  }
}

/** Luminance 0..1 as a plane, and alpha 0..1 as an array (null when the picture is opaque throughout). */
function luminanceAndAlpha(image) {
  const { data, height, width } = pixelsOf(image), count = height * width;
  if (data.length === count) return { values: plane(height, width, Float32Array.from(data, (value) => scaled[value])), alpha: null };
  if (max(height, width) > LIMITS.maxSide / 2) return halved(data, height, width);
  const values = new Float32Array(count), alpha = new Float32Array(count);
  let opaque = true;
  for (let i = 0, j = 0; i < count; i += 1, j += 4) {  // ITU-R BT.601, as Pillow
    values[i] = 0.299 * scaled[data[j]] + 0.587 * scaled[data[j + 1]] + 0.114 * scaled[data[j + 2]];
    alpha[i] = scaled[data[j + 3]];
    if (data[j + 3] !== 255) opaque = false;
  }
  return { values: plane(height, width, values), alpha: opaque ? null : alpha };
}

/** As `luminanceAndAlpha`, at half the size: detail enough for 28x28. Grey in 8 bits, each 2x2 (less at the edge) averaged. */
function halved(data, height, width) {
  const tall = ceil(height / 2), wide = ceil(width / 2);
  const values = plane(tall, wide), alpha = new Float32Array(tall * wide);
  let opaque = true;
  for (let row = 0, i = 0; row < tall; row += 1) {
    for (let column = 0; column < wide; column += 1, i += 1) {
      let grey = 0, cover = 0, count = 0;
      for (let y = 2 * row; y < min(2 * row + 2, height); y += 1) {
        for (let x = 2 * column; x < min(2 * column + 2, width); x += 1, count += 1) {
          const j = 4 * (y * width + x);
          grey += (19595 * data[j] + 38470 * data[j + 1] + 7471 * data[j + 2] + 32768) >> 16;
          cover += data[j + 3];
        }
      }
      values.data[i] = scaled[floor((grey + count / 2) / count)];
      alpha[i] = scaled[floor((cover + count / 2) / count)];
      if (alpha[i] !== 1) opaque = false;
    }
  }
  return { values, alpha: opaque ? null : alpha };
}

/** Lay a picture with transparency on a background on which its ink can be seen, in place. */
function flatten({ data }, alpha) {
  const opaque = data.filter((_, i) => alpha[i] > 0.5);
  if (!opaque.length) throw new EmptyDrawing("The picture is transparent: there is no ink in it.");
  const middle = quantile(opaque, 0.5), contrast = quantile(opaque, 0.98) - quantile(opaque, 0.02);
  const hasGround = contrast >= 0.25 && opaque.length >= 0.5 * alpha.length;  // a photograph with cut corners
  const ground = fround(hasGround ? middle : middle < 0.5 ? 1 : 0);
  for (let i = 0; i < data.length; i += 1) data[i] = fround(data[i] * alpha[i]) + fround(ground * fround(1 - alpha[i]));
}

const MIN_CONTRAST = fround(0.06);  // of full scale: less is paper, not ink
const INK_PIXELS = 50;              // a photographed digit has at least so many, however small it is on the paper
const GROUND_SIDE = 64;             // pixels: the resolution at which uneven light is estimated

/** The ink of a picture: a plane, 0 background .. 1 ink. Throws EmptyDrawing when nothing stands out from the background. */
export function toInk(image) {
  const { values, alpha } = luminanceAndAlpha(image), { data, height, width } = values;
  if (alpha) flatten(values, alpha);
  const [low, high] = extremes(data);
  if (fround(high - low) < MIN_CONTRAST) throw new EmptyDrawing("The picture is one even colour: there is no ink in it.");

  const edge = max(1, floor(min(height, width) / 16)), frame = new Float32Array(2 * edge * (height + width));
  frame.set(data.subarray(0, edge * width));
  frame.set(data.subarray((height - edge) * width), edge * width);
  for (let row = 0, i = 2 * edge * width; row < height; row += 1, i += 2 * edge) {  // the corners count twice
    frame.set(data.subarray(row * width, row * width + edge), i);
    frame.set(data.subarray((row + 1) * width - edge, (row + 1) * width), i + edge);
  }
  const [frameLow, frameHigh] = extremes(frame);
  let ground = frameLow < frameHigh ? median(frame) : frameLow;
  if (ground > fround(0.5 * fround(low + high))) {  // dark on light
    for (let i = 0; i < data.length; i += 1) data[i] = 1 - data[i];
    for (let i = 0; i < frame.length; i += 1) frame[i] = 1 - frame[i];
    ground = fround(1 - ground);
  }
  let even = 0;
  for (let i = 0; i < frame.length; i += 1) even += abs(fround(frame[i] - ground)) < fround(1.5 / 255);
  const ink = even / frame.length < 0.5 ? withoutGrain(values) : plane(height, width, data.map((value) => max(value - ground, 0)));
  const peak = extremes(ink.data)[1];
  if (peak < MIN_CONTRAST) throw new EmptyDrawing("The picture has hardly any contrast: there is no ink in it.");
  for (let i = 0; i < ink.data.length; i += 1) ink.data[i] /= peak;
  return ink;
}

/** A board, one byte a pixel, without most of its empty ground, which changes no result and saves most of the time. */
export function trimmed(image) {
  const { data, height, width } = image;
  if (data?.length !== height * width || min(height, width) < 4 * LIMITS.minSide) return image;
  let top = height, bottom = 0, left = width, right = 0;
  for (let row = 0, i = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, i += 1) {
      if (!data[i]) continue;
      if (row < top) top = row;
      bottom = row + 1;
      if (column < left) left = column;
      if (column >= right) right = column + 1;
    }
  }
  if (!bottom) return image;
  const around = floor(min(bottom - top, right - left) / 14) + LIMITS.minSide;  // no less than the frame that `toInk` looks at
  if (min(top, left, height - bottom, width - right) < floor(min(height, width) / 16)) return image;  // ink in the frame: all of it counts
  top = max(top - around, 0); bottom = min(bottom + around, height);
  left = max(left - around, 0); right = min(right + around, width);
  const tall = bottom - top, wide = right - left, part = new Uint8Array(tall * wide);
  for (let row = 0; row < tall; row += 1) part.set(data.subarray((top + row) * width + left, (top + row) * width + right), row * wide);
  return { data: part, height: tall, width: wide };
}

// --- resampling and rank filters, as Pillow's --------------------------------------------------------------------------

const BOX_FILTER = { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };
const BILINEAR = { support: 1, at: (x) => max(0, 1 - abs(x)) };

/** For each of `outputs` pixels along an axis that shows `low`..`high` of `inputs` pixels: the first input, and its weights. */
function tapsOf(filter, inputs, low, high, outputs) {
  const start = fround(low), scale = fround(fround(high) - start) / outputs, stretch = max(scale, 1), support = filter.support * stretch;
  return Array.from({ length: outputs }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const first = max(0, floor(centre - support + 0.5)), end = min(inputs, floor(centre + support + 0.5));
    const weights = Float64Array.from({ length: max(0, end - first) }, (_, x) => filter.at((x + first - centre + 0.5) * (1 / stretch)));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: sum ? weights.map((weight) => weight / sum) : weights };
  });
}

/** The part `box` (left, top, right, bottom) of a plane resampled to another size, first along x, then along y. */
function resample({ data, height, width }, outHeight, outWidth, filter, box = [0, 0, width, height]) {
  const across = tapsOf(filter, width, box[0], box[2], outWidth), down = tapsOf(filter, height, box[1], box[3], outHeight);
  const middle = new Float32Array(height * outWidth), result = plane(outHeight, outWidth);
  across.forEach(({ first, weights }, x) => {
    for (let row = 0; row < height; row += 1) {
      let sum = 0;
      for (let i = 0, at = row * width + first; i < weights.length; i += 1, at += 1) sum += data[at] * weights[i];
      middle[row * outWidth + x] = sum;
    }
  });
  const sums = new Float64Array(outWidth);
  down.forEach(({ first, weights }, y) => {
    sums.fill(0);
    for (let i = 0; i < weights.length; i += 1) {
      for (let x = 0, at = (first + i) * outWidth; x < outWidth; x += 1, at += 1) sums[x] += middle[at] * weights[i];
    }
    result.data.set(sums, y * outWidth);
  });
  return result;
}

/** A plane 0..1 averaged down to a size, in 8 bits, through filters, 0..1 again. */
function filtered(values, height, width, ...filters) {
  const small = resample(values, height, width, BOX_FILTER).data;
  let bytes = Uint8Array.from(small, (value) => rint(fround(min(max(value, 0), 1) * 255)));
  for (const filter of filters) bytes = filter(bytes, height, width);
  return plane(height, width, Float32Array.from(bytes, (value) => scaled[value]));
}

/** Each pixel becomes the median of the 3x3 around it; beyond the edge its pixels are repeated. */
function medianFilter(bytes, height, width) {
  const result = new Uint8Array(bytes.length), nine = new Uint8Array(9);
  for (let row = 0, i = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, i += 1) {
      for (let k = 0; k < 9; k += 1) {
        const y = min(max(row + floor(k / 3) - 1, 0), height - 1), x = min(max(column + (k % 3) - 1, 0), width - 1);
        const value = bytes[y * width + x];
        let j = k;
        for (; j > 0 && nine[j - 1] > value; j -= 1) nine[j] = nine[j - 1];
        nine[j] = value;
      }
      result[i] = nine[4];
    }
  }
  return result;
}

/** A filter that works along the rows, applied along both axes. `line(from, to, start, count, stride)` writes `to`. */
const separable = (line) => (bytes, height, width) => {
  const middle = new Uint8Array(bytes.length), result = new Uint8Array(bytes.length);
  for (let row = 0; row < height; row += 1) line(bytes, middle, row * width, width, 1);
  for (let column = 0; column < width; column += 1) line(middle, result, column, height, width);
  return result;
};

/** Each pixel becomes the most extreme one, by `better`, of the square of `size` around it. */
const extremeFilter = (size, better) => separable((from, to, start, count, stride) => {
  const reach = (size - 1) / 2;
  for (let i = 0; i < count; i += 1) {
    let best = from[start + i * stride];
    for (let j = max(0, i - reach); j <= min(count - 1, i + reach); j += 1) best = better(best, from[start + j * stride]);
    to[start + i * stride] = best;
  }
});

/** A Gaussian blur by three extended box blurs (Gwosdek et al. 2011), in 8 bits with weights of 24 bits. */
function gaussianBlur(sigma) {
  const sigma2 = fround(fround(fround(sigma) * fround(sigma)) / 3), full = floor((fround(sqrt(12 * sigma2 + 1)) - 1) / 2);
  const part = ((2 * full + 1) * (full * (full + 1) - 3 * sigma2)) / (6 * (sigma2 - (full + 1) * (full + 1)));
  const inner = floor(2 ** 24 / (2 * fround(full + part) + 1)), rim = floor((2 ** 24 - (2 * full + 1) * inner) / 2);
  return separable((from, to, start, count, stride) => {
    let line = Uint8Array.from({ length: count }, (_, i) => from[start + i * stride]);
    for (let pass = 0; pass < 3; pass += 1) {
      const at = (i) => line[min(max(i, 0), count - 1)];
      line = line.map((_, i) => {
        let sum = 0;
        for (let j = i - full; j <= i + full; j += 1) sum += at(j);
        return floor((sum * inner + (at(i - full - 1) + at(i + full + 1)) * rim + 2 ** 23) / 2 ** 24);
      });
    }
    for (let i = 0; i < count; i += 1) to[start + i * stride] = line[i];
  });
}

/** Light ink on a dark, uneven, grainy ground, 0..1: the ink alone, 0..1. The ground is a grey opening (Sternberg 1986). */
function withoutGrain(values) {
  const factor = max(1, min(max(values.height, values.width) / 1024, min(values.height, values.width) / LIMITS.minSide));
  const height = rint(values.height / factor), width = rint(values.width / factor), long = max(height, width);
  const fine = filtered(values, height, width, medianFilter);

  const window = 2 * floor(GROUND_SIDE / 10) + 1, shrink = GROUND_SIDE / long;
  const small = filtered(fine, max(1, rint(height * shrink)), max(1, rint(width * shrink)),
    extremeFilter(window, min), extremeFilter(window, max), gaussianBlur(window / 3));
  const ground = resample(small, height, width, BILINEAR).data;
  const ink = fine.data.map((value, i) => max(value - ground[i], 0));

  const middle = median(ink.slice());
  const grain = fround(fround(1.4826) * median(ink.map((value) => abs(value - middle))));
  const peak = nth(ink.slice(), ink.length - min(INK_PIXELS, floor(ink.length / 4)));
  const cut = max(fround(3 * grain), fround(fround(0.3) * peak));
  if (peak < MIN_CONTRAST || cut > fround(fround(0.8) * peak)) {
    throw new EmptyDrawing("Nothing in the picture stands out from its background: there is no ink in it.");
  }
  const range = fround(fround(fround(0.9) * peak) - cut);
  const clean = plane(height, width, ink.map((value) => min(max(fround(value - cut) / range, 0), 1)));

  const step = max(1, floor(long / 128)), tall = max(1, floor(height / step)), wide = max(1, floor(width / step));
  const coherent = filtered(clean, tall, wide).data.map((value) => (value > fround(0.2) ? 1 : 0));
  const mask = resample(filtered(plane(tall, wide, coherent), tall, wide, extremeFilter(3, max)), height, width, BILINEAR).data;
  for (let i = 0; i < mask.length; i += 1) if (!(mask[i] > 0)) clean.data[i] = 0;
  return clean;
}

// --- ink -> what the network is given ---------------------------------------------------------------------------------

const INPUT = 28;                // side of what the network is given, pixels
const BOX = 20;                  // longer side of the ink inside it
const EDGE = fround(0.41);       // of the peak: ink from here on counts for the box
const FAINT = fround(0.1);       // of the peak: less has no weight in the centre of mass
const SOFTNESS = 0.6;            // pixels of blur that make a board look like a 28x28 of MNIXEL

/** Crop, scale and centre ink: Float32Array(784), 0 background .. 1 ink, its longer side 20 pixels, its centre of mass in the centre. */
export function normalise({ data, height, width }) {
  let top = height, bottom = 0, left = width, right = 0, total = 0, sumY = 0, sumX = 0;
  for (let row = 0, i = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, i += 1) {
      const value = data[i];
      if (value < FAINT) continue;
      total += value; sumY += value * (row + 0.5); sumX += value * (column + 0.5);
      if (value < EDGE) continue;
      if (row < top) top = row;
      bottom = row + 1;
      if (column < left) left = column;
      if (column >= right) right = column + 1;
    }
  }
  const pixel = max(bottom - top, right - left) / BOX;  // source pixels per pixel of the result
  const half = (INPUT / 2) * pixel;
  const centreY = min(max(sumY / total, bottom - half), top + half);  // a long tail must not push the box over the edge
  const centreX = min(max(sumX / total, right - half), left + half);

  const margin = ceil(half + 2 * pixel) + 1;  // so that the window and its filter lie inside
  const y = floor(centreY), x = floor(centreX), side = 2 * margin, window = plane(side, side);
  const from = max(x - margin, 0), to = min(x + margin, width);
  for (let row = max(y - margin, 0); row < min(y + margin, height); row += 1) {
    window.data.set(data.subarray(row * width + from, row * width + to), (row - y + margin) * side + from - x + margin);
  }
  const boxY = centreY - y + margin, boxX = centreX - x + margin;
  const small = resample(window, INPUT, INPUT, BILINEAR, [boxX - half, boxY - half, boxX + half, boxY + half]).data;
  const result = blurred(blurred(small, SOFTNESS * min(max((pixel - 1) / 3, 0), 1)), SOFTNESS * min(max((pixel - 1) / 3, 0), 1));
  const peak = extremes(result)[1];
  return result.map((value) => min(max(value / peak, 0), 1));
}

/** A Gaussian blur of (28, 28) along its columns, transposed; `sigma` in pixels. Ink that leaves the picture is lost. */
function blurred(values, sigma) {
  const bell = Float64Array.from({ length: INPUT + 1 }, (_, distance) => exp(-0.5 * (distance / max(sigma, 0.05)) ** 2));
  const sum = 2 * bell.reduce((a, b) => a + b, 0) - 1, weights = Float32Array.from(bell, (weight) => weight / sum);
  const result = new Float32Array(INPUT * INPUT);
  for (let row = 0; row < INPUT; row += 1) {
    for (let column = 0; column < INPUT; column += 1) {
      let value = 0;
      for (let i = 0; i < INPUT; i += 1) value += weights[abs(row - i)] * values[i * INPUT + column];
      result[column * INPUT + row] = value;
    }
  }
  return result;
}

// --- the network -------------------------------------------------------------------------------------------------------

const LABELS = [..."0123456789"];
const FORMAT = 2;        // of config.json; a reader refuses another
const EPSILON = 1e-5;    // of batch normalisation, PyTorch's default
const POSITIONS = [0, 3, 7, 10, 14];  // of the convolutions in PyTorch's list of layers; each is followed by its normalisation

/** The `top_k` (1..10) labels of one row of probabilities with their values, most probable first. */
export function ranked(probabilities, topK = 3) {
  if (!Number.isInteger(topK) || topK < 1 || topK > LABELS.length) {
    throw new Error(`top_k is a whole number from 1 to ${LABELS.length}; this one is ${String(topK)}.`);
  }
  const order = LABELS.map((_, i) => i).sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  return order.slice(0, topK).map((i) => ({ label: LABELS[i], confidence: probabilities[i] }));
}

/** Maps of one layer, (channels, height, width), with a border of zeros so that a 3x3 window needs no case at the edge. */
class Maps {
  constructor(name, channels, side) {
    Object.assign(this, { name, channels, side, stride: side + 2 });
    this.data = new Float32Array((channels + 3) * this.stride * this.stride);  // convolutions write four maps at a time
  }

  /** {name, channels, height, width, data}, without the border. */
  get plain() {
    const { name, channels, side, stride } = this, data = new Float32Array(channels * side * side);
    for (let i = 0, row = 0; row < channels * side; row += 1, i += side) {
      const at = (floor(row / side) * stride + (row % side) + 1) * stride + 1;
      data.set(this.data.subarray(at, at + side), i);
    }
    return { name, channels, height: side, width: side, data };
  }
}

/** A 3x3 convolution that keeps the size, with its batch normalisation folded in, and ReLU. */
class Convolution {
  constructor(weight, scale, bias, outputs, inputs) {
    this.blocks = ceil(outputs / 4);
    this.inputs = inputs;
    this.bias = new Float32Array(4 * this.blocks);
    this.bias.set(bias);
    this.weights = new Float32Array(this.blocks * inputs * 36);  // (block, input, tap, output of the block)
    for (let o = 0; o < outputs; o += 1) {
      for (let i = 0; i < 9 * inputs; i += 1) this.weights[((o >> 2) * inputs * 9 + i) * 4 + (o & 3)] = weight[o * inputs * 9 + i] * scale[o];
    }
  }

  run(from, to) {
    const { weights, bias, inputs } = this, { side, stride } = to, x = from.data, y = to.data, area = stride * stride;
    for (let block = 0; block < this.blocks; block += 1) {
      for (let row = 0; row < side; row += 1) {
        for (let column = 0; column < side; column += 1) {
          let a = bias[4 * block], b = bias[4 * block + 1], c = bias[4 * block + 2], d = bias[4 * block + 3];
          let w = block * inputs * 36;
          for (let i = 0, at = row * stride + column; i < inputs; i += 1, at += area) {
            for (let dy = 0, p = at; dy < 3; dy += 1, p += stride) {
              for (let dx = 0; dx < 3; dx += 1, w += 4) {
                const value = x[p + dx];
                a += value * weights[w]; b += value * weights[w + 1]; c += value * weights[w + 2]; d += value * weights[w + 3];
              }
            }
          }
          const at = 4 * block * area + (row + 1) * stride + column + 1;
          y[at] = max(a, 0); y[at + area] = max(b, 0); y[at + 2 * area] = max(c, 0); y[at + 3 * area] = max(d, 0);
        }
      }
    }
  }
}

/** The greatest of each 2x2; an odd last row or column is left out. */
function maxPool(from, to) {
  const x = from.data, { stride } = from;
  for (let channel = 0; channel < to.channels; channel += 1) {
    for (let row = 0; row < to.side; row += 1) {
      for (let column = 0; column < to.side; column += 1) {
        const at = (channel * stride + 2 * row + 1) * stride + 2 * column + 1;
        to.data[(channel * to.stride + row + 1) * to.stride + column + 1] = max(x[at], x[at + 1], x[at + stride], x[at + stride + 1]);
      }
    }
  }
}

/** Averages over `places` by `places` parts of each map, which overlap where they do not divide it (AdaptiveAvgPool2d). */
function averagePool({ data, channels, side, stride }, places) {
  const result = new Float32Array(channels * places * places);
  const from = (i) => floor((i * side) / places), to = (i) => ceil(((i + 1) * side) / places);
  for (let channel = 0, k = 0; channel < channels; channel += 1) {
    for (let i = 0; i < places; i += 1) {
      for (let j = 0; j < places; j += 1, k += 1) {
        let sum = 0;
        for (let row = from(i); row < to(i); row += 1) {
          for (let column = from(j); column < to(j); column += 1) sum += data[(channel * stride + row + 1) * stride + column + 1];
        }
        result[k] = sum / ((to(i) - from(i)) * (to(j) - from(j)));
      }
    }
  }
  return result;
}

/** The network with the preprocessing that belongs to it. See the top of the file, and `fromPretrained`. */
export class DigitCNN {
  #maps; #convolutions; #dense;
  #features = null;  // the pooled places and the logits of the last picture, whose maps are in #maps
  #logits = null;

  /** From the contents of config.json (an object, or bytes) and of model.safetensors (bytes); `source` is named in errors. */
  constructor(config, weights, source = "this model") {
    this.config = readConfig(config, source);
    this.source = source;
    const bytes = bytesOf(weights);
    if (sha256(bytes) !== this.config.sha256) {
      throw new AlteredWeights(
        `The ${WEIGHTS} of ${source} is not the file that ${CONFIG} was written for: its SHA-256 differs. ` +
        "It was cut short or changed; take both files from where they were published.");
    }
    const tensors = readTensors(bytes, shapesOf(this.config), source), [a, b, c] = this.config.channels;
    this.#maps = [
      new Maps("input", 1, 28), new Maps("conv1", a, 28), new Maps("conv2", a, 28), new Maps("pool1", a, 14),
      new Maps("conv3", b, 14), new Maps("conv4", b, 14), new Maps("pool2", b, 7), new Maps("conv5", c, 7),
    ];
    this.#convolutions = widthsOf(this.config).map(([inputs, outputs], i) => {
      const of = (name) => tensors[`features.${POSITIONS[i] + 1}.${name}`], variance = of("running_var"), mean = of("running_mean");
      const scale = Float64Array.from(of("weight"), (weight, j) => weight / sqrt(variance[j] + EPSILON));
      const bias = of("bias").map((value, j) => value - mean[j] * scale[j]);
      return new Convolution(tensors[`features.${POSITIONS[i]}.weight`], scale, bias, outputs, inputs);
    });
    this.#dense = { weight: tensors["dense.weight"], bias: tensors["dense.bias"] };
  }

  /** As the constructor, and made ready: the first pictures are slow until the browser has compiled the loops. */
  static fromFiles(config, weights, source) {
    const net = new DigitCNN(config, weights, source);
    const seven = [{ points: [[130, 100], [310, 100], [200, 340]], radius: 15 }];
    for (let i = 0; i < 12; i += 1) net.predict(tensorOf(seven));
    net.#features = net.#logits = null;
    return net;
  }

  /**
   * A trained network from the folder at `url`, which ends in a slash and has config.json and model.safetensors.
   *
   * Nothing is guessed: the shape of the network is config.json's, every tensor must be there and no other, and the weights must
   * have the SHA-256 that config.json states. A cached file that has not is fetched once more.
   */
  static async fromPretrained(url) {
    const given = String(url ?? ""), here = globalThis.document?.baseURI ?? globalThis.location?.href;
    if (!given.endsWith("/")) throw new Error(`A network is loaded from the URL of a folder, which ends in a slash; this one is "${given}".`);
    let base;
    try { base = new URL(given, here); } catch { throw new Error(`"${given}" is no URL of a folder with ${CONFIG} and ${WEIGHTS}.`); }
    const load = async (cache) => {
      const config = await download(base, CONFIG, MAX_CONFIG, cache);
      const most = bytesNeeded(readConfig(config, given)) + MAX_HEADER;
      return DigitCNN.fromFiles(config, await download(base, WEIGHTS, most, cache), given);
    };
    try {
      return await load("default");
    } catch (error) {
      if (error instanceof AlteredWeights) return load("reload");  // an old file beside a new one, perhaps
      throw error;
    }
  }

  /** What the network is given for a picture: Float32Array(784), 0 background .. 1 ink. */
  async preprocess(image) { return tensorOf(image); }

  /**
   * The answer for a tensor of `preprocess`: {probabilities, logits, margin, digit}. Probabilities are calibrated; margin is how
   * far the best logit stands above the mean one; digit is null when that is under the threshold, for what is hardly a digit.
   */
  predict(tensor) {
    if (!(tensor instanceof Float32Array) || tensor.length !== INPUT * INPUT) throw new Error("predict() takes the Float32Array(784) of preprocess().");
    const maps = this.#maps, [one, two, three, four, five] = this.#convolutions;
    for (let row = 0; row < INPUT; row += 1) maps[0].data.set(tensor.subarray(INPUT * row, INPUT * (row + 1)), (row + 1) * maps[0].stride + 1);
    one.run(maps[0], maps[1]);
    two.run(maps[1], maps[2]);
    maxPool(maps[2], maps[3]);
    three.run(maps[3], maps[4]);
    four.run(maps[4], maps[5]);
    maxPool(maps[5], maps[6]);
    five.run(maps[6], maps[7]);
    const features = averagePool(maps[7], this.config.places), { weight, bias } = this.#dense;
    const logits = bias.map((start, digit) => {
      let sum = start;
      for (let i = 0; i < features.length; i += 1) sum += weight[digit * features.length + i] * features[i];
      return sum;
    });
    this.#features = features; this.#logits = logits;

    const best = max(...logits), margin = best - logits.reduce((a, b) => a + b, 0) / LABELS.length;
    const powers = Float64Array.from(logits, (logit) => exp((logit - best) / this.config.temperature));
    const sum = powers.reduce((a, b) => a + b, 0), probabilities = Float32Array.from(powers, (power) => power / sum);
    return { probabilities, logits: logits.slice(), margin, digit: margin < this.config.threshold ? null : LABELS[logits.indexOf(best)] };
  }

  /** Calibrated Float32Array(10) of the digits 0..9 for each picture of a list. */
  async probabilities(images) {
    if (!Array.isArray(images) || images[0]?.points) throw new Error("probabilities() takes a list of pictures; put a single one into a list.");
    return images.map((image) => this.predict(tensorOf(image)).probabilities);
  }

  /** The `topK` (1..10) most probable digits of a picture: [{label, confidence}, ...], most probable first. */
  async classify(image, topK = 3) {
    ranked(new Float32Array(LABELS.length), topK);  // refuses before the work is done
    return ranked(this.predict(tensorOf(image)).probabilities, topK);
  }

  /** Every layer's maps for a picture, or for the last one: [{name, channels, height, width, data}, ...] from input to logits. */
  async activations(image) {
    if (image !== undefined) this.predict(tensorOf(image));
    if (!this.#logits) throw new Error("activations() takes a picture, or comes after one was classified.");
    const { places } = this.config, channels = this.config.channels[2];
    return [
      ...this.#maps.map((maps) => maps.plain),
      { name: "average", channels, height: places, width: places, data: this.#features.slice() },
      { name: "logits", channels: LABELS.length, height: 1, width: 1, data: this.#logits.slice() },
    ];
  }
}

/** What the network is given for a picture or a list of strokes. */
function tensorOf(image) {
  return normalise(toInk(Array.isArray(image) ? trimmed({ data: render(parseStrokes(image)), height: SIZE, width: SIZE }) : image));
}

// --- files -------------------------------------------------------------------------------------------------------------

const CONFIG = "config.json", WEIGHTS = "model.safetensors";
const MAX_CONFIG = 64 * 1024, MAX_HEADER = 64 * 1024;  // bytes
const FIELDS = ["channels", "places", "dropout", "temperature", "threshold", "sha256", "format"];

const bytesOf = (data) => (ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data));

/** A file's bytes, at most `most` of them. */
async function download(base, name, most, cache) {
  let response;
  try {
    response = await fetch(new URL(name, base), { cache });
  } catch {
    throw new Error(`${new URL(name, base)} cannot be fetched: check the network and try again.`);
  }
  if (response.status === 404) throw new Error(`There is no ${name} in ${base}; a model folder has ${CONFIG} and ${WEIGHTS}.`);
  if (!response.ok) throw new Error(`${base} could not send ${name} (status ${response.status}): try again later.`);
  const parts = [], reader = response.body.getReader();
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => { throw new Error(`${name} broke off on its way from ${base}: try again.`); });
    if (done) break;
    size += value.length;
    if (size > most) {
      reader.cancel();
      throw new Error(`The ${name} of ${base} is larger than the ${most} bytes that such a file may have.`);
    }
    parts.push(value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) { bytes.set(part, at); at += part.length; }
  return bytes;
}

/** config.json as an object. Refuses another file, and another version's. */
function readConfig(config, source) {
  const refuse = (reason) => { throw new Error(`The ${CONFIG} of ${source} is not the configuration of this network (${reason}).`); };
  let raw = config;
  if (config instanceof ArrayBuffer || ArrayBuffer.isView(config)) {
    try { raw = JSON.parse(new TextDecoder().decode(config)); } catch (error) { refuse(error.message); }
  }
  if (raw === null || typeof raw !== "object" || !("format" in raw)) refuse("it has no format");
  if (raw.format !== FORMAT) {
    throw new Error(`The ${CONFIG} of ${source} is of format ${JSON.stringify(raw.format)}; this digit.js reads ${FORMAT}. Take the digit.js beside it.`);
  }
  const missing = FIELDS.filter((field) => !(field in raw)), unknown = Object.keys(raw).filter((field) => !FIELDS.includes(field));
  if (missing.length) refuse(`it has no ${missing.sort().join(", ")}`);
  if (unknown.length) refuse(`it has an unknown ${unknown.sort().join(", ")}`);
  const isWhole = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;
  const isBetween = (value, low, high) => typeof value === "number" && value >= low && value <= high;
  const { channels, places, dropout, temperature, threshold } = raw;
  if (!Array.isArray(channels) || channels.length !== 3 || !channels.every((c) => isWhole(c, 1, 1024))) refuse("three channels of 1 to 1024 are expected");
  if (!isWhole(places, 1, 7)) refuse("1 to 7 places are expected");
  if (!isBetween(dropout, 0, 1)) refuse("a dropout of 0 to 1 is expected");
  if (!isBetween(temperature, 0.01, 100) || !isBetween(threshold, 0, 1000)) {
    refuse("a temperature of 0.01 to 100 and a threshold of 0 to 1000 are expected");
  }
  return Object.freeze({ ...raw, channels: Object.freeze([...channels]) });
}

/** Inputs and outputs of the five convolutions. */
const widthsOf = ({ channels: [a, b, c] }) => [[1, a], [a, a], [a, b], [b, b], [b, c]];

/** The shape of every tensor, by its name. */
function shapesOf(config) {
  const shapes = { "dense.weight": [LABELS.length, config.channels[2] * config.places ** 2], "dense.bias": [LABELS.length] };
  widthsOf(config).forEach(([inputs, outputs], i) => {
    shapes[`features.${POSITIONS[i]}.weight`] = [outputs, inputs, 3, 3];
    for (const name of ["weight", "bias", "running_mean", "running_var"]) shapes[`features.${POSITIONS[i] + 1}.${name}`] = [outputs];
    shapes[`features.${POSITIONS[i] + 1}.${COUNTER}`] = [];
  });
  return shapes;
}
const COUNTER = "num_batches_tracked";  // the one tensor of 64-bit integers, of which nothing is needed
const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);
const bytesNeeded = (config) => Object.entries(shapesOf(config)).reduce((sum, [name, shape]) => sum + sizeOf(shape) * (name.endsWith(COUNTER) ? 8 : 4), 0);

/** The tensors of a safetensors file by name: 8 bytes of length, a header in JSON, raw numbers. Strict: these and no others. */
function readTensors(bytes, shapes, source) {
  const refuse = (reason) => {
    throw new Error(
      `The ${WEIGHTS} of ${source} does not hold the tensors of the network in ${CONFIG} (${reason}). ` +
      "Take both files from the same place.");
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) refuse("it was cut short");
  let header;
  try { header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))); } catch { refuse("its header is no JSON"); }
  const names = Object.keys(header ?? refuse("its header is empty")).filter((name) => name !== "__metadata__");
  const missing = Object.keys(shapes).filter((name) => !names.includes(name)), unexpected = names.filter((name) => !(name in shapes));
  if (missing.length) refuse(`missing: ${missing.join(", ")}`);
  if (unexpected.length) refuse(`unexpected: ${unexpected.join(", ")}`);
  const tensors = {};
  for (const name of names) {
    const { dtype, shape, data_offsets: offsets } = header[name], expected = shapes[name], isCounter = name.endsWith(COUNTER);
    if (String(shape) !== String(expected)) refuse(`${name} has the shape [${shape}], [${expected}] is expected`);
    if (dtype !== (isCounter ? "I64" : "F32")) refuse(`${name} is of ${dtype}, ${isCounter ? "I64" : "F32"} is expected`);
    const count = sizeOf(expected), at = 8 + length + offsets?.[0];
    if (!Number.isInteger(at) || at < 8 + length || offsets[1] - offsets[0] !== count * (isCounter ? 8 : 4) || 8 + length + offsets[1] > bytes.length) {
      refuse(`${name} lies outside the file`);
    }
    if (isCounter) continue;
    const values = tensors[name] = Float32Array.from({ length: count }, (_, i) => view.getFloat32(at + 4 * i, true));
    if (!values.every(Number.isFinite) || (name.endsWith("running_var") && values.some((value) => value < 0))) refuse(`${name} has numbers that no trained network has`);
  }
  return tensors;
}

/** SHA-256 (FIPS 180-4) in hexadecimal. The browser's own needs HTTPS, and a page on the local network often comes without. */
export function sha256(bytes) {
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (value) => (value - floor(value)) * 2 ** 32;
  const K = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime))), state = Uint32Array.from(primes.slice(0, 8), (prime) => fraction(sqrt(prime)));
  const padded = new Uint8Array(64 * ceil((bytes.length + 9) / 64)), view = new DataView(padded.buffer), w = new Int32Array(64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setBigUint64(padded.length - 8, 8n * BigInt(bytes.length));
  const turn = (x, by) => (x >>> by) | (x << (32 - by));
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(block + 4 * i);
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] += value; });
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}
