// The digit classifier in the browser: strokes or a picture -> ink -> normalised 28x28 -> probabilities.
//
//   import { DigitCNN } from "./digit.js";
//   const net = await DigitCNN.fromPretrained("weights/");  // a URL that ends in a slash
//   await net.classify(image, 3);                           // [{ label: "2", confidence: 0.981 }, ...]
//
// `image` is anything that drawImage takes, an ImageData, a Blob or File, or a list of strokes in board
// units. board.py and model.py define each step and explain it. This file is their twin, under the same
// names, and a test compares the two. numpy and Pillow compute in float32, and so does this file, with `f32`.
// A drawn board is the same to the bit.

const { fround: f32, abs, ceil, exp, floor, max, min, sqrt } = Math;
const F32 = Float32Array;
const F64 = Float64Array;
const U8 = Uint8Array;
// Halves are rounded to the even number, as numpy rounds them.
const rint = (value) => value + 6755399441055744 - 6755399441055744;

class NamedError extends Error {
  name = this.constructor.name;
}
/** The picture has no ink. */
export class EmptyDrawing extends NamedError {}
/** Digits stand side by side in the picture. */
export class SeveralDigits extends NamedError {}
/** config.json was written for other weights. */
export class AlteredWeights extends NamedError {}

const fail = (sentence, Kind = Error) => {
  throw new Kind(sentence);
};

// --- strokes -> board (board.py) ---

const SIZE = 448;
/** Lengths in board units: 448 a side, x grows right, y down. */
export const LIMITS = Object.freeze({
  size: SIZE,
  minRadius: 5,
  maxRadius: 25,
  defaultRadius: 15,
  maxStrokes: 200,
  maxPoints: 10_000,
  maxLength: 200 * SIZE,
  far: 4 * SIZE,
  minSide: 8,
  maxPixels: 64 * 2 ** 20,
  thin: 512,
});

/** Checks [{points: [[x, y], ...], radius}, ...]; returns it with flat points: x, y, x, y, ... */
export function parseStrokes(payload) {
  const { maxStrokes, maxPoints, maxLength, far, minRadius, maxRadius, defaultRadius } = LIMITS;
  if (!Array.isArray(payload)) fail("A drawing must be a list of strokes.");
  if (payload.length > maxStrokes)
    fail(`A drawing has at most ${maxStrokes} strokes; this one has ${payload.length}.`);
  const isNumber = (value) => typeof value === "number" && abs(value) < 1e6;
  const isPair = (value) => Array.isArray(value) && value.length === 2 && value.every(isNumber);
  let total = 0;
  let length = 0;
  return payload.map((stroke) => {
    if (!Array.isArray(stroke?.points) || !stroke.points.length)
      fail('A stroke is {"points": [[x, y], ...], "radius": r} with at least one point.');
    const { points: pairs, radius = defaultRadius } = stroke;
    total += pairs.length;
    if (total > maxPoints) fail(`A drawing has at most ${maxPoints} points; this one has more.`);
    if (!pairs.every(isPair)) fail("A point is a pair of finite numbers [x, y] in board units.");
    if (!isNumber(radius) || radius < minRadius || radius > maxRadius)
      fail(`The brush radius is a number from ${minRadius} to ${maxRadius} board units.`);
    const points = F64.from(pairs.flat(), (value) => min(max(value, -far), SIZE + far));
    for (let i = 2; i < points.length; i += 2)
      length += Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1]);
    if (length > maxLength)
      fail(`A drawing has at most ${maxLength / SIZE} board widths of line; this one has more.`);
    return { points, radius };
  });
}

// The longest piece of a line that is drawn at once.
const PIECE = 16; // pixels

/** Draws the strokes of `parseStrokes` with a round brush: Uint8Array(448 * 448). */
export function render(strokes) {
  const board = new U8(SIZE * SIZE);
  for (const stroke of strokes) {
    const radius = f32(stroke.radius);
    const points = F32.from(stroke.points);
    for (let i = 0; i === 0 || i < points.length - 2; i += 2) {
      const [x, y] = points.subarray(i);
      const [endX, endY] = points.subarray(min(i + 2, points.length - 2));
      const wayX = f32(endX - x);
      const wayY = f32(endY - y);
      const cuts = max(ceil(f32(sqrt(wayX * wayX + wayY * wayY)) / PIECE), 1);
      const stepX = f32(wayX / cuts);
      const stepY = f32(wayY / cuts);
      for (let k = 0; k < cuts; k++)
        drawPiece(board, f32(x + f32(stepX * k)), f32(y + f32(stepY * k)), stepX, stepY, radius);
    }
  }
  return board;
}

function drawPiece(board, x, y, dx, dy, radius) {
  const left = floor(min(x, x + dx) - radius - 1);
  const right = min(ceil(max(x, x + dx) + radius + 1), SIZE);
  const top = floor(min(y, y + dy) - radius - 1);
  const bottom = min(ceil(max(y, y + dy) + radius + 1), SIZE);
  const rim = f32(radius + f32(0.5));
  const outside = rim * rim * 1.0001;
  const leftX = left - x;
  const topY = top - y;
  const length2 = max(f32(f32(dx * dx) + f32(dy * dy)), f32(1e-12));
  const alongX = f32(dx / length2);
  const alongY = f32(dy / length2);
  for (let row = max(top, 0); row < bottom; row++) {
    const py = f32(topY + (row - top + 0.5));
    const part = f32(py * alongY);
    for (let column = max(left, 0), i = row * SIZE + column; column < right; column++, i++) {
      if (board[i] === 255) continue;
      const px = f32(leftX + (column - left + 0.5));
      const along = f32(min(max(f32(f32(px * alongX) + part), 0), 1));
      const farX = f32(px - f32(along * dx));
      const farY = f32(py - f32(along * dy));
      const distance2 = f32(f32(farX * farX) + f32(farY * farY));
      if (distance2 > outside) continue;
      const value = rint(f32(min(f32(rim - f32(sqrt(distance2))), 1) * 255));
      if (value > board[i]) board[i] = value;
    }
  }
}

// --- picture -> ink (model.py) ---

// A plane is {data, height, width}, with its pixels row by row.
const plane = (height, width, data = new F32(height * width)) => ({ data, height, width });

function extremes(data) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < data.length; i++) {
    if (data[i] < low) low = data[i];
    if (data[i] > high) high = data[i];
  }
  return [low, high];
}

// The k-th smallest of float32 values 0..1, whose order is that of their bits. The upper 15 bits are counted,
// then the lower 15 of the values with those upper bits. Sorting takes twenty times as long.
function nth(values, k) {
  const bits = new Uint32Array(values.buffer);
  let found = 0;
  for (const shift of [15, 0]) {
    const counts = new Uint32Array(2 ** 15);
    for (let i = 0; i < bits.length; i++)
      if (bits[i] >>> (shift + 15) === found) counts[(bits[i] >>> shift) & 0x7fff]++;
    let part = 0;
    while (k >= counts[part]) k -= counts[part++];
    found = (found << 15) + part;
  }
  return new F32(Uint32Array.of(found).buffer)[0];
}

