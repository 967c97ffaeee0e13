// The digit classifier in the browser: strokes or a picture -> ink -> normalised 28x28 -> probabilities.
//
//   import { DigitCNN } from "./digit.js";
//   const net = await DigitCNN.fromPretrained("weights/");  // a URL that ends in a slash
//   await net.classify(image, 3);                           // [{ label: "2", confidence: 0.981 }, ...]
//
// No dependencies; runs in a page, in a worker and, but for canvases, in Node. board.py and model.py are the definition and this
// is their twin: each step is named as it is there, and a test holds the two together. numpy and Pillow compute in float32, so
// results are rounded by `fround` where it could be seen: a drawn board is the same to the last bit.

const { fround, abs, ceil, exp, floor, max, min, sqrt } = Math;
const rint = (value) => value + 6755399441055744 - 6755399441055744;  // nearest whole number, halves to the even one

/** There is no ink in the picture, so there is nothing to classify. */
export class EmptyDrawing extends Error { name = "EmptyDrawing"; }

/** The weights are not those that config.json was written for: their SHA-256 differs. */
export class AlteredWeights extends Error { name = "AlteredWeights"; }

const fail = (sentence, Kind = Error) => { throw new Kind(sentence); };

// --- strokes -> board (board.py) -------------------------------------------------------------------------------------

const SIZE = 448;
/** What a drawing and a picture may be. Radii and lengths in board units: 448 a side, x grows right, y down. */
export const LIMITS = Object.freeze({
  size: SIZE, small: 28, minRadius: 5, maxRadius: 25, defaultRadius: 15,
  maxStrokes: 200, maxPoints: 10_000, maxLength: 200 * SIZE, far: 4 * SIZE, minSide: 8, maxSide: 4096,
});

/** Check a drawing: [{points: [[x, y], ...] or a flat Float64Array, radius}, ...] -> the same with flat points. */
export function parseStrokes(payload) {
  const { maxStrokes, maxPoints, maxLength, far, minRadius, maxRadius } = LIMITS;
  if (!Array.isArray(payload)) fail("A drawing is a list of strokes; this is none.");
  if (payload.length > maxStrokes) fail(`A drawing has at most ${maxStrokes} strokes; this one has ${payload.length}.`);
  const isNumber = (value) => typeof value === "number" && abs(value) < 1e6;
  const isPair = (point) => Array.isArray(point) && point.length === 2 && point.every(isNumber);
  let total = 0, length = 0;
  return payload.map((stroke) => {
    const given = stroke?.points, isFlat = given instanceof Float64Array;
    if (!(isFlat || Array.isArray(given)) || !given.length) {
      fail('A stroke is {"points": [[x, y], ...], "radius": r} with at least one point.');
    }
    total += isFlat ? given.length / 2 : given.length;
    if (total > maxPoints) fail(`A drawing has at most ${maxPoints} points; this one has more.`);
    if (isFlat ? given.length % 2 || !given.every(isNumber) : !given.every(isPair)) {
      fail("A point is a pair of finite numbers [x, y] in board units.");
    }
    const { radius = LIMITS.defaultRadius } = stroke;
    if (!isNumber(radius) || radius < minRadius || radius > maxRadius) {
      fail(`The brush radius is a number from ${minRadius} to ${maxRadius} board units.`);
    }
    const points = flat(given).map((value) => min(max(value, -far), SIZE + far));
    for (let i = 2; i < points.length; i += 2) length += Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1]);
    if (length > maxLength) fail(`A drawing has at most ${maxLength / SIZE} board widths of line; this one has more.`);
    return { points, radius };
  });
}

/** Points as x, y, x, y, ... */
const flat = (points) => (points instanceof Float64Array ? points : Float64Array.from(points.flat()));

/** Draw strokes with a round brush: Uint8Array (size * size), 0 background .. 255 ink. Another `size` scales the drawing. */
export function render(strokes, size = SIZE) {
  const board = new Uint8Array(size * size);
  for (const { points, radius } of strokes) drawLine(board, size, flat(points), radius);
  return board;
}

const PIECE = 16;  // pixels: the longest piece of a line that is drawn at once

/** Raise the board's ink to that of a line through `points` with round ends. */
function drawLine(board, size, points, boardRadius) {
  const scale = fround(size / SIZE), radius = fround(fround(boardRadius) * scale), at = (i) => fround(fround(points[i]) * scale);
  for (let i = 0, end = min(2, points.length - 2); i < max(points.length - 2, 2); i += 2, end += 2) {  // a dot ends where it starts
    const startX = at(i), startY = at(i + 1), wayX = fround(at(end) - startX), wayY = fround(at(end + 1) - startY);
    const cuts = max(ceil(fround(sqrt(wayX * wayX + wayY * wayY)) / PIECE), 1);
    const stepX = fround(wayX / cuts), stepY = fround(wayY / cuts);
    for (let k = 0; k < cuts; k += 1) {
      drawPiece(board, size, fround(startX + fround(stepX * k)), fround(startY + fround(stepY * k)), stepX, stepY, radius);
    }
  }
}

/** Draw a straight piece from x, y by dx, dy, all float32. A pixel's value is the share of it that the brush covers. */
function drawPiece(board, size, x, y, dx, dy, radius) {
  const left = floor(min(x, x + dx) - radius - 1), right = min(ceil(max(x, x + dx) + radius + 1), size);
  const top = floor(min(y, y + dy) - radius - 1), bottom = min(ceil(max(y, y + dy) + radius + 1), size);
  const rim = fround(radius + fround(0.5)), outside = rim * rim * 1.0001, leftX = left - x, topY = top - y;
  const length2 = max(fround(fround(dx * dx) + fround(dy * dy)), fround(1e-12));  // a dot has length 0
  const alongX = fround(dx / length2), alongY = fround(dy / length2);
  for (let row = max(top, 0); row < bottom; row += 1) {
    const py = fround(topY + (row - top + 0.5)), part = fround(py * alongY);
    for (let column = max(left, 0), i = row * size + column; column < right; column += 1, i += 1) {
      if (board[i] === 255) continue;
      const px = fround(leftX + (column - left + 0.5));
      const along = fround(min(max(fround(fround(px * alongX) + part), 0), 1));  // 0 at the start, 1 at the end
      const farX = fround(px - fround(along * dx)), farY = fround(py - fround(along * dy));
      const distance2 = fround(fround(farX * farX) + fround(farY * farY));
      if (distance2 > outside) continue;
      const value = rint(fround(min(fround(rim - fround(sqrt(distance2))), 1) * 255));
      if (value > board[i]) board[i] = value;
    }
  }
}