function quantile(values, share) {
  const place = share * (values.length - 1);
  const low = nth(values, floor(place));
  return low + (nth(values, ceil(place)) - low) * (place - floor(place));
}
const median = (values) => f32(quantile(values, 0.5));

// The box [top, bottom, left, right] around the values of a plane that are at least `least`.
function boxOf({ data, height, width }, least) {
  let [top, bottom, left, right] = [height, 0, width, 0];
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      if (data[i] < least) continue;
      top = min(top, row);
      bottom = row + 1;
      left = min(left, column);
      right = max(right, column + 1);
    }
  }
  return [top, bottom, left, right];
}

// The part of a plane in a box. Where a mask of blocks of `step` x `step` pixels is 0, it becomes `fill`.
function cut({ data, width }, [top, bottom, left, right], mask, step, fill = 0) {
  const result = plane(bottom - top, right - left);
  for (let row = top, to = 0; row < bottom; row++, to += right - left) {
    const from = row * width;
    result.data.set(data.subarray(from + left, from + right), to);
    const start = floor(row / step) * mask?.width;
    for (let column = left; mask && column < right; column++)
      if (!mask.data[start + floor(column / step)]) result.data[to + column - left] = fill;
  }
  return result;
}

const REDUCED = 448; // pixels
// By how much a picture is reduced: to at most REDUCED a side, as long as LIMITS.minSide are left.
const stepOf = (height, width) =>
  min(ceil(max(height, width) / REDUCED), floor(min(height, width) / LIMITS.minSide));

// A picture of any kind as a plane with one byte (grey) or four (RGBA) for each pixel.
async function opened(image) {
  if (Array.isArray(image)) return plane(SIZE, SIZE, render(parseStrokes(image)));
  const no = ({ message }) =>
    fail(
      `This is not a picture (${message}): expected what drawImage takes, an ImageData, a Blob or File, ` +
        "or a list of strokes {points, radius}.",
    );
  const { data } = image ?? {};
  const isRead = data?.BYTES_PER_ELEMENT === 1 && [1, 4].includes(data.length / (image.height * image.width));
  let source = image;
  try {
    // An <img> may not have loaded yet.
    await image?.decode?.();
    if (!isRead) source = await createImageBitmap(image);
  } catch (error) {
    no(error);
  }
  const { height, width } = source;
  const short = min(height, width);
  const { minSide, maxPixels, thin } = LIMITS;
  if (short < minSide || height * width > maxPixels || max(height, width) > thin * short) {
    fail(
      `The picture is ${width}x${height} pixels; it must have at least ${minSide} a side, at most ` +
        `${maxPixels / 2 ** 20} megapixels, and a long side of at most ${thin} times the short one.`,
    );
  }
  if (isRead) return source;
  const step = stepOf(height, width);
  try {
    const canvas = new OffscreenCanvas(ceil(width / step), ceil(height / step));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  } catch (error) {
    // Another site's picture may not be read.
    return no(error);
  }
}

// The means of blocks of `step` x `step` pixels, divided by `white`. A pixel has `depth` numbers, of which
// the one at `first` counts.
function reduced({ data, height, width }, step, white = 1, depth = 1, first = 0) {
  const result = plane(ceil(height / step), ceil(width / step));
  const means = result.data;
  for (let row = 0, at = first; row < height; row++) {
    const start = floor(row / step) * result.width;
    for (let left = 0, i = start; left < width; left += step, i++)
      for (const end = at + depth * min(step, width - left); at < end; at += depth) means[i] += data[at];
  }
  for (let i = 0; i < means.length; i++) {
    const rows = min(step, height - step * floor(i / result.width));
    means[i] /= white * rows * min(step, width - step * (i % result.width));
  }
  return result;
}

// Luminance 0..1. Colours of one luminance are read from the channel in which they differ most.
function luminance(picture) {
  const { data, height, width } = picture;
  const depth = data.length === height * width ? 1 : 4;
  const channel = (k) => reduced(picture, stepOf(height, width), 255, depth, k);
  if (depth === 1) return channel(0);
  const colours = [0, 1, 2].map(channel);
  const [red, green, blue] = colours.map((colour) => colour.data);
  const values = plane(colours[0].height, colours[0].width);
  for (let i = 0; i < red.length; i++) values.data[i] = 0.299 * red[i] + 0.587 * green[i] + 0.114 * blue[i];
  const alpha = channel(3).data;
  if (extremes(alpha)[0] < 1) return flatten(values, alpha);
  const spreads = [values, ...colours].map(spread);
  const most = max(...spreads);
  return most > 3 * spreads[0] ? colours[spreads.lastIndexOf(most) - 1] : values;
}

// The standard deviation of every fourth pixel of every fourth row.
function spread({ data, height, width }) {
  let [count, sum, squares] = [0, 0, 0];
  for (let row = 0; row < height; row += 4) {
    for (let i = row * width; i < (row + 1) * width; i += 4) {
      count++;
      sum += data[i];
      squares += data[i] * data[i];
    }
  }
  return sqrt(max(squares / count - (sum / count) ** 2, 0));
}

// Lays a transparent picture on a ground on which its ink can be seen.
function flatten({ data, height, width }, alpha) {
  const opaque = data.filter((_, i) => alpha[i] > 0.5);
  if (!opaque.length) {
    if (extremes(alpha)[1] < MIN_CONTRAST)
      fail("The picture is transparent: there is no ink in it.", EmptyDrawing);
    return plane(height, width, alpha);
  }
  const [low, middle, high] = [0.02, 0.5, 0.98].map((share) => quantile(opaque, share));
  // Otherwise it is a photograph with cut corners.
  const isDrawn = high - low < 0.25 || opaque.length < 0.5 * alpha.length;
  const ground = isDrawn ? Number(middle < 0.5) : f32(middle);
  const flat = data.map((value, i) => f32(value * alpha[i]) + f32(ground * f32(1 - alpha[i])));
  const [least, most] = extremes(flat);
  return plane(height, width, f32(most - least) >= MIN_CONTRAST ? flat : alpha);
}

const MIN_CONTRAST = f32(0.06);
const INK_PIXELS = 50;
const GROUND_SIDE = 64;
const WINDOW = 13;
const EVEN = "The picture is one even colour: there is no ink in it.";