/** A board that a growing drawing is drawn on: only what was added is drawn. As an image it is {data, height, width}. */
export class Board {
  data = new Uint8Array(SIZE * SIZE);
  height = SIZE;
  width = SIZE;
  #strokes = [];

  /** Draw checked strokes; returns `data`, equal to that of `render`, which the next call changes. */
  draw(strokes) {
    const drawn = this.#strokes, last = drawn.length - 1;
    this.#strokes = strokes.map(({ points, radius }) => ({ points: flat(points).slice(), radius }));
    const isSame = ({ points, radius }, i) => {
      const now = this.#strokes[i], more = now?.points.length - points.length;
      // A dot that becomes a line is rounded otherwise.
      return now?.radius === radius && (more === 0 || (more > 0 && i === last && points.length > 2)) &&
        points.every((value, j) => value === now.points[j]);
    };
    // The board is the greatest over the pieces of its lines, so what came since can be put on top.
    const isGrown = last >= 0 && drawn.every(isSame);
    if (!isGrown) this.data.fill(0);
    this.#strokes.slice(isGrown ? last : 0).forEach(({ points, radius }, i) => {
      const from = isGrown && i === 0 ? drawn[last].points.length - 2 : 0;
      if (!from || points.length > from + 2) drawLine(this.data, SIZE, points.subarray(from), radius);
    });
    return this.data;
  }
}

const KERNEL = [0.05, 0.25, 0.4, 0.25, 0.05];  // Burt and Adelson (1983), a = 0.4

/** MNIXEL's reduction of a board (448 * 448) to 28x28: Uint8Array(784). Four rounds of a 5x5 Gaussian pyramid step. */
export function reduce(board) {
  if (board.length !== SIZE * SIZE) fail(`MNIXEL's reduction takes a board of ${SIZE}x${SIZE}; this one has ${board.length} pixels.`);
  let values = board;
  for (let size = SIZE; size > LIMITS.small; size /= 2) values = halve(halve(values, size), size);
  return Uint8Array.from(values, rint);
}

/** Halve rows of `size` by the kernel, with zeros around, and transpose. */
function halve(values, size) {
  const rows = values.length / size, result = new Float64Array(values.length / 2);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < size; column += 2) {
      let sum = 0;
      for (let tap = max(-2, -column); tap <= min(2, size - 1 - column); tap += 1) {
        sum += KERNEL[tap + 2] * values[row * size + column + tap];
      }
      result[(column / 2) * rows + row] = sum;
    }
  }
  return result;
}

// --- picture -> ink (model.py) ---------------------------------------------------------------------------------------

// A plane is {data, height, width}: numbers row by row.
const plane = (height, width, data = new Float32Array(height * width)) => ({ data, height, width });
const unit = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** `change(value, index)` of every value. Typed arrays' own `from` and `map` are many times slower. */
function mapped(data, change, result = new Float32Array(data.length)) {
  for (let i = 0; i < data.length; i += 1) result[i] = change(data[i], i);
  return result;
}

function extremes(data) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < data.length; i += 1) {
    if (data[i] < low) low = data[i];
    if (data[i] > high) high = data[i];
  }
  return [low, high];
}

/** The k-th smallest of `values`, counted from 0 (Hoare's selection), which are put into another order. */
function nth(values, k) {
  for (let low = 0, high = values.length - 1; low < high;) {
    const pivot = values[(low + high) >> 1];
    let i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i += 1;
      while (values[j] > pivot) j -= 1;
      if (i <= j) {
        const value = values[i];
        values[i++] = values[j];
        values[j--] = value;
      }
    }
    if (k <= j) high = j; else if (k >= i) low = i; else break;
  }
  return values[k];
}

/** The quantile at `share`, interpolated linearly as by numpy; `values` are put into another order. */
function quantile(values, share) {
  const place = share * (values.length - 1), k = floor(place), low = nth(values, k);
  return place > k ? low + (nth(values, k + 1) - low) * (place - k) : low;
}
const median = (values) => fround(quantile(values, 0.5));

/** Whatever `image` may be as {data, height, width}, one byte (grey) or four (RGBA) a pixel. */
function pixelsOf(image) {
  const isA = (name) => typeof globalThis[name] === "function" && image instanceof globalThis[name];
  const isCanvas = isA("HTMLCanvasElement"), { data, height, width } = image ?? {}, { minSide, maxSide } = LIMITS;
  const isDrawable = isCanvas || isA("OffscreenCanvas") || isA("ImageBitmap");
  const isBytes = (data instanceof Uint8ClampedArray || data instanceof Uint8Array) && [1, 4].includes(data.length / (height * width));
  if (!isDrawable && !isBytes) fail("This is no picture: expected an ImageData, a canvas, an ImageBitmap or a list of strokes {points, radius}.");
  if (min(height, width) < minSide || max(height, width) > maxSide) {
    fail(`The picture is ${width}x${height} pixels; it must have ${minSide} to ${maxSide} a side.`);
  }
  if (!isDrawable) return image;
  const canvas = isCanvas ? Object.assign(document.createElement("canvas"), { width, height }) : new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });  // drawn by the processor: the same everywhere
  try {
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, width, height);
  } catch (error) {
    return fail(`The picture cannot be read (${error.message}): it must come from this site, or from one that lets others read it.`);
  }
}

/** Luminance 0..1 as a plane, and alpha 0..1 as an array (null when the picture is opaque throughout). */
function luminanceAndAlpha(image) {
  const { data, height, width } = pixelsOf(image), count = height * width;
  if (data.length === count) return [plane(height, width, mapped(data, (byte) => unit[byte])), null];
  if (max(height, width) > LIMITS.maxSide / 2) return halved(data, height, width);
  const alpha = mapped(new Float32Array(count), (_, i) => unit[data[4 * i + 3]]);
  const values = mapped(alpha, (_, i) => 0.299 * unit[data[4 * i]] + 0.587 * unit[data[4 * i + 1]] + 0.114 * unit[data[4 * i + 2]]);
  return [plane(height, width, values), extremes(alpha)[0] < 1 ? alpha : null];  // ITU-R BT.601, as Pillow
}