// The outermost `edge` rows and columns of a plane; the corners come twice.
function frameOf({ data, height, width }, edge) {
  const frame = new F32(2 * edge * (height + width));
  frame.set(data.subarray(0, edge * width));
  frame.set(data.subarray(-edge * width), edge * width);
  for (let end = width, to = 2 * edge * width; end <= data.length; end += width, to += 2 * edge) {
    frame.set(data.subarray(end - width, end - width + edge), to);
    frame.set(data.subarray(end - edge, end), to + edge);
  }
  return frame;
}

// Whether more than half of the values are 0.
function areBlack(values) {
  let black = 0;
  for (let i = 0; i < values.length; i++) black += values[i] === 0;
  return 2 * black > values.length;
}

// The ink of a plane of luminance, 0..1.
function toInk(values) {
  const { height, width } = values;
  const [low, high] = extremes(values.data);
  if (f32(high - low) < MIN_CONTRAST) fail(EVEN, EmptyDrawing);
  const edge = max(1, floor(min(height, width) / 16));
  const data = values.data.slice();
  const frame = frameOf(values, edge);
  let ground = median(frame);
  if (ground > f32(0.5 * f32(low + high))) {
    for (const some of [data, frame]) for (let i = 0; i < some.length; i++) some[i] = 1 - some[i];
    ground = f32(1 - ground);
  }
  let even = 0;
  for (let i = 0; i < frame.length; i++) even += abs(f32(frame[i] - ground)) < f32(1.5 / 255);
  let ink = plane(height, width, data);
  if (even < 0.5 * frame.length) ink = withoutGrain(ink);
  else for (let i = 0; i < data.length; i++) data[i] = max(data[i] - ground, 0);
  const peak = extremes(ink.data)[1];
  if (peak < MIN_CONTRAST) fail("The picture has hardly any contrast: there is no ink in it.", EmptyDrawing);
  return divided(ink, peak);
}

function divided(ink, peak) {
  for (let i = 0; i < ink.data.length; i++) ink.data[i] /= peak;
  return ink;
}

// As toInk, for a square board. Unless ink lies near the edge, the empty ground around the ink is left out.
function boardInk(values) {
  const { width } = values;
  const [top, bottom, left, right] = boxOf(values, f32(1 / 255));
  const edge = floor(width / 16);
  if (!bottom || max(bottom, right) > width - edge) return toInk(values);
  const ink = cut(values, [top, bottom, left, right]);
  const peak = extremes(ink.data)[1];
  if (peak < MIN_CONTRAST) fail(EVEN, EmptyDrawing);
  return divided(ink, peak);
}

// --- resampling and filters, as Pillow's ---

const BOX_FILTER = { support: 0.5, at: (x) => Number(x > -0.5 && x <= 0.5) };
const BILINEAR = { support: 1, at: (x) => max(0, 1 - abs(x)) };

// A plane resampled to another number of columns, and transposed. The result covers the columns `low`..`high`
// of a canvas `inputs` wide, on which the plane begins at column `x`.
function resampled({ data, height, width }, outputs, filter, low = 0, high = width, x = 0, inputs = width) {
  const start = f32(low);
  const scale = f32(f32(high) - start) / outputs;
  const stretch = max(scale, 1);
  const reach = filter.support * stretch;
  const result = plane(outputs, height);
  for (let k = 0; k < outputs; k++) {
    const centre = start + (k + 0.5) * scale;
    const first = max(0, floor(centre - reach + 0.5));
    const end = min(inputs, floor(centre + reach + 0.5));
    const weights = Array.from({ length: max(0, end - first) }, (_, i) =>
      filter.at((first + i - centre + 0.5) * (1 / stretch)),
    );
    const total = weights.reduce((a, b) => a + b, 0) || 1;
    const from = max(0, x - first);
    const to = min(weights.length, width + x - first);
    for (let i = 0; i < weights.length; i++) weights[i] /= total;
    for (let row = 0; row < height; row++) {
      let sum = 0;
      for (let i = from, at = row * width + first - x + from; i < to; i++, at++) sum += data[at] * weights[i];
      result.data[k * height + row] = sum;
    }
  }
  return result;
}

function resample(values, height, width, filter) {
  if (height === values.height && width === values.width) return values;
  return resampled(resampled(values, width, filter), height, filter);
}

// A plane resampled and rounded to bytes, changed by the filters, and turned into numbers again.
function filtered(values, height, width, ...filters) {
  const { data } = resample(values, height, width, BOX_FILTER);
  let bytes = new U8(data.length);
  for (let i = 0; i < data.length; i++) bytes[i] = rint(f32(min(max(data[i], 0), 1) * 255));
  for (const filter of filters) bytes = filter(bytes, height, width);
  return plane(
    height,
    width,
    new F32(bytes).map((byte) => byte / 255),
  );
}

function transposed(data, height, width) {
  const result = new data.constructor(data.length);
  for (let row = 0, i = 0; row < height; row++)
    for (let column = 0; column < width; column++, i++) result[column * height + row] = data[i];
  return result;
}

// Each byte becomes `change(line, i)`, where `line[i + reach]` is the byte, and each line is extended by its
// last byte at both ends. This is done `times` times along the rows, and then along the columns.
function bothWays(bytes, height, width, reach, change, times = 1) {
  for (let n = 0; n < 2 * times; n++) {
    const [count, step] = n < times ? [width, 1] : [height, width];
    const result = new U8(bytes.length);
    const line = new U8(count + 2 * reach);
    for (let k = 0; k < bytes.length / count; k++) {
      const start = step > 1 ? k : k * count;
      for (let i = 0; i < line.length; i++) line[i] = bytes[start + min(max(i - reach, 0), count - 1) * step];
      for (let i = 0; i < count; i++) result[start + i * step] = change(line, i);
    }
    bytes = result;
  }
  return bytes;
}

// Each byte becomes the largest one in a square window of `side` around it.
const grown = (side) => (bytes, height, width) =>
  bothWays(bytes, height, width, side >> 1, (line, first) => {
    let most = 0;
    for (let i = first; i < first + side; i++) if (line[i] > most) most = line[i];
    return most;
  });
const inverted = (bytes) => bytes.map((byte) => 255 - byte);
const shrunk = (side) => (bytes, height, width) => inverted(grown(side)(inverted(bytes), height, width));

// Pillow's Gaussian blur of 13/3 pixels: three box blurs, each of 7 pixels and a part of the next on both
// sides (Gwosdek et al. 2011).
function gaussianBlur(bytes, height, width) {
  const box = (line, i) => {
    let sum = 0;
    for (let k = i + 1; k < i + 8; k++) sum += line[k];
    return floor((sum * 1945505 + (line[i] + line[i + 8]) * 1579340 + 2 ** 23) / 2 ** 24);
  };
  return bothWays(bytes, height, width, 4, box, 3);
}

const middle = (a, b, c) => max(min(a, b), min(max(a, b), c));

// Each byte becomes the median of the 3x3 around it. The columns of three are sorted first (Smith 1996).
function medianOfNine(bytes, height, width) {
  const result = new U8(bytes.length);
  const [low, mid, high] = [0, 1, 2].map(() => new U8(width + 2));
  for (let row = 0; row < height; row++) {
    for (let i = 0; i < width + 2; i++) {
      const at = row * width + min(max(i - 1, 0), width - 1);
      const a = bytes[row ? at - width : at];
      const b = bytes[at];
      const c = bytes[row < height - 1 ? at + width : at];
      low[i] = min(a, b, c);
      mid[i] = middle(a, b, c);
      high[i] = max(a, b, c);
    }
    for (let i = 0; i < width; i++) {
      const least = max(low[i], low[i + 1], low[i + 2]);
      const most = min(high[i], high[i + 1], high[i + 2]);
      result[row * width + i] = middle(least, middle(mid[i], mid[i + 1], mid[i + 2]), most);
    }
  }
  return result;
}

// The ground is estimated by a grey opening (Sternberg 1986) on a small copy.
function withoutGrain(values) {
  const { height, width } = values;
  const long = max(height, width);
  const fine = filtered(values, height, width, medianOfNine);

  const [tall, wide] = [height, width].map((side) => max(1, rint(side * (GROUND_SIDE / long))));
  const small = filtered(fine, tall, wide, shrunk(WINDOW), grown(WINDOW), gaussianBlur);
  const ground = resample(small, height, width, BILINEAR).data;
  const ink = fine.data;
  for (let i = 0; i < ink.length; i++) ink[i] = max(ink[i] - ground[i], 0);

  const centre = median(ink);
  const grain = f32(f32(1.4826) * median(ink.map((value) => abs(value - centre))));
  const peak = nth(ink, ink.length - min(INK_PIXELS, floor(ink.length / 4)));
  const cutoff = max(f32(3 * grain), f32(f32(0.3) * peak));
  const range = f32(f32(f32(0.9) * peak) - cutoff);
  if (peak < MIN_CONTRAST || cutoff > f32(f32(0.8) * peak))
    fail("Nothing in the picture stands out from its background: there is no ink in it.", EmptyDrawing);
  for (let i = 0; i < ink.length; i++) ink[i] = min(max(f32(ink[i] - cutoff) / range, 0), 1);

  const step = max(1, floor(long / 128));
  const [rows, columns] = [height, width].map((side) => max(1, floor(side / step)));
  const coherent = filtered(fine, rows, columns);
  coherent.data = coherent.data.map((value) => value > f32(0.2));
  const mask = resample(filtered(coherent, rows, columns, grown(3)), height, width, BILINEAR).data;
  for (let i = 0; i < ink.length; i++) if (!(mask[i] > 0)) ink[i] = 0;
  return fine;
}

// --- ink -> what the network is given ---

const INPUT = 28;
const BOX = 20;
const EDGE = f32(0.41);
const FAINT = f32(0.1);
const SOFTNESS = 0.6;

/** Crop, scale and centre ink: Float32Array(784), 0 background .. 1 ink. */
function normalise(ink) {
  const [top, bottom, left, right] = boxOf(ink, EDGE);
  const pixel = max(bottom - top, right - left) / BOX;
  const half = (INPUT / 2) * pixel;
  let [total, sumY, sumX] = [0, 0, 0];
  for (let row = 0, i = 0; row < ink.height; row++) {
    for (let column = 0; column < ink.width; column++, i++) {
      const value = ink.data[i];
      if (value < FAINT) continue;
      total += value;
      sumY += value * (row + 0.5);
      sumX += value * (column + 0.5);
    }
  }
  const centreY = min(max(sumY / total, bottom - half), top + half);
  const centreX = min(max(sumX / total, right - half), left + half);

  const margin = ceil(half + 2 * pixel) + 1;
  const window = (values, centre) => {
    const x = margin - floor(centre);
    return resampled(values, INPUT, BILINEAR, centre + x - half, centre + x + half, x, 2 * margin);
  };
  const small = window(window(ink, centreX), centreY);
  const sigma = SOFTNESS * min(max((pixel - 1) / 3, 0), 1);
  const soft = blurred(blurred(small.data, sigma), sigma);
  const peak = extremes(soft)[1];
  return soft.map((value) => min(max(value / peak, 0), 1));
}

// Pixels farther away than this have no weight in float32.
const FAR = 5;

// Blurs the rows of 28x28 values, and transposes them.
function blurred(values, sigma) {
  const bell = Array.from({ length: INPUT }, (_, distance) => exp(-0.5 * (distance / max(sigma, 0.05)) ** 2));
  const sum = 2 * bell.reduce((a, b) => a + b, 0) - 1;
  const weights = F32.from(bell, (weight) => weight / sum);
  return values.map((_, to) => {
    const column = floor(to / INPUT);
    const row = to % INPUT;
    let value = 0;
    for (let i = max(0, row - FAR); i < min(INPUT, row + FAR + 1); i++)
      value += weights[abs(row - i)] * values[i * INPUT + column];
    return value;
  });
}

// --- finding the digit in a picture ---

const SMALL = 32;
const MASK_SIDE = 256;
const CROSSING = 0.6;
const SHEET = 0.05;
const SLANTS = [-0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4];
const TALL = 0.5;
const WIDE = 0.08;
const FIRM = 1;

// The connected parts of a mask. `labels` is 0 outside them and 1..n in the order in which rows meet them;
// `touching` says whether a part has a pixel in the mask `edge`.
function partsOf({ data, height, width }, edge = []) {
  const labels = new Int32Array(data.length);
  const [boxes, sizes, touching] = [[], [], []];
  for (let first = 0; first < data.length; first++) {
    if (!data[first] || labels[first]) continue;
    let [bottom, left, right] = [0, width, 0];
    const name = (labels[first] = sizes.length + 1);
    const found = [first];
    for (let n = 0; n < found.length; n++) {
      const row = floor(found[n] / width);
      const column = found[n] % width;
      bottom = max(bottom, row + 1);
      left = min(left, column);
      right = max(right, column + 1);
      for (let y = max(row - 1, 0); y <= min(row + 1, height - 1); y++) {
        for (let x = max(column - 1, 0); x <= min(column + 1, width - 1); x++) {
          const i = y * width + x;
          if (!data[i] || labels[i]) continue;
          labels[i] = name;
          found.push(i);
        }
      }
    }
    boxes.push([floor(first / width), bottom, left, right]);
    sizes.push(found.length);
    touching.push(found.some((place) => edge[place]));
  }
  return { labels, boxes, sizes, touching, height, width };
}

function borderOf({ height, width }) {
  const border = new U8(height * width).fill(1);
  for (let row = 1; row < height - 1; row++) border.fill(0, row * width + 1, (row + 1) * width - 1);
  return border;
}