/** The same at half the size, which is detail enough for 28x28: 8-bit grey, each 2x2 (less at the edge) averaged, as Pillow. */
function halved(data, height, width) {
  const tall = ceil(height / 2), wide = ceil(width / 2), grey = plane(tall, wide), alpha = new Float32Array(tall * wide);
  for (let row = 0, i = 0; row < tall; row += 1) {
    for (let column = 0; column < wide; column += 1, i += 1) {
      let light = 0, cover = 0, count = 0;
      for (let y = 2 * row; y < min(2 * row + 2, height); y += 1) {
        for (let x = 2 * column; x < min(2 * column + 2, width); x += 1, count += 1) {
          const j = 4 * (y * width + x);
          light += (19595 * data[j] + 38470 * data[j + 1] + 7471 * data[j + 2] + 32768) >> 16;
          cover += data[j + 3];
        }
      }
      grey.data[i] = unit[floor(light / count + 0.5)];
      alpha[i] = unit[floor(cover / count + 0.5)];
    }
  }
  return [grey, extremes(alpha)[0] < 1 ? alpha : null];
}

/** Lay a picture with transparency, in place, on a background on which its ink can be seen. */
function flatten({ data }, alpha) {
  const opaque = data.filter((_, i) => alpha[i] > 0.5);
  if (!opaque.length) fail("The picture is transparent: there is no ink in it.", EmptyDrawing);
  const middle = quantile(opaque, 0.5), contrast = quantile(opaque, 0.98) - quantile(opaque, 0.02);
  const isDrawn = contrast < 0.25 || opaque.length < 0.5 * alpha.length;  // else a photograph with cut corners
  const ground = isDrawn ? Number(middle < 0.5) : fround(middle);
  mapped(data, (value, i) => fround(value * alpha[i]) + fround(ground * fround(1 - alpha[i])), data);
}

const MIN_CONTRAST = fround(0.06);  // of full scale: less is paper, not ink
const INK_PIXELS = 50;              // a photographed digit has at least so many, however small it is on the paper
const GROUND_SIDE = 64;             // pixels: the resolution at which uneven light is estimated

/** The ink of a picture: a plane, 0 background .. 1 ink. Throws EmptyDrawing when nothing stands out from the background. */
export function toInk(image) {
  const [values, alpha] = luminanceAndAlpha(image), { data, height, width } = values;
  if (alpha) flatten(values, alpha);
  const [low, high] = extremes(data), isDark = (ground) => ground > fround(0.5 * fround(low + high));
  if (fround(high - low) < MIN_CONTRAST) fail("The picture is one even colour: there is no ink in it.", EmptyDrawing);

  const edge = max(1, floor(min(height, width) / 16)), frame = new Float32Array(2 * edge * (height + width));
  frame.set(data.subarray(0, edge * width));
  frame.set(data.subarray((height - edge) * width), edge * width);
  for (let row = 0, i = 2 * edge * width; row < height; row += 1, i += 2 * edge) {
    frame.set(data.subarray(row * width, row * width + edge), i);
    frame.set(data.subarray((row + 1) * width - edge, (row + 1) * width), i + edge);
  }
  const [frameLow, frameHigh] = extremes(frame);
  let ground = frameLow < frameHigh ? median(frame) : frameLow;
  if (isDark(ground)) {  // dark on light
    for (const part of [data, frame]) mapped(part, (value) => 1 - value, part);
    ground = fround(1 - ground);
  }
  let even = 0;
  for (const value of frame) even += abs(fround(value - ground)) < fround(1.5 / 255);
  const ink = even < 0.5 * frame.length ? withoutGrain(values) : plane(height, width, mapped(data, (value) => max(value - ground, 0)));
  const peak = extremes(ink.data)[1];
  if (peak < MIN_CONTRAST) fail("The picture has hardly any contrast: there is no ink in it.", EmptyDrawing);
  mapped(ink.data, (value) => value / peak, ink.data);
  return ink;
}

/** Rows and columns, from .. before, that hold a value of at least `least`. */
function boxOf({ data, height, width }, least) {
  let top = height, bottom = 0, left = width, right = 0;
  for (let row = 0, i = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, i += 1) {
      if (data[i] < least) continue;
      if (row < top) top = row;
      bottom = row + 1;
      if (column < left) left = column;
      if (column >= right) right = column + 1;
    }
  }
  return { top, bottom, left, right };
}

/** A board without most of its empty ground, which changes no result and saves most of the time; others as they are. */
export function trimmed(image) {
  const { data, height, width } = image ?? {}, short = min(height, width);
  if (data?.length !== height * width || short < 4 * LIMITS.minSide) return image;
  const { top, bottom, left, right } = boxOf(image, 1);
  const around = floor(min(bottom - top, right - left) / 14) + LIMITS.minSide;  // no less than the frame that `toInk` looks at
  if (!bottom || min(top, left, height - bottom, width - right) < floor(short / 16)) return image;  // ink in the frame: all of it counts
  const y = max(top - around, 0), x = max(left - around, 0), tall = min(bottom + around, height) - y, wide = min(right + around, width) - x;
  const part = plane(tall, wide, new Uint8Array(tall * wide));
  for (let row = 0; row < tall; row += 1) part.data.set(data.subarray((y + row) * width + x, (y + row) * width + x + wide), row * wide);
  return part;
}

// --- resampling and filters, as Pillow's -------------------------------------------------------------------------------

const BOX_FILTER = { support: 0.5, at: (x) => Number(x > -0.5 && x <= 0.5) };
const BILINEAR = { support: 1, at: (x) => max(0, 1 - abs(x)) };

/** For each of `outputs` pixels along an axis that shows `low`..`high` of the inputs: its first input, and their weights. */
function tapsOf(filter, low, high, outputs, inputs) {
  const start = fround(low), scale = fround(fround(high) - start) / outputs, stretch = max(scale, 1), support = filter.support * stretch;
  return Array.from({ length: outputs }, (_, i) => {
    const centre = start + (i + 0.5) * scale, first = max(0, floor(centre - support + 0.5)), end = min(inputs, floor(centre + support + 0.5));
    const weights = Array.from({ length: max(0, end - first) }, (_, x) => filter.at((first + x - centre + 0.5) * (1 / stretch)));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: Float64Array.from(weights, (weight) => weight / (sum || 1)) };
  });
}