// The parts of the ink in blocks of `step` x `step` pixels, and the `edge` of the picture or of its sheet of
// `paper`. Parts that are at least an eighth of the picture in height are `tall`.
function layoutOf(ink, paper) {
  const step = ceil(max(ink.height, ink.width) / MASK_SIDE);
  const mask = plane(ceil(ink.height / step), ceil(ink.width / step));
  const edge = borderOf(mask);
  for (let row = 0, i = 0; row < ink.height; row++) {
    const start = floor(row / step) * mask.width;
    for (let column = 0; column < ink.width; column++, i++) {
      if (ink.data[i] >= EDGE) mask.data[start + floor(column / step)] = 1;
      if (paper?.data[(row >> 2) * paper.width + (column >> 2)] === 0) edge[start + floor(column / step)] = 1;
    }
  }
  const parts = partsOf(mask, edge);
  const least = max(mask.height, mask.width) / 8;
  return { ink, step, parts, edge, tall: parts.boxes.map(([top, bottom]) => bottom - top >= least) };
}

// The mask of some parts.
function maskOf({ labels }, some) {
  const isChosen = [false, ...some];
  const mask = new U8(labels.length);
  for (let i = 0; i < mask.length; i++) if (isChosen[labels[i]]) mask[i] = 1;
  return mask;
}

// The ink of some parts and the faint ink around them, cut to their box.
function only({ ink, step }, parts, some) {
  const { labels, height, width } = parts;
  const chosen = maskOf(parts, some);
  const keep = plane(height, width, grown(3)(chosen, height, width));
  for (let i = 0; i < labels.length; i++) if (labels[i] && !chosen[i]) keep.data[i] = 0;
  const [top, bottom, left, right] = boxOf(keep, 1).map((side) => side * step);
  const box = [top, min(bottom, ink.height), left, min(right, ink.width)];
  return cut(ink, box, keep, step);
}

// The nearly level lines across a mask, without the ink that crosses them. Their slope is that of the
// sharpest projection (Postl 1986).
function linesOf(data, height, width) {
  const places = [];
  const lengths = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    if (!data[i]) continue;
    places.push(i);
    if (i >= width && data[i - width]) lengths[i] = lengths[i - width];
    else for (let j = i; data[j]; j += width) lengths[i]++;
  }
  const tops = places.map((i) => floor(i / width));
  const starts = places.map((i) => i % width);
  let [rows, profile, sharpest] = [[], [], -1];
  for (let k = 0; k < 33; k++) {
    const slope = -0.1 + (k * 0.2) / 32;
    const counts = new Int32Array(height + 2 * width + 1);
    const turned = new Int32Array(places.length);
    let sharp = 0;
    for (let n = 0; n < turned.length; n++) {
      turned[n] = rint(tops[n] + slope * (starts[n] - width / 2)) + width;
      sharp += 2 * counts[turned[n]]++ + 1;
    }
    if (sharp > sharpest) [rows, profile, sharpest] = [turned, counts, sharp];
  }
  const lines = new U8(data.length);
  const isLine = (row) => profile[row] >= CROSSING * width;
  const on = places.filter((_, k) => isLine(rows[k])).map((i) => lengths[i]);
  if (!on.length) return lines;
  on.sort((a, b) => a - b);
  const thick = 0.75 * (on[(on.length - 1) >> 1] + on[on.length >> 1]) + 1;
  for (const [k, i] of places.entries())
    if (lengths[i] <= thick && [-1, 0, 1].some((by) => isLine(rows[k] + by))) lines[i] = 1;
  return lines;
}

// The largest bright patch and the largest dark one (Otsu 1979), with all that they enclose:
// [plane, paper in blocks of 4].
function sheets({ data, height, width }) {
  const small = reduced({ data, height, width }, 4);
  const count = small.data.length;
  const [low, high] = extremes(small.data);
  if (high - low < 1e-3) return [];
  const bins = 64;
  const counts = new F64(bins);
  const level = (bin) => low + ((high - low) * bin) / bins;
  for (const value of small.data) counts[min(floor(((value - low) / (high - low)) * bins), bins - 1)]++;
  const mean = small.data.reduce((a, b) => a + b, 0) / count;
  let [below, sum, most, threshold] = [0, 0, -1, low];
  for (let bin = 0; bin < bins - 1; bin++) {
    below += counts[bin];
    sum += (counts[bin] * (level(bin) + level(bin + 1))) / 2;
    const between = (sum - mean * below) ** 2 / max(below * (count - below), 1);
    if (between > most) [most, threshold] = [between, level(bin + 1)];
  }
  const found = [];
  for (const isBright of [true, false]) {
    const mask = { ...small, data: small.data.map((value) => value > threshold === isBright) };
    const { labels, boxes, sizes } = partsOf(mask);
    const name = sizes.indexOf(max(...sizes)) + 1;
    const [top, bottom, left, right] = boxes[name - 1].map((side) => 4 * side);
    if (min(bottom - top, right - left) < LIMITS.minSide || sizes[name - 1] < SHEET * count) continue;
    const others = partsOf({ ...small, data: labels.map((label) => label !== name) }, borderOf(small));
    const inside = { ...small, data: maskOf(others, others.touching).map((isOutside) => 1 - isOutside) };
    if (!inside.data.includes(0)) continue;
    const ground = median(small.data.filter((_, i) => labels[i] === name));
    const box = [top, min(bottom, height), left, min(right, width)];
    const paper = cut(inside, boxes[name - 1]);
    paper.data = shrunk(3)(new U8(paper.data), paper.height, paper.width);
    found.push([cut({ data, width }, box, inside, 4, ground), paper]);
  }
  return found;
}

// The inks that may be the digit, each with all the ink that may belong to it: [ink, rest].
function candidates(layout) {
  const { parts: whole, edge, tall } = layout;
  const { labels, boxes, height, width, touching } = whole;
  const reach = touching.map(
    (isTouching, i) => isTouching || (tall[i] && boxes.some((box, j) => tall[j] && encloses(boxes[i], box))),
  );
  const mask = maskOf(whole, reach);
  const level = linesOf(mask, height, width);
  const upright = transposed(linesOf(transposed(mask, height, width), width, height), width, height);
  const bare = labels.map((label, i) => label && !level[i] && !upright[i]);
  const hasLines = level.includes(1) || upright.includes(1);
  const found = [];
  for (const parts of hasLines ? [whole, partsOf({ data: bare, height, width }, edge)] : [whole]) {
    const inner = parts.touching.map((isTouching) => !isTouching);
    if (!inner.includes(true)) continue;
    const rest = only(layout, parts, inner);
    found.push([rest, rest]);
    const sizes = parts.sizes.map((size, i) => size * inner[i]);
    const [top, bottom, left, right] = parts.boxes[sizes.indexOf(max(...sizes))];
    const near = floor(max(bottom - top, right - left) / 4);
    const close = parts.boxes.map(
      ([a, b, c, d], i) =>
        inner[i] && a < bottom + near && b > top - near && c < right + near && d > left - near,
    );
    if (close.some((isClose, i) => isClose !== inner[i])) found.push([only(layout, parts, close), rest]);
  }
  return found;
}

const encloses = ([top, bottom, left, right], [a, b, c, d]) => top < a && b < bottom && left < c && d < right;

// The gap between two groups of ink side by side, as a share of the height, and their inks; 0 and none
// without such groups.
function sideBySide(ink) {
  const layout = layoutOf(ink);
  const { parts } = layout;
  const heights = parts.boxes.map(([top, bottom]) => bottom - top);
  const tallest = max(...heights);
  const isTall = heights.map((height) => height >= TALL * tallest);
  let [gap, best] = [0, []];
  for (const slant of isTall.filter(Boolean).length > 1 ? SLANTS : []) {
    const start = heights.map(() => Infinity);
    const end = heights.map(() => -Infinity);
    for (const [i, label] of parts.labels.entries()) {
      if (!label) continue;
      const x = (i % parts.width) + slant * floor(i / parts.width);
      start[label - 1] = min(start[label - 1], x);
      end[label - 1] = max(end[label - 1], x);
    }
    for (const edge of start) {
      const left = end.map((value) => value < edge);
      const areTall = [true, false].every((side) => isTall.some((tall, i) => tall && left[i] === side));
      if (!areTall || !left.every((isLeft, i) => isLeft || start[i] >= edge)) continue;
      const wide = (edge - max(...end.filter((_, i) => left[i])) - 1) / tallest;
      if (wide > gap) [gap, best] = [wide, left];
    }
  }
  const sides = gap ? [best, best.map((isLeft) => !isLeft)] : [];
  return [gap, sides.map((side) => only(layout, parts, side))];
}

// --- the network ---

const LABELS = [..."0123456789"];

export function ranked(probabilities, topK = 3) {
  if (!Number.isInteger(topK) || topK < 1 || topK > LABELS.length)
    fail(`top_k is a whole number from 1 to ${LABELS.length}; this one is ${String(topK)}.`);
  return LABELS.map((label, i) => ({ label, confidence: probabilities[i] }))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, topK);
}

// A layer's maps as float64, (row, column, channel), padded with zeros around them and to a multiple of four
// channels.
class Maps {
  constructor(name, channels, side) {
    const depth = 4 * ceil(channels / 4);
    // `convolve` reads one place beyond the last row.
    const data = new F64(((side + 2) ** 2 + 1) * depth);
    Object.assign(this, { name, channels, side, depth, data });
  }

  at(row, column) {
    return ((row + 1) * (this.side + 2) + column + 1) * this.depth;
  }

  // Float32Array, (channel, row, column)
  get plain() {
    const { channels, side, data } = this;
    const plain = new F32(channels * side ** 2);
    for (let i = 0; i < side ** 2; i++) {
      const at = this.at(floor(i / side), i % side);
      for (let channel = 0; channel < channels; channel++)
        plain[channel * side ** 2 + i] = data[at + channel];
    }
    return plain;
  }
}

// A function that runs a 3x3 convolution of weights (output, input, 3, 3) times `scale`, with ReLU.
function convolution(weight, scale, bias, from, to) {
  // (outputs by four, 3, 3, input, 4)
  const kernels = new F64(to.depth * 9 * from.depth);
  const biases = new F64(to.depth);
  biases.set(bias);
  weight.forEach((value, i) => {
    const output = floor(i / 9 / from.channels);
    const input = floor(i / 9) % from.channels;
    kernels[4 * ((9 * (output >> 2) + (i % 9)) * from.depth + input) + (output & 3)] = value * scale[output];
  });
  return () => {
    for (let row = 0; row < to.side; row++)
      for (let column = 0; column < to.side; column += 2) convolve(from, to, kernels, biases, row, column);
  };
}

// Four outputs at two places at a time, because eight sums fit the processor's registers.
function convolve(from, to, kernels, biases, row, column) {
  const { data, depth } = from;
  const maps = to.data;
  for (let output = 0, k = 0, at = to.at(row, column); output < to.depth; output += 4, at += 4) {
    let a = biases[output];
    let b = biases[output + 1];
    let c = biases[output + 2];
    let d = biases[output + 3];
    let e = a;
    let f = b;
    let g = c;
    let h = d;
    for (let line = row - 1; line <= row + 1; line++) {
      for (let i = from.at(line, column - 1), end = i + 3 * depth; i < end; i++, k += 4) {
        const p = data[i];
        const q = data[i + depth];
        const w = kernels[k];
        const x = kernels[k + 1];
        const y = kernels[k + 2];
        const z = kernels[k + 3];
        a += p * w;
        b += p * x;
        c += p * y;
        d += p * z;
        e += q * w;
        f += q * x;
        g += q * y;
        h += q * z;
      }
    }
    maps[at] = max(a, 0);
    maps[at + 1] = max(b, 0);
    maps[at + 2] = max(c, 0);
    maps[at + 3] = max(d, 0);
    if (column + 1 === to.side) continue;
    maps[at + to.depth] = max(e, 0);
    maps[at + to.depth + 1] = max(f, 0);
    maps[at + to.depth + 2] = max(g, 0);
    maps[at + to.depth + 3] = max(h, 0);
  }
}

// The parts overlap where they do not divide the map.
function pool(from, to, isMean) {
  const { data, depth } = from;
  const part = (i) => [floor((i * from.side) / to.side), ceil(((i + 1) * from.side) / to.side)];
  for (let row = 0; row < to.side; row++) {
    for (let column = 0; column < to.side; column++) {
      const [[top, bottom], [left, right]] = [part(row), part(column)];
      for (let channel = 0, at = to.at(row, column); channel < depth; channel++, at++) {
        let [most, sum] = [0, 0];
        for (let y = top; y < bottom; y++) {
          for (let x = left, i = from.at(y, x) + channel; x < right; x++, i += depth) {
            sum += data[i];
            most = max(most, data[i]);
          }
        }
        to.data[at] = isMean ? sum / (bottom - top) / (right - left) : most;
      }
    }
  }
}

// Mean and deviation of max(0, x), where x is normal with mean `bias` and deviation |weight|, as after batch
// normalisation. A logistic function approximates the normal distribution's cumulative share.
function rectified(weight, bias) {
  const spread = abs(weight) + 1e-3;
  const ratio = bias / spread;
  const share = 1 / (1 + exp(-1.702 * ratio));
  const bell = exp(-(ratio ** 2) / 2) / sqrt(2 * Math.PI);
  const mean = bias * share + spread * bell;
  const square = (bias ** 2 + spread ** 2) * share + bias * spread * bell;
  return [mean, sqrt(max(square - mean ** 2, 1e-6))];
}