/**
 * A plane resampled to another size, first along x, then along y. With `window` {y, x, side, box} the plane lies in a square of
 * zeros, from row y and column x, of which the box (left, top, right, bottom) is shown.
 */
function resample({ data, height, width }, outHeight, outWidth, filter, window) {
  const { y: offY, x: offX, box: [left, top, right, bottom] } = window ?? { y: 0, x: 0, box: [0, 0, width, height] };
  const across = tapsOf(filter, left, right, outWidth, window?.side ?? width), down = tapsOf(filter, top, bottom, outHeight, window?.side ?? height);
  const middle = new Float32Array(height * outWidth), result = plane(outHeight, outWidth), sums = new Float64Array(outWidth);
  for (const [x, { first, weights }] of across.entries()) {
    const from = max(0, offX - first), to = min(weights.length, width + offX - first);
    for (let row = 0; row < height; row += 1) {
      let sum = 0;
      for (let i = from, at = row * width + first - offX + from; i < to; i += 1, at += 1) sum += data[at] * weights[i];
      middle[row * outWidth + x] = sum;
    }
  }
  for (const [y, { first, weights }] of down.entries()) {
    sums.fill(0);
    for (let i = max(0, offY - first); i < min(weights.length, height + offY - first); i += 1) {
      for (let x = 0, at = (first - offY + i) * outWidth; x < outWidth; x += 1, at += 1) sums[x] += middle[at] * weights[i];
    }
    result.data.set(sums, y * outWidth);
  }
  return result;
}

/** A plane 0..1 averaged down to a size, in 8 bits, through filters, 0..1 again. */
function filtered(values, height, width, ...filters) {
  const small = resample(values, height, width, BOX_FILTER).data;
  let bytes = mapped(small, (value) => rint(fround(min(max(value, 0), 1) * 255)), new Uint8Array(small.length));
  for (const filter of filters) bytes = filter(bytes, height, width);
  return plane(height, width, mapped(bytes, (byte) => unit[byte]));
}

/** Each pixel becomes the median of the 3x3 around it, where beyond the edge its pixels are repeated. */
function medianFilter(bytes, height, width) {
  const result = new Uint8Array(bytes.length), nine = new Uint8Array(9);
  for (let row = 0, i = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, i += 1) {
      for (let dy = -1, k = 0; dy <= 1; dy += 1) {
        const y = min(max(row + dy, 0), height - 1) * width;
        for (let dx = -1; dx <= 1; dx += 1, k += 1) {
          const value = bytes[y + min(max(column + dx, 0), width - 1)];
          let j = k;
          for (; j > 0 && nine[j - 1] > value; j -= 1) nine[j] = nine[j - 1];
          nine[j] = value;
        }
      }
      result[i] = nine[4];
    }
  }
  return result;
}

/** A filter along rows and then along columns; `change(at, count)` gives a pixel of a line from `at(index)`, edges repeated. */
const separable = (passes, change) => (bytes, height, width) => {
  const result = bytes.slice();
  for (const [lines, start, count, step] of [[height, width, width, 1], [width, 1, height, width]]) {
    for (let line = 0; line < lines; line += 1) {
      for (let pass = 0; pass < passes; pass += 1) {
        const from = Uint8Array.from({ length: count }, (_, i) => result[line * start + i * step]);
        const at = (i) => from[min(max(i, 0), count - 1)];
        for (let i = 0; i < count; i += 1) result[line * start + i * step] = change(at, i);
      }
    }
  }
  return result;
};

/** Each pixel becomes the most extreme one, by `better`, of the square of `size` around it. */
const rankFilter = (size, better) => separable(1, (at, i) => {
  let best = at(i);
  for (let j = i - (size - 1) / 2; j <= i + (size - 1) / 2; j += 1) best = better(best, at(j));
  return best;
});

/** A Gaussian blur by three box blurs whose ends count in part (Gwosdek et al. 2011), in 8 bits with weights of 24 bits. */
function gaussianBlur(sigma) {
  const variance = fround(fround(sigma) * fround(sigma) / 3), reach = floor((sqrt(12 * variance + 1) - 1) / 2);
  const part = ((2 * reach + 1) * (reach * (reach + 1) - 3 * variance)) / (6 * (variance - (reach + 1) ** 2));
  const inner = floor(2 ** 24 / (2 * fround(reach + part) + 1)), rim = floor((2 ** 24 - (2 * reach + 1) * inner) / 2);
  return separable(3, (at, i) => {
    let sum = 0;
    for (let j = i - reach; j <= i + reach; j += 1) sum += at(j);
    return floor((sum * inner + (at(i - reach - 1) + at(i + reach + 1)) * rim + 2 ** 23) / 2 ** 24);
  });
}

/** Light ink on a dark, uneven, grainy ground, 0..1: the ink alone, 0..1. The ground is a grey opening (Sternberg 1986). */
function withoutGrain(values) {
  const short = min(values.height, values.width), factor = max(1, min(max(values.height, values.width) / 1024, short / LIMITS.minSide));
  const height = rint(values.height / factor), width = rint(values.width / factor), long = max(height, width);
  const fine = filtered(values, height, width, medianFilter);

  const size = 2 * floor(GROUND_SIDE / 10) + 1, shrink = GROUND_SIDE / long;
  const small = filtered(fine, max(1, rint(height * shrink)), max(1, rint(width * shrink)),
    rankFilter(size, min), rankFilter(size, max), gaussianBlur(size / 3));
  const ground = resample(small, height, width, BILINEAR).data, ink = mapped(fine.data, (value, i) => max(value - ground[i], 0));

  const middle = median(ink.slice()), grain = fround(fround(1.4826) * median(mapped(ink, (value) => abs(value - middle))));
  const peak = nth(ink.slice(), ink.length - min(INK_PIXELS, floor(ink.length / 4)));
  const cut = max(fround(3 * grain), fround(fround(0.3) * peak)), range = fround(fround(fround(0.9) * peak) - cut);
  if (peak < MIN_CONTRAST || cut > fround(fround(0.8) * peak)) {
    fail("Nothing in the picture stands out from its background: there is no ink in it.", EmptyDrawing);
  }
  const clean = plane(height, width, mapped(ink, (value) => min(max(fround(value - cut) / range, 0), 1)));

  const step = max(1, floor(long / 128)), tall = max(1, floor(height / step)), wide = max(1, floor(width / step));
  const coherent = plane(tall, wide, mapped(filtered(clean, tall, wide).data, (value) => value > fround(0.2)));
  const mask = resample(filtered(coherent, tall, wide, rankFilter(3, max)), height, width, BILINEAR).data;
  mapped(clean.data, (value, i) => (mask[i] > 0 ? value : 0), clean.data);
  return clean;
}

// --- ink -> what the network is given ---------------------------------------------------------------------------------

const INPUT = 28;          // side of what the network is given, pixels
const BOX = 20;            // longer side of the ink inside it
const EDGE = fround(0.41); // of the peak: ink from here on counts for the box
const SOFTNESS = 0.6;      // pixels of blur that make a board look like a 28x28 of MNIXEL

/** Crop, scale and centre ink: Float32Array(784), 0 background .. 1 ink; 20 pixels long, its centre of mass in the centre. */
export function normalise(ink) {
  const { data, height, width } = ink, { top, bottom, left, right } = boxOf(ink, EDGE);
  let total = 0, sumY = 0, sumX = 0;
  for (let row = 0, i = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, i += 1) {
      const value = data[i];
      if (value < fround(0.1)) continue;
      total += value;
      sumY += value * (row + 0.5);
      sumX += value * (column + 0.5);
    }
  }
  const pixel = max(bottom - top, right - left) / BOX;  // source pixels per pixel of the result
  const half = (INPUT / 2) * pixel;
  const centreY = min(max(sumY / total, bottom - half), top + half);  // a long tail must not push the box over the edge
  const centreX = min(max(sumX / total, right - half), left + half);

  const margin = ceil(half + 2 * pixel) + 1, y = margin - floor(centreY), x = margin - floor(centreX);
  const boxY = centreY + y, boxX = centreX + x, box = [boxX - half, boxY - half, boxX + half, boxY + half];
  const small = resample(ink, INPUT, INPUT, BILINEAR, { y, x, side: 2 * margin, box });
  const sigma = SOFTNESS * min(max((pixel - 1) / 3, 0), 1);  // a 28x28 is soft already, a board is not
  const soft = blurred(blurred(small.data, sigma), sigma), peak = extremes(soft)[1];
  return mapped(soft, (value) => min(max(value / peak, 0), 1));
}

/** A Gaussian blur of (28, 28) along its columns, transposed; `sigma` in pixels. Ink that leaves the picture is lost. */
function blurred(values, sigma) {
  const bell = Array.from({ length: INPUT + 1 }, (_, distance) => exp(-0.5 * (distance / max(sigma, 0.05)) ** 2));
  const sum = 2 * bell.reduce((a, b) => a + b, 0) - 1, weights = Float32Array.from(bell, (weight) => weight / sum);
  return mapped(values, (_, place) => {
    const column = floor(place / INPUT), row = place % INPUT;
    let value = 0;
    for (let i = 0; i < INPUT; i += 1) value += weights[abs(row - i)] * values[i * INPUT + column];
    return value;
  });
}

/** What the network is given for a picture, a `Board` or a list of strokes: Float32Array(784), 0 background .. 1 ink. */
export function preprocess(image) {
  return normalise(toInk(trimmed(Array.isArray(image) ? plane(SIZE, SIZE, render(parseStrokes(image))) : image)));
}

// --- the network -------------------------------------------------------------------------------------------------------

const LABELS = [..."0123456789"];

/** The `topK` (1..10) labels of one row of probabilities with their values, most probable first. */
export function ranked(probabilities, topK = 3) {
  if (!Number.isInteger(topK) || topK < 1 || topK > LABELS.length) fail(`top_k is a whole number from 1 to ${LABELS.length}; this one is ${String(topK)}.`);
  const all = LABELS.map((label, i) => ({ label, confidence: probabilities[i] }));
  return all.sort((a, b) => b.confidence - a.confidence).slice(0, topK);
}

/** One layer's maps (channels, side, side), each with zeros around it: a row above and left, two or more below and right. */
class Maps {
  constructor(name, channels, side) {
    const tiles = ceil(side / 4), stride = 4 * tiles + 2;
    Object.assign(this, { name, channels, side, tiles, stride, data: new Float32Array(channels * stride * stride) });
  }

  /** Where a pixel is in `data`. */
  at(channel, row, column) { return (channel * this.stride + row + 1) * this.stride + column + 1; }

  /** {name, channels, height, width, data}, without the zeros. */
  get plain() {
    const { name, channels, side } = this, data = new Float32Array(channels * side * side);
    for (let i = 0; i < channels * side; i += 1) {
      const at = this.at(floor(i / side), i % side, 0);
      data.set(this.data.subarray(at, at + side), i * side);
    }
    return { name, channels, height: side, width: side, data };
  }
}

// Winograd's way to convolve (Lavin and Gray 2016, F(4x4, 3x3)): transformed, 6x6 inputs and the 3x3 weights give 4x4 outputs with
// 36 multiplications instead of 144. It took half the time of the best direct loop. All in float64, so that nothing is lost.
const KERNEL_TRANSFORM = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]].map((row) => row.map((n) => n / 24));

/** Transform six inputs in place, from index i in steps of `step`. */
function transformInput(t, i, step) {
  const a = t[i], b = t[i + step], c = t[i + 2 * step], d = t[i + 3 * step], e = t[i + 4 * step], f = t[i + 5 * step];
  t[i] = 4 * a - 5 * c + e;
  t[i + step] = e - 4 * c + d - 4 * b;
  t[i + 2 * step] = e - 4 * c - d + 4 * b;
  t[i + 3 * step] = e - c + 2 * (d - b);
  t[i + 4 * step] = e - c - 2 * (d - b);
  t[i + 5 * step] = 4 * b - 5 * d + f;
}