// In a function of its own, the browser compiles the loop.
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const marginOf = (logits) => max(...logits) - logits.reduce((a, b) => a + b) / LABELS.length;

// The network itself, which turns a tensor into `logits`. `maps` are the outputs of its layers.
class Network {
  constructor(config, weights) {
    this.config = config;
    const tensor = tensorsOf(weights);
    const [a, b, c] = this.config.channels;
    const sides = { input: 28, conv1: 28, conv2: 28, pool1: 14, conv3: 14, conv4: 14, pool2: 7, conv5: 7 };
    const channels = [1, a, a, a, b, b, b, c, c];
    const maps = Object.entries({ ...sides, average: this.config.places }).map(
      ([name, side], i) => new Maps(name, channels[i], side),
    );
    this.maps = maps;
    // The index of the next convolution in PyTorch's list. The entry after it is its normalisation.
    let position = 0;
    this.steps = maps.slice(1).map((to, i) => {
      const from = maps[i];
      if (to.name.startsWith("pool")) position += 1;
      if (!to.name.startsWith("conv")) return () => pool(from, to, to.name === "average");
      const weights = tensor(`features.${position}.weight`, to.channels, from.channels, 3, 3);
      const [weight, shift, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
        (name) => [...tensor(`features.${position + 1}.${name}`, to.channels)],
      );
      position += 3;
      const scale = weight.map((value, j) => value / sqrt(variance[j] + 1e-5));
      const bias = shift.map((value, j) => value - mean[j] * scale[j]);
      // The memory standardises the maps after the second pooling with this.
      if (to.name === "conv4") this.scale = weight.map((value, j) => rectified(value, shift[j]));
      return convolution(weights, scale, bias, from, to);
    });
    this.dense = {
      weight: tensor("dense.weight", LABELS.length, c * this.config.places ** 2),
      bias: tensor("dense.bias", LABELS.length),
    };
  }

  run(tensor) {
    if (!(tensor instanceof F32) || tensor.length !== INPUT * INPUT)
      fail("predict() takes the Float32Array(784) that preprocess() gives.");
    const [input] = this.maps;
    tensor.forEach((value, i) => {
      input.data[input.at(floor(i / INPUT), i % INPUT)] = value;
    });
    for (const step of this.steps) step();
    const features = this.maps.at(-1).plain;
    this.logits = this.dense.bias.map((bias, digit) => {
      const weights = this.dense.weight.subarray(digit * features.length);
      return features.reduce((sum, value, i) => sum + value * weights[i], bias);
    });
    return this.logits;
  }

  // The unit vector by which the memory compares drawings, for the last run.
  get features() {
    const { plain, side } = this.maps.find(({ name }) => name === "pool2");
    const values = plain.map((value, i) => {
      const [mean, deviation] = this.scale[floor(i / side ** 2)];
      return (value - mean) / deviation;
    });
    const length = sqrt(values.reduce((sum, value) => sum + value * value, 0));
    return values.map((value) => value / length);
  }
}

export class DigitCNN {
  #network;
  #lessons;

  constructor(network, lessons = []) {
    this.#network = network;
    this.#lessons = lessons;
    this.config = network.config;
    this.dense = network.dense;
  }