/** Transform six sums in place into four outputs. */
function transformOutput(t, i, step) {
  const p = t[i + step] + t[i + 2 * step], q = t[i + step] - t[i + 2 * step];
  const r = t[i + 3 * step] + t[i + 4 * step], s = t[i + 3 * step] - t[i + 4 * step];
  t[i] += p + r;
  t[i + step] = q + 2 * s;
  t[i + 2 * step] = p + 4 * r;
  t[i + 3 * step] = q + 8 * s + t[i + 5 * step];
}

/** A 3x3 convolution that keeps the size, with ReLU. `weight` (outputs, inputs, 3, 3) times `scale` (outputs). */
class Convolution {
  constructor(weight, scale, bias, from, to) {
    const inputs = from.channels, groups = ceil(to.channels / 4), tiles = 2 * ceil(to.tiles ** 2 / 2);  // an even number
    this.kernels = new Float64Array(36 * groups * inputs * 4);  // (36, group, input, output of the group)
    this.patches = new Float64Array(36 * inputs * tiles);       // (36, input, tile)
    this.sums = new Float64Array(36 * groups * 4 * tiles);      // (36, group, output of the group, tile)
    Object.assign(this, { bias, from, to, inputs, groups, tiles });
    for (let output = 0; output < to.channels; output += 1) {
      for (let input = 0; input < inputs; input += 1) {
        const kernel = weight.subarray((output * inputs + input) * 9);
        for (let i = 0; i < 36; i += 1) {
          let sum = 0;
          for (let k = 0; k < 9; k += 1) sum += KERNEL_TRANSFORM[floor(i / 6)][floor(k / 3)] * kernel[k] * KERNEL_TRANSFORM[i % 6][k % 3];
          this.kernels[((i * groups + (output >> 2)) * inputs + input) * 4 + (output & 3)] = sum * scale[output];
        }
      }
    }
  }

  run() {
    const { bias, from, to, inputs, groups, tiles, patches, sums } = this, t = new Float64Array(36), count = to.tiles ** 2;
    for (let input = 0; input < inputs; input += 1) {
      for (let tile = 0; tile < count; tile += 1) {
        const at = from.at(input, 4 * floor(tile / to.tiles) - 1, 4 * (tile % to.tiles) - 1);
        for (let i = 0; i < 6; i += 1) for (let j = 0; j < 6; j += 1) t[6 * i + j] = from.data[at + i * from.stride + j];
        for (let i = 0; i < 6; i += 1) transformInput(t, i, 6);
        for (let i = 0; i < 6; i += 1) transformInput(t, 6 * i, 1);
        for (let i = 0; i < 36; i += 1) patches[(i * inputs + input) * tiles + tile] = t[i];
      }
    }
    this.multiply();
    for (let output = 0; output < to.channels; output += 1) {
      for (let tile = 0; tile < count; tile += 1) {
        for (let i = 0; i < 36; i += 1) t[i] = sums[(i * groups * 4 + output) * tiles + tile];
        for (let i = 0; i < 6; i += 1) transformOutput(t, i, 6);
        for (let i = 0; i < 4; i += 1) transformOutput(t, 6 * i, 1);
        const top = 4 * floor(tile / to.tiles), left = 4 * (tile % to.tiles);
        for (let i = 0; i < min(4, to.side - top); i += 1) {
          const at = to.at(output, top + i, left);
          for (let j = 0; j < min(4, to.side - left); j += 1) to.data[at + j] = max(0, t[6 * i + j] + bias[output]);
        }
      }
    }
  }

  multiply() {  // four outputs by two tiles at a time stay in the processor's registers
    const { kernels, patches, sums, inputs, groups, tiles } = this;
    for (let row = 0, first = 0; row < 36 * groups; row += 1, first += 4 * inputs) {
      for (let tile = 0; tile < tiles; tile += 2) {
        let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        for (let k = first, at = floor(row / groups) * inputs * tiles + tile; k < first + 4 * inputs; k += 4, at += tiles) {
          const p = patches[at], q = patches[at + 1], w = kernels[k], x = kernels[k + 1], y = kernels[k + 2], z = kernels[k + 3];
          a += p * w; b += p * x; c += p * y; d += p * z;
          e += q * w; f += q * x; g += q * y; h += q * z;
        }
        const to = 4 * row * tiles + tile;
        sums[to] = a; sums[to + tiles] = b; sums[to + 2 * tiles] = c; sums[to + 3 * tiles] = d;
        sums[to + 1] = e; sums[to + tiles + 1] = f; sums[to + 2 * tiles + 1] = g; sums[to + 3 * tiles + 1] = h;
      }
    }
  }
}

/** The greatest or the mean value of parts of each map, which overlap where `to.side` does not divide `from.side`. */
function pool(from, to, isMean) {
  const start = (i) => floor((i * from.side) / to.side), end = (i) => ceil(((i + 1) * from.side) / to.side);
  for (let channel = 0; channel < to.channels; channel += 1) {
    for (let row = 0; row < to.side; row += 1) {
      for (let column = 0; column < to.side; column += 1) {
        let most = 0, sum = 0, count = 0;  // after ReLU nothing is under 0
        for (let y = start(row); y < end(row); y += 1) {
          for (let x = start(column); x < end(column); x += 1, count += 1) {
            const value = from.data[from.at(channel, y, x)];
            sum += value;
            most = max(most, value);
          }
        }
        to.data[to.at(channel, row, column)] = isMean ? sum / count : most;
      }
    }
  }
}

/** The network with the preprocessing that belongs to it. See the top of the file, and `fromPretrained`. */
export class DigitCNN {
  #steps; #maps; #dense; #logits;  // the maps and logits of the last picture