  /** Loads config.json and model.safetensors from a URL that ends in a slash. */
  static async fromPretrained(url) {
    const base = String(url ?? "");
    if (!base.endsWith("/"))
      fail(`A network is loaded from the URL of a folder, which ends in a slash; this one is "${base}".`);
    // After a new version, the browser's cache may hold one old file and one new.
    const load = async (cache) => {
      const config = readConfig(await download(base, CONFIG, cache), base);
      const weights = await download(base, WEIGHTS, cache);
      // Browsers can hash only on pages that came by HTTPS.
      const hash = await globalThis.crypto?.subtle?.digest("SHA-256", weights);
      const text = hash && Array.from(new U8(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
      if (text && text !== config.sha256) {
        fail(
          `The ${WEIGHTS} of ${base} is not the file that ${CONFIG} was written for: its SHA-256 differs. ` +
            "It was cut short or changed; take both files from where they were published.",
          AlteredWeights,
        );
      }
      try {
        return new DigitCNN(new Network(config, weights));
      } catch (error) {
        return fail(
          `The ${WEIGHTS} of ${base} does not hold the tensors of the network in ${CONFIG} ` +
            `(${error.message}). Take both files from the same place.`,
        );
      }
    };
    const net = await load("default").catch((error) =>
      error instanceof AlteredWeights ? load("reload") : Promise.reject(error),
    );
    // Reading is slow until the browser has compiled the loops.
    const slash = { points: Array.from({ length: 20 }, (_, i) => [300 - 9 * i, 100 + 12 * i]) };
    for (let i = 0; i < 12; i++) await net.classify([slash]);
    return net;
  }

  /** The network's input for a picture, Float32Array(784). */
  async preprocess(image) {
    const values = luminance(await opened(image));
    const { data, height, width } = values;
    if (max(height, width) <= SMALL || !this.config.threshold) return normalise(toInk(values));
    const isBoard = height === SIZE && width === SIZE && areBlack(data) && areBlack(frameOf(values, 1));
    const [ink, rest = ink] = isBoard ? [boardInk(values)] : this.#find(values);
    const [gap, groups] = sideBySide(rest);
    const areDigits = () => groups.every((group) => this.#margin(group) >= this.config.threshold);
    if (groups.length && ((gap > WIDE && ink === rest) || areDigits()))
      fail("There is more than one digit in the picture; crop it to one.", SeveralDigits);
    return normalise(ink);
  }

  // The ink of the digit in a plane of luminance, and all the ink that may belong to it: [ink, rest].
  #find(values) {
    const ink = toInk(values);
    const layout = layoutOf(ink);
    const { touching } = layout.parts;
    const isTouching = touching.includes(true);
    const margin = this.#margin(ink) - this.config.threshold;
    const whole = [ink, ink];
    if (!isTouching && margin >= FIRM) return whole;
    const isCluttered = isTouching && layout.tall.some((isTall, i) => isTall && !touching[i]);
    const tried = (margin >= 0 && !isCluttered) || !isTouching ? [whole] : [];
    tried.push(...candidates(layout));
    for (const [sheet, paper] of sheets(values)) {
      try {
        tried.push(...candidates(layoutOf(toInk(sheet), paper)));
      } catch (error) {
        if (!(error instanceof EmptyDrawing)) throw error;
      }
    }
    if (!tried.length)
      fail("All ink touches the edge of the picture: leave some paper around the digit.", EmptyDrawing);
    const margins = tried.map(([one]) => this.#margin(one));
    const best = max(...margins);
    // Where nothing touches the edge, part of a drawing is taken only if the network is sure of it.
    return isTouching || best >= this.config.threshold ? tried[margins.indexOf(best)] : whole;
  }

  // How firmly the network accepts ink as a digit (see `predict`).
  #margin(ink) {
    return marginOf(this.#network.run(normalise(ink)));
  }

  #answer(logits, margin) {
    const { temperature, threshold } = this.config;
    const best = max(...logits);
    const powers = logits.map((logit) => exp((logit - best) / temperature));
    const sum = powers.reduce((a, b) => a + b);
    const digit = margin < threshold ? null : LABELS[logits.indexOf(best)];
    return { probabilities: powers.map((power) => power / sum), logits: logits.slice(), margin, digit };
  }

  /** The answer to a tensor: {probabilities, logits, margin, digit, lesson, own}.
   *
   *  `margin` is how far the best logit stands above the mean one; `digit` is null when that is less than the
   *  threshold. `lesson` is the index of the lesson that decided, or null when the network's `own` answer
   *  stands. */
  predict(tensor) {
    const logits = this.#network.run(tensor);
    const own = this.#answer(logits, marginOf(logits));
    if (!this.#lessons.length) return { ...own, lesson: null, own };
    const { strength, focus, standing, known, threshold } = this.config;
    const seen = this.#network.features;
    const most = new F32(LABELS.length);
    const nearest = [];
    for (const [i, { features, label }] of this.#lessons.entries()) {
      const similar = dot(features, seen);
      if (similar > most[label]) {
        most[label] = similar;
        nearest[label] = i;
      }
    }
    const taught = new Set(this.#lessons.map(({ label }) => Number(label)));
    const changed = logits.map((logit, digit) => {
      const untaught = own.digit ? standing * own.probabilities[digit] : 0;
      return logit + strength * (taught.has(digit) ? most[digit] ** focus : untaught);
    });
    const isKnown = most[changed.indexOf(max(...changed))] >= known;
    const margin = isKnown ? marginOf(changed) + threshold : min(marginOf(changed), own.margin);
    const answer = this.#answer(changed, margin);
    return { ...answer, lesson: answer.digit === own.digit ? null : nearest[answer.digit], own };
  }

  /** The unit vector by which the memory compares drawings, Float32Array. */
  features(tensor) {
    this.#network.run(tensor);
    return this.#network.features;
  }

  /** A network that also knows `lessons`, [{features, label}, ...]; this one is unchanged. */
  withLessons(lessons) {
    return new DigitCNN(this.#network, [...this.#lessons, ...lessons]);
  }

  /** A network that also knows these labelled pictures; this one is unchanged. */
  async adapt(images, labels) {
    const areLists = Array.isArray(images) && !images[0]?.points && labels && typeof labels !== "string";
    if (!areLists || images.length !== labels.length)
      fail("adapt() takes a list of pictures and a list of as many labels.");
    const lessons = Array.from(labels, (label) => ({ label: String(label) }));
    for (const { label } of lessons)
      if (!LABELS.includes(label)) fail(`A label is a digit from 0 to 9; "${label}" is not.`);
    for (const [i, lesson] of lessons.entries())
      lesson.features = this.features(await this.preprocess(images[i]));
    return this.withLessons(lessons);
  }

  /** The calibrated probabilities, Float32Array(10), for each picture of a list. */
  async probabilities(images) {
    if (!Array.isArray(images) || images[0]?.points)
      fail("probabilities() takes a list of pictures; put a single one into a list.");
    const rows = [];
    for (const image of images) rows.push(this.predict(await this.preprocess(image)).probabilities);
    return rows;
  }

  /** The `topK` (1..10) most probable digits: [{label, confidence}, ...]. */
  async classify(image, topK = 3) {
    // This refuses a wrong topK before the picture is read.
    ranked([], topK);
    return ranked(this.predict(await this.preprocess(image)).probabilities, topK);
  }

  /** The last run's layers from input to logits: [{name, channels, height, width, data}, ...]. */
  activations() {
    const { logits, maps } = this.#network;
    const layers = maps.map(({ name, channels, side, plain }) => {
      return { name, channels, height: side, width: side, data: plain };
    });
    return [
      ...layers,
      { name: "logits", channels: LABELS.length, height: 1, width: 1, data: logits.slice() },
    ];
  }
}

// --- files ---

const CONFIG = "config.json";
const WEIGHTS = "model.safetensors";
const FORMAT = 3;
// The fields of config.json.
const NUMBERS = ["places", "dropout", "temperature", "threshold", "strength", "focus", "standing", "known"];
const FIELDS = [...NUMBERS, "channels", "sha256", "format"];

async function download(base, name, cache) {
  const missing = () => fail(`There is no ${name} in ${base}; a model folder has ${CONFIG} and ${WEIGHTS}.`);
  const broken = () => fail(`${name} cannot be fetched from ${base}: check the network and try again.`);
  if (globalThis.process?.versions?.node && !/^https?:/.test(base)) {
    const { readFile } = await import("node:fs/promises");
    const place = base.startsWith("file:") ? new URL(name, base) : base + name;
    return new U8(await readFile(place).catch(missing));
  }
  const response = await fetch(base + name, { cache }).catch(broken);
  if (response.status === 404) missing();
  if (!response.ok) fail(`${base} could not send ${name} (status ${response.status}): try again later.`);
  return new U8(await response.arrayBuffer().catch(broken));
}

function readConfig(bytes, source) {
  const no = (reason) =>
    fail(`The ${CONFIG} of ${source} is not the configuration of this network (${reason}).`);
  let config;
  try {
    config = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    no(error.message);
  }
  if (config?.format !== FORMAT)
    no(`it is of format ${config?.format}; this digit.js reads ${FORMAT}; take the one beside it`);
  const names = [...FIELDS, ...Object.keys(config)];
  const wrong = names.filter((name) => !FIELDS.includes(name) || !Object.hasOwn(config, name));
  if (wrong.length) no(`${wrong.sort().join(", ")} missing or not expected`);
  const numbers = [...NUMBERS.map((name) => config[name]), ...[config.channels].flat()];
  if (!numbers.every(Number.isFinite) || config.temperature <= 0)
    no("finite numbers and a temperature above 0 are expected");
  return config;
}

// A function that gives a tensor of model.safetensors by its name and shape, as a Float32Array.
function tensorsOf(bytes) {
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  return (name, ...shape) => {
    const { dtype, shape: found, data_offsets } = header[name];
    const [from, to] = data_offsets.map((offset) => start + offset);
    if (dtype !== "F16" || String(found) !== String(shape) || to > bytes.length)
      fail(`${name} is ${dtype} [${found}] instead of F16 [${shape}]`);
    return F32.from(new Uint16Array(bytes.slice(from, to).buffer), fromHalf);
  };
}

// The number that 16 bits of half precision stand for (IEEE 754 binary16).
function fromHalf(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const size = exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction;
  return (bits >> 15 ? -1 : 1) * size;
}