  /** From the contents of config.json (an object, or bytes) and of model.safetensors (bytes); `source` is named in errors. */
  constructor(config, weights, source = "this model") {
    this.config = readConfig(config, source);
    this.source = source;
    const tensors = readTensors(weights, this.config, source), { channels: [a, b, c], places } = this.config;
    const layer = (name, channels, side) => new Maps(name, channels, side);
    const maps = this.#maps = [
      layer("input", 1, 28), layer("conv1", a, 28), layer("conv2", a, 28), layer("pool1", a, 14), layer("conv3", b, 14),
      layer("conv4", b, 14), layer("pool2", b, 7), layer("conv5", c, 7), layer("average", c, places),
    ];
    this.#steps = maps.slice(1).map((to, i) => {
      const from = maps[i], number = Number(to.name.replace("conv", "")) - 1;
      if (!(number >= 0)) return () => pool(from, to, to.name === "average");
      const of = (name) => tensors[`features.${POSITIONS[number] + 1}.${name}`], mean = of("running_mean"), variance = of("running_var");
      const scale = Array.from(of("weight"), (weight, j) => weight / sqrt(variance[j] + EPSILON));  // batch normalisation, folded in
      const bias = Array.from(of("bias"), (value, j) => value - mean[j] * scale[j]);
      const convolution = new Convolution(tensors[`features.${POSITIONS[number]}.weight`], scale, bias, from, to);
      return () => convolution.run();
    });
    this.#dense = { weight: tensors["dense.weight"], bias: tensors["dense.bias"] };
  }

  /** As the constructor, and made ready: until the browser has compiled the loops, pictures take several times as long. */
  static fromFiles(config, weights, source) {
    const net = new DigitCNN(config, weights, source), seven = [{ points: [[130, 100], [310, 100], [200, 340]], radius: 15 }];
    for (let i = 0; i < 12; i += 1) net.predict(preprocess(seven));
    net.#logits = undefined;
    return net;
  }

  /**
   * A trained network from the folder at `url`, which ends in a slash and has config.json and model.safetensors.
   *
   * Nothing is guessed: the shape of the network is config.json's, every tensor must be there and no other, and the weights must
   * have the SHA-256 that config.json states. Cached files that do not fit together are fetched once more.
   */
  static async fromPretrained(url) {
    const given = String(url ?? "");
    if (!given.endsWith("/")) fail(`A network is loaded from the URL of a folder, which ends in a slash; this one is "${given}".`);
    let base;
    try {
      base = new URL(given, globalThis.document?.baseURI ?? globalThis.location?.href);
    } catch {
      fail(`"${given}" is not the URL of a folder with ${CONFIG} and ${WEIGHTS}.`);
    }
    const load = async (cache) => {
      const config = await download(base, CONFIG, MAX_HEADER, cache), shapes = Object.values(shapesOf(readConfig(config, given)));
      const most = shapes.reduce((bytes, shape) => bytes + 4 * sizeOf(shape), MAX_HEADER);
      return DigitCNN.fromFiles(config, await download(base, WEIGHTS, most, cache), given);
    };
    return load("default").catch((error) => {
      if (error instanceof AlteredWeights) return load("reload");  // one of the two was an older one
      throw error;
    });
  }

  /** What the network is given for a picture: Float32Array(784), 0 background .. 1 ink. */
  async preprocess(image) { return preprocess(image); }

  /**
   * The answer for what `preprocess` gave: {probabilities, logits, margin, digit}. Probabilities are calibrated; margin is how far
   * the best logit stands above the mean one; digit is null when that is less than the threshold: it is hardly a digit.
   */
  predict(tensor) {
    if (!(tensor instanceof Float32Array) || tensor.length !== INPUT * INPUT) fail("predict() takes the Float32Array(784) that preprocess() gives.");
    const input = this.#maps[0];
    for (let row = 0; row < INPUT; row += 1) input.data.set(tensor.subarray(INPUT * row, INPUT * (row + 1)), input.at(0, row, 0));
    for (const step of this.#steps) step();
    const features = this.#maps.at(-1).plain.data, { weight, bias } = this.#dense, { temperature, threshold } = this.config;
    const logits = this.#logits = bias.map((sum, digit) => features.reduce((part, value, i) => part + value * weight[digit * features.length + i], sum));
    const best = max(...logits), margin = best - logits.reduce((a, b) => a + b, 0) / LABELS.length;
    const powers = Array.from(logits, (logit) => exp((logit - best) / temperature)), sum = powers.reduce((a, b) => a + b, 0);
    const digit = margin < threshold ? null : LABELS[logits.indexOf(best)];
    return { probabilities: Float32Array.from(powers, (power) => power / sum), logits: logits.slice(), margin, digit };
  }

  /** Calibrated probabilities of the digits 0..9, a Float32Array(10), for each picture of a list. */
  async probabilities(images) {
    if (!Array.isArray(images) || images[0]?.points) fail("probabilities() takes a list of pictures; put a single one into a list.");
    return images.map((image) => this.predict(preprocess(image)).probabilities);
  }

  /** The `topK` (1..10) most probable digits of a picture: [{label, confidence}, ...], most probable first. */
  async classify(image, topK = 3) {
    ranked([], topK);  // refuses before the work is done
    return ranked(this.predict(preprocess(image)).probabilities, topK);
  }

  /** Every layer's maps for a picture, or for the last one: [{name, channels, height, width, data}, ...] from input to logits. */
  async activations(image) {
    if (image !== undefined) this.predict(preprocess(image));
    if (!this.#logits) fail("activations() without a picture shows the last one that was classified; there was none.");
    return [...this.#maps.map((maps) => maps.plain), { name: "logits", channels: LABELS.length, height: 1, width: 1, data: this.#logits.slice() }];
  }
}

// --- files -------------------------------------------------------------------------------------------------------------

const CONFIG = "config.json", WEIGHTS = "model.safetensors", FORMAT = 2;  // of config.json; a reader refuses another
const MAX_HEADER = 64 * 1024;         // bytes of config.json, or of what is not numbers in model.safetensors
const EPSILON = 1e-5;                 // of batch normalisation, PyTorch's default
const POSITIONS = [0, 3, 7, 10, 14];  // of the convolutions in PyTorch's list of layers; each is followed by its normalisation
const COUNTER = "num_batches_tracked";  // the one kind of tensor that holds integers, which nobody needs

/** A file's bytes, at most `most` of them. */
async function download(base, name, most, cache) {
  const response = await fetch(new URL(name, base), { cache }).catch(() => fail(`${name} cannot be fetched from ${base}: check the network and try again.`));
  if (response.status === 404) fail(`There is no ${name} in ${base}; a model folder has ${CONFIG} and ${WEIGHTS}.`);
  if (!response.ok) fail(`${base} could not send ${name} (status ${response.status}): try again later.`);
  const reader = response.body.getReader(), bytes = new Uint8Array(most);
  for (let size = 0; ;) {
    const { done, value } = await reader.read().catch(() => fail(`${name} broke off on its way from ${base}: try again.`));
    if (done) return bytes.slice(0, size);
    if (size + value.length > most) {
      reader.cancel();
      fail(`The ${name} of ${base} is larger than it can be (${most} bytes): it is another file.`);
    }
    bytes.set(value, size);
    size += value.length;
  }
}

/** config.json as an object. Refuses another file, and another version's. */
function readConfig(config, source) {
  const refuse = (reason) => fail(`The ${CONFIG} of ${source} is not the configuration of this network (${reason}).`);
  let raw = config;
  if (config instanceof ArrayBuffer || ArrayBuffer.isView(config)) {
    try { raw = JSON.parse(new TextDecoder().decode(config)); } catch (error) { refuse(error.message); }
  }
  if (raw?.format === undefined) refuse("it has no format");
  if (raw.format !== FORMAT) {
    fail(`The ${CONFIG} of ${source} is of format ${JSON.stringify(raw.format)}; this digit.js reads ${FORMAT}. Take the digit.js beside it.`);
  }
  const isBetween = (low, high) => (value) => typeof value === "number" && value >= low && value <= high;
  const isWhole = (low, high) => (value) => Number.isInteger(value) && isBetween(low, high)(value);
  const fields = {
    channels: [(value) => Array.isArray(value) && value.length === 3 && value.every(isWhole(1, 1024)), "three channels of 1 to 1024 are expected"],
    places: [isWhole(1, 7), "1 to 7 places are expected"],
    dropout: [isBetween(0, 1), "a dropout of 0 to 1 is expected"],
    temperature: [isBetween(0.01, 100), "a temperature of 0.01 to 100 is expected"],
    threshold: [isBetween(0, 1000), "a threshold of 0 to 1000 is expected"],
    sha256: [(value) => typeof value === "string", "the SHA-256 of the weights is expected"],
    format: [() => true],
  };
  const missing = Object.keys(fields).filter((name) => !(name in raw)), unknown = Object.keys(raw).filter((name) => !(name in fields));
  if (missing.length) refuse(`it has no ${missing.sort().join(", ")}`);
  if (unknown.length) refuse(`it has an unknown ${unknown.sort().join(", ")}`);
  for (const [name, [isGood, expected]] of Object.entries(fields)) if (!isGood(raw[name])) refuse(expected);
  return Object.freeze({ ...raw });
}

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

/** The shape of every tensor, by its name. */
function shapesOf({ channels: [a, b, c], places }) {
  const shapes = { "dense.weight": [LABELS.length, c * places ** 2], "dense.bias": [LABELS.length] };
  for (const [i, [inputs, outputs]] of [[1, a], [a, a], [a, b], [b, b], [b, c]].entries()) {
    shapes[`features.${POSITIONS[i]}.weight`] = [outputs, inputs, 3, 3];
    for (const name of ["weight", "bias", "running_mean", "running_var"]) shapes[`features.${POSITIONS[i] + 1}.${name}`] = [outputs];
    shapes[`features.${POSITIONS[i] + 1}.${COUNTER}`] = [];
  }
  return shapes;
}

/** The tensors of model.safetensors by name: 8 bytes of length, a header in JSON, raw numbers. Those of `config` and no others. */
function readTensors(file, config, source) {
  const bytes = ArrayBuffer.isView(file) ? new Uint8Array(file.buffer, file.byteOffset, file.byteLength) : new Uint8Array(file);
  const refuse = (reason) => fail(
    `The ${WEIGHTS} of ${source} does not hold the tensors of the network in ${CONFIG} (${reason}). Take both files from the same place.`);
  if (sha256(bytes) !== config.sha256) {
    fail(`The ${WEIGHTS} of ${source} is not the file that ${CONFIG} was written for: its SHA-256 differs. ` +
      "It was cut short or changed; take both files from where they were published.", AlteredWeights);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length), length = bytes.length < 8 ? NaN : Number(view.getBigUint64(0, true));
  if (!(length <= bytes.length - 8)) refuse("it was cut short");
  const start = 8 + length, shapes = shapesOf(config), tensors = {};
  let header;
  try { header = { ...JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) }; } catch { refuse("its header is not JSON"); }
  delete header.__metadata__;
  for (const name of Object.keys(shapes)) if (!(name in header)) refuse(`${name} is missing`);
  for (const [name, { dtype, shape, data_offsets: [from, to] = [] }] of Object.entries(header)) {
    const expected = shapes[name] ?? refuse(`${name} is unexpected`), [type, width] = name.endsWith(COUNTER) ? ["I64", 8] : ["F32", 4];
    if (dtype !== type || String(shape) !== String(expected)) refuse(`${name} is ${dtype} [${shape}] instead of ${type} [${expected}]`);
    if (!(from >= 0 && start + to <= bytes.length && to - from === width * sizeOf(expected))) refuse(`${name} lies outside the file`);
    if (width === 8) continue;
    const values = tensors[name] = new Float32Array(bytes.slice(start + from, start + to).buffer);  // little-endian, as browsers' machines are
    if (!values.every(name.endsWith("running_var") ? (value) => value >= 0 && value < Infinity : Number.isFinite)) refuse(`${name} has impossible numbers`);
  }
  return tensors;
}

/** SHA-256 (FIPS 180-4) in hexadecimal. The browser's own exists under HTTPS only, and pages on a local network have none. */
export function sha256(bytes) {
  const primes = [], turn = (x, by) => (x >>> by) | (x << (32 - by)), fraction = (x) => (x % 1) * 2 ** 32;
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  const K = Uint32Array.from(primes, (n) => fraction(Math.cbrt(n))), state = Uint32Array.from(primes.slice(0, 8), (n) => fraction(sqrt(n)));
  const padded = new Uint8Array(64 * ceil((bytes.length + 9) / 64)), view = new DataView(padded.buffer), w = new Int32Array(64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setBigUint64(padded.length - 8, 8n * BigInt(bytes.length));
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(block + 4 * i);
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const x = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const y = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + x) | 0; d = c; c = b; b = a; a = (x + y) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] += value; });
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}
