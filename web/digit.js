// The digit classifier in the browser: strokes or a picture -> ink -> normalised 28x28 -> probabilities.
//
//   import { DigitCNN } from "./digit.js";
//   const net = await DigitCNN.fromPretrained("weights/");  // a URL that ends in a slash
//   await net.classify(image, 3);                           // [{ label: "2", confidence: 0.981 }, ...]
//
// board.py and model.py are the definition, and say why; this is their twin, step by step under the same names, and a test holds
// the two together. numpy and Pillow compute in float32, hence `f32`: a drawn board is the same to the last bit.

const { fround: f32, abs, ceil, exp, floor, max, min, sqrt } = Math;
const F32 = Float32Array,
  F64 = Float64Array,
  U8 = Uint8Array;
export const rint = (value) => value + 6755399441055744 - 6755399441055744; // halves to the even number

/** There is no ink in the picture. */
export class EmptyDrawing extends Error {
  name = "EmptyDrawing";
}

/** The weights are not those that config.json was written for. */
export class AlteredWeights extends Error {
  name = "AlteredWeights";
}

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
  maxSide: 4096,
});

/** [{points: [[x, y], ...], radius}, ...], checked, with flat points: x, y, x, y, ... */
export function parseStrokes(payload) {
  const { maxStrokes, maxPoints, maxLength, far, minRadius, maxRadius, defaultRadius } = LIMITS;
  if (!Array.isArray(payload)) fail("A drawing is a list of strokes; this is none.");
  if (payload.length > maxStrokes)
    fail(`A drawing has at most ${maxStrokes} strokes; this one has ${payload.length}.`);
  const isNumber = (value) => typeof value === "number" && abs(value) < 1e6;
  let total = 0,
    length = 0;
  return payload.map((stroke) => {
    if (!Array.isArray(stroke?.points) || !stroke.points.length) {
      fail('A stroke is {"points": [[x, y], ...], "radius": r} with at least one point.');
    }
    const { points: pairs, radius = defaultRadius } = stroke;
    total += pairs.length;
    if (total > maxPoints) fail(`A drawing has at most ${maxPoints} points; this one has more.`);
    if (!pairs.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isNumber))) {
      fail("A point is a pair of finite numbers [x, y] in board units.");
    }
    if (!isNumber(radius) || radius < minRadius || radius > maxRadius) {
      fail(`The brush radius is a number from ${minRadius} to ${maxRadius} board units.`);
    }
    const points = flat(pairs).map((value) => min(max(value, -far), SIZE + far));
    for (let i = 2; i < points.length; i += 2)
      length += Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1]);
    if (length > maxLength)
      fail(`A drawing has at most ${maxLength / SIZE} board widths of line; this one has more.`);
    return { points, radius };
  });
}

const flat = (points) => (points instanceof F64 ? points : F64.from(points.flat()));

/** Strokes drawn with a round brush: Uint8Array(size * size). */
export function render(strokes, size = SIZE) {
  const board = new U8(size * size);
  for (const { points, radius } of strokes) drawLine(board, size, flat(points), radius);
  return board;
}

const PIECE = 16; // pixels, at most, that are drawn of a line at once
function drawLine(board, size, points, boardRadius) {
  const scale = f32(size / SIZE),
    radius = f32(f32(boardRadius) * scale),
    at = (i) => f32(f32(points[i]) * scale);
  for (let i = 0, end = min(2, points.length - 2); i < max(points.length - 2, 2); i += 2, end += 2) {
    const startX = at(i),
      startY = at(i + 1),
      wayX = f32(at(end) - startX),
      wayY = f32(at(end + 1) - startY);
    const cuts = max(ceil(f32(sqrt(wayX * wayX + wayY * wayY)) / PIECE), 1);
    const stepX = f32(wayX / cuts),
      stepY = f32(wayY / cuts);
    for (let k = 0; k < cuts; k++) {
      drawPiece(
        board,
        size,
        f32(startX + f32(stepX * k)),
        f32(startY + f32(stepY * k)),
        stepX,
        stepY,
        radius,
      );
    }
  }
}

function drawPiece(board, size, x, y, dx, dy, radius) {
  const left = floor(min(x, x + dx) - radius - 1),
    right = min(ceil(max(x, x + dx) + radius + 1), size);
  const top = floor(min(y, y + dy) - radius - 1),
    bottom = min(ceil(max(y, y + dy) + radius + 1), size);
  const rim = f32(radius + f32(0.5)),
    outside = rim * rim * 1.0001,
    leftX = left - x,
    topY = top - y;
  const length2 = max(f32(f32(dx * dx) + f32(dy * dy)), f32(1e-12));
  const alongX = f32(dx / length2),
    alongY = f32(dy / length2);
  for (let row = max(top, 0); row < bottom; row++) {
    const py = f32(topY + (row - top + 0.5)),
      part = f32(py * alongY);
    for (let column = max(left, 0), i = row * size + column; column < right; column++, i++) {
      if (board[i] === 255) continue;
      const px = f32(leftX + (column - left + 0.5));
      const along = f32(min(max(f32(f32(px * alongX) + part), 0), 1));
      const farX = f32(px - f32(along * dx)),
        farY = f32(py - f32(along * dy));
      const distance2 = f32(f32(farX * farX) + f32(farY * farY));
      if (distance2 > outside) continue;
      const value = rint(f32(min(f32(rim - f32(sqrt(distance2))), 1) * 255));
      if (value > board[i]) board[i] = value;
    }
  }
}

/** A board that a drawing is drawn on as it grows; also an image. */
export class Board {
  data = new U8(SIZE * SIZE);
  height = SIZE;
  width = SIZE;
  #strokes = [];

  /** Draw what `parseStrokes` gave; `data`, which is returned, equals that of `render`. */
  draw(strokes) {
    const drawn = this.#strokes,
      last = drawn.length - 1;
    const isGrown =
      last >= 0 &&
      drawn.every(({ points, radius }, i) => {
        const now = strokes[i],
          more = now?.points.length - points.length;
        return (
          now?.radius === radius &&
          points.every((value, j) => value === now.points[j]) &&
          (more === 0 || (more > 0 && i === last && points.length > 2))
        ); // a dot that becomes a line is rounded otherwise
      });
    if (!isGrown) this.data.fill(0);
    for (let i = isGrown ? last : 0; i < strokes.length; i++) {
      const { points, radius } = strokes[i],
        from = isGrown && i === last ? drawn[last].points.length - 2 : 0;
      if (!from || points.length > from + 2) drawLine(this.data, SIZE, points.subarray(from), radius);
    }
    this.#strokes = strokes;
    return this.data;
  }
}

// --- picture -> ink (model.py) ---

// A plane is {data, height, width}, row by row.
const plane = (height, width, data = new F32(height * width)) => ({ data, height, width });
const unit = F32.from({ length: 256 }, (_, byte) => byte / 255);

function mapped(data, change, result = new F32(data.length)) {
  for (let i = 0; i < data.length; i++) result[i] = change(data[i], i);
  return result;
}

function extremes(data) {
  let low = Infinity,
    high = -Infinity;
  for (let i = 0; i < data.length; i++) {
    if (data[i] < low) low = data[i];
    if (data[i] > high) high = data[i];
  }
  return [low, high];
}

// The k-th smallest (Hoare's selection). Reorders `values`.
function nth(values, k) {
  for (let low = 0, high = values.length - 1; low < high; ) {
    const pivot = values[(low + high) >> 1];
    let i = low,
      j = high;
    while (i <= j) {
      while (values[i] < pivot) i += 1;
      while (values[j] > pivot) j -= 1;
      if (i <= j) {
        [values[i], values[j]] = [values[j], values[i]];
        i++;
        j--;
      }
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k];
}

function quantile(values, share) {
  const place = share * (values.length - 1),
    k = floor(place),
    low = nth(values, k);
  return place > k ? low + (nth(values, k + 1) - low) * (place - k) : low;
}
const median = (values) => f32(quantile(values, 0.5));

// A plane of one byte (grey) or four (RGBA) a pixel.
function pixelsOf(image) {
  const isA = (name) => typeof globalThis[name] === "function" && image instanceof globalThis[name];
  const isDrawable = ["HTMLCanvasElement", "OffscreenCanvas", "ImageBitmap"].some(isA),
    { data, height, width } = image ?? {};
  const isBytes =
    (data instanceof Uint8ClampedArray || data instanceof U8) &&
    [1, 4].includes(data.length / (height * width));
  if (!isDrawable && !isBytes)
    fail(
      "This is no picture: expected an ImageData, a canvas, an ImageBitmap or a list of strokes {points, radius}.",
    );
  if (min(height, width) < LIMITS.minSide || max(height, width) > LIMITS.maxSide) {
    fail(
      `The picture is ${width}x${height} pixels; it must have ${LIMITS.minSide} to ${LIMITS.maxSide} a side.`,
    );
  }
  if (!isDrawable) return image;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height);
}

function luminanceAndAlpha(image) {
  const { data, height, width } = image,
    values = plane(height, width);
  if (data.length === values.data.length)
    return [
      plane(
        height,
        width,
        mapped(data, (byte) => unit[byte]),
      ),
    ];
  const alpha = mapped(values.data, (_, i) => unit[data[4 * i + 3]]);
  mapped(
    alpha,
    (_, i) => 0.299 * unit[data[4 * i]] + 0.587 * unit[data[4 * i + 1]] + 0.114 * unit[data[4 * i + 2]],
    values.data,
  );
  return [values, extremes(alpha)[0] < 1 && alpha]; // ITU-R BT.601, as Pillow
}

function flatten({ data }, alpha) {
  const opaque = data.filter((_, i) => alpha[i] > 0.5);
  if (!opaque.length) fail("The picture is transparent: there is no ink in it.", EmptyDrawing);
  const middle = quantile(opaque, 0.5),
    contrast = quantile(opaque, 0.98) - quantile(opaque, 0.02);
  const isDrawn = contrast < 0.25 || opaque.length < 0.5 * alpha.length; // else a photograph with cut corners
  const ground = isDrawn ? Number(middle < 0.5) : f32(middle);
  mapped(data, (value, i) => f32(value * alpha[i]) + f32(ground * f32(1 - alpha[i])), data);
}

const MIN_CONTRAST = f32(0.06),
  INK_PIXELS = 50,
  GROUND_SIDE = 64;

const isEven = () => fail("The picture is one even colour: there is no ink in it.", EmptyDrawing);
const frameOf = (height, width) => max(1, floor(min(height, width) / 16)); // its breadth

// The same for bytes with a black frame, as a board has: one pass instead of five, and only the part with ink comes back.
function boardInk({ data, height, width }) {
  if (data.length > height * width) return null;
  const edge = frameOf(height, width),
    ends = height - edge,
    sides = width - edge;
  let top = height,
    bottom = 0,
    left = width,
    right = 0,
    peak = 0,
    framed = 0;
  for (let row = 0; row < height; row++) {
    const start = row * width,
      isEdge = row < edge || row >= ends;
    let first = start,
      end = start + width;
    while (first < end && !data[first]) first++;
    if (first === end) continue;
    while (!data[end - 1]) end--;
    top = min(top, row);
    bottom = row + 1;
    left = min(left, first - start);
    right = max(right, end - start);
    for (let i = first; i < end; i++) {
      if (data[i] > peak) peak = data[i];
      if (data[i]) framed += isEdge + (i < start + edge) + (i >= start + sides);
    }
  }
  if (framed >= edge * (height + width)) return null;
  if (unit[peak] < MIN_CONTRAST) isEven();
  const ink = plane(bottom - top, right - left),
    share = mapped(unit, (value) => value / unit[peak]);
  for (let row = 0, i = 0; row < ink.height; row++) {
    for (let column = left; column < right; column++, i++)
      ink.data[i] = share[data[(top + row) * width + column]];
  }
  return ink;
}

/** The ink of a picture, 0..1, as {data, height, width}. */
export function toInk(image) {
  const picture = pixelsOf(image),
    drawn = boardInk(picture);
  if (drawn) return drawn;
  const [values, alpha] = luminanceAndAlpha(picture),
    { data, height, width } = values;
  if (alpha) flatten(values, alpha);
  const [low, high] = extremes(data),
    isDark = (ground) => ground > f32(0.5 * f32(low + high));
  if (f32(high - low) < MIN_CONTRAST) isEven();

  const edge = frameOf(height, width),
    frame = new F32(2 * edge * (height + width));
  let count = 0;
  const add = (from, to) => {
    for (let i = from; i < to; i++) frame[count++] = data[i];
  };
  add(0, edge * width);
  add((height - edge) * width, height * width);
  for (let i = 0; i < height * width; i += width) {
    add(i, i + edge);
    add(i + width - edge, i + width);
  }
  const [frameLow, frameHigh] = extremes(frame);
  let ground = frameLow < frameHigh ? median(frame) : frameLow;
  if (isDark(ground)) {
    for (const part of [data, frame]) mapped(part, (value) => f32(1 - value), part);
    ground = f32(1 - ground);
  }
  let even = 0;
  for (const value of frame) even += abs(f32(value - ground)) < f32(1.5 / 255);
  const ink = even < 0.5 * frame.length ? withoutGrain(values) : values;
  if (ink === values) for (let i = 0; i < data.length; i++) data[i] = max(data[i] - ground, 0);
  const peak = extremes(ink.data)[1];
  if (peak < MIN_CONTRAST) fail("The picture has hardly any contrast: there is no ink in it.", EmptyDrawing);
  for (let i = 0; i < ink.data.length; i++) ink.data[i] /= peak;
  return ink;
}

function measure({ data, height, width }) {
  let top = height,
    bottom = 0,
    left = width,
    right = 0,
    total = 0,
    y = 0,
    x = 0;
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      const value = data[i];
      if (value < FAINT) continue;
      total += value;
      y += value * (row + 0.5);
      x += value * (column + 0.5);
      if (value < EDGE) continue;
      top = min(top, row);
      bottom = row + 1;
      left = min(left, column);
      right = max(right, column + 1);
    }
  }
  return { top, bottom, left, right, y: y / total, x: x / total };
}

// --- resampling and filters, as Pillow's ---

const BOX_FILTER = { support: 0.5, at: (x) => Number(x > -0.5 && x <= 0.5) };
const BILINEAR = { support: 1, at: (x) => max(0, 1 - abs(x)) };

// A plane with another number of columns, transposed; or `low`..`high` of it, lying from column `x` on in `inputs` columns.
function resampled({ data, height, width }, outputs, filter, low = 0, high = width, x = 0, inputs = width) {
  const start = f32(low),
    scale = f32(f32(high) - start) / outputs,
    stretch = max(scale, 1),
    result = plane(outputs, height);
  for (let k = 0; k < outputs; k++) {
    const centre = start + (k + 0.5) * scale,
      reach = filter.support * stretch;
    const first = max(0, floor(centre - reach + 0.5)),
      end = min(inputs, floor(centre + reach + 0.5));
    const weights = mapped(
      new F64(max(0, end - first)),
      (_, i) => filter.at((first + i - centre + 0.5) * (1 / stretch)),
      [],
    );
    const total = weights.reduce((a, b) => a + b, 0) || 1,
      from = max(0, x - first),
      to = min(weights.length, width + x - first);
    for (let i = 0; i < weights.length; i++) weights[i] /= total;
    for (let row = 0; row < height; row++) {
      let sum = 0;
      for (let i = from, at = row * width + first - x + from; i < to; i++, at++) sum += data[at] * weights[i];
      result.data[k * height + row] = sum;
    }
  }
  return result;
}
const resample = (values, height, width, filter) =>
  resampled(resampled(values, width, filter), height, filter);

function filtered(values, height, width, ...filters) {
  const small = resample(values, height, width, BOX_FILTER).data;
  let bytes = mapped(small, (value) => rint(f32(min(max(value, 0), 1) * 255)), new U8(small.length));
  for (const filter of filters) bytes = filter(bytes, height, width);
  return plane(
    height,
    width,
    mapped(bytes, (byte) => unit[byte]),
  );
}

const rankFilter = (side, rank) => (bytes, height, width) => {
  const square = new U8(side * side),
    reach = floor(side / 2);
  return mapped(
    bytes,
    (_, place) => {
      const row = floor(place / width) - reach,
        column = (place % width) - reach;
      for (let i = 0, k = 0; i < side; i++) {
        const start = min(max(row + i, 0), height - 1) * width;
        for (let j = 0; j < side; j++, k++) square[k] = bytes[start + min(max(column + j, 0), width - 1)];
      }
      return nth(square, rank);
    },
    new U8(bytes.length),
  );
};

// A Gaussian blur of 13/3 pixels: three box blurs of 7 pixels and a part of two more (Gwosdek et al. 2011), in 8 bits.
function gaussianBlur(bytes, height, width) {
  for (const [count, step] of [...Array(3).fill([width, 1]), ...Array(3).fill([height, width])]) {
    bytes = mapped(
      bytes,
      (_, place) => {
        const index = floor(place / step) % count,
          at = (i) => bytes[place + (min(max(index + i, 0), count - 1) - index) * step];
        let sum = 0;
        for (let i = -3; i <= 3; i++) sum += at(i);
        return floor((sum * 1945505 + (at(-4) + at(4)) * 1579340 + 2 ** 23) / 2 ** 24);
      },
      new U8(bytes.length),
    );
  }
  return bytes;
}

// The ground is estimated by a grey opening (Sternberg 1986) on a small copy.
function withoutGrain(values) {
  const short = min(values.height, values.width),
    factor = max(1, min(max(values.height, values.width) / 1024, short / LIMITS.minSide));
  const height = rint(values.height / factor),
    width = rint(values.width / factor),
    long = max(height, width);
  const fine = filtered(values, height, width, rankFilter(3, 4));

  const shrink = GROUND_SIDE / long;
  const small = filtered(
    fine,
    max(1, rint(height * shrink)),
    max(1, rint(width * shrink)),
    rankFilter(13, 0),
    rankFilter(13, 168),
    gaussianBlur,
  );
  const ground = resample(small, height, width, BILINEAR).data,
    ink = mapped(fine.data, (value, i) => max(value - ground[i], 0));

  const middle = median(ink.slice()),
    grain = f32(f32(1.4826) * median(mapped(ink, (value) => abs(value - middle))));
  const peak = nth(ink.slice(), ink.length - min(INK_PIXELS, floor(ink.length / 4)));
  const cut = max(f32(3 * grain), f32(f32(0.3) * peak)),
    range = f32(f32(f32(0.9) * peak) - cut);
  if (peak < MIN_CONTRAST || cut > f32(f32(0.8) * peak)) {
    fail("Nothing in the picture stands out from its background: there is no ink in it.", EmptyDrawing);
  }
  const clean = plane(
    height,
    width,
    mapped(ink, (value) => min(max(f32(value - cut) / range, 0), 1)),
  );

  const step = max(1, floor(long / 128)),
    tall = max(1, floor(height / step)),
    wide = max(1, floor(width / step));
  const coherent = plane(
    tall,
    wide,
    mapped(filtered(clean, tall, wide).data, (value) => value > f32(0.2)),
  );
  const mask = resample(filtered(coherent, tall, wide, rankFilter(3, 8)), height, width, BILINEAR).data;
  mapped(clean.data, (value, i) => (mask[i] > 0 ? value : 0), clean.data);
  return clean;
}

// --- ink -> what the network is given ---

const INPUT = 28,
  BOX = 20,
  EDGE = f32(0.41),
  FAINT = f32(0.1),
  SOFTNESS = 0.6;

/** Crop, scale and centre ink: Float32Array(784), 0 background .. 1 ink. */
export function normalise(ink) {
  const { top, bottom, left, right, y: massY, x: massX } = measure(ink);
  const pixel = max(bottom - top, right - left) / BOX;
  const half = (INPUT / 2) * pixel;
  const centreY = min(max(massY, bottom - half), top + half);
  const centreX = min(max(massX, right - half), left + half);

  const margin = ceil(half + 2 * pixel) + 1,
    y = margin - floor(centreY),
    x = margin - floor(centreX);
  const boxY = centreY + y,
    boxX = centreX + x,
    narrow = resampled(ink, INPUT, BILINEAR, boxX - half, boxX + half, x, 2 * margin);
  const small = resampled(narrow, INPUT, BILINEAR, boxY - half, boxY + half, y, 2 * margin);
  const sigma = SOFTNESS * min(max((pixel - 1) / 3, 0), 1);
  const soft = blurred(blurred(small.data, sigma), sigma),
    peak = extremes(soft)[1];
  return mapped(soft, (value) => min(max(value / peak, 0), 1));
}

const FAR = 5; // pixels: what lies farther away has no weight in float32
function blurred(values, sigma) {
  // along a row; transposed
  const bell = Array.from({ length: INPUT }, (_, distance) => exp(-0.5 * (distance / max(sigma, 0.05)) ** 2));
  const sum = 2 * bell.reduce((a, b) => a + b, 0) - 1,
    weights = F32.from(bell, (weight) => weight / sum),
    result = new F32(values.length);
  for (let column = 0, to = 0; column < INPUT; column++) {
    for (let row = 0; row < INPUT; row++, to++) {
      let value = 0;
      for (let i = max(0, row - FAR); i < min(INPUT, row + FAR + 1); i++)
        value += weights[abs(row - i)] * values[i * INPUT + column];
      result[to] = value;
    }
  }
  return result;
}

export function preprocess(image) {
  return normalise(toInk(Array.isArray(image) ? plane(SIZE, SIZE, render(parseStrokes(image))) : image));
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

// A layer's maps as float64, (row, column, channel), with zeros around them; so many channels and columns that nothing is left over when
// four and two are taken at a time.
class Maps {
  constructor(name, channels, side) {
    const stride = 2 * ceil(side / 2) + 2,
      depth = 4 * ceil(channels / 4);
    Object.assign(this, { name, channels, side, stride, depth, data: new F64(stride * stride * depth) });
  }

  at(row, column) {
    return ((row + 1) * this.stride + column + 1) * this.depth;
  }

  get plain() {
    // Float32Array, (channel, row, column)
    const { channels, side, data } = this,
      plain = new F32(channels * side * side);
    for (let row = 0, i = 0; row < side; row++) {
      for (let column = 0; column < side; column++, i++) {
        for (
          let channel = 0, at = this.at(row, column), to = i;
          channel < channels;
          channel++, at++, to += side * side
        )
          plain[to] = data[at];
      }
    }
    return plain;
  }
}

// A 3x3 convolution of weights (output, input, 3, 3) times `scale`, with ReLU; a function that runs it.
function convolution(weight, scale, bias, from, to) {
  const kernels = new F64(to.depth * 9 * from.depth),
    biases = new F64(to.depth); // (outputs by four, 3, 3, input, 4)
  biases.set(bias);
  weight.forEach((value, i) => {
    const output = floor(i / 9 / from.channels),
      input = floor(i / 9) % from.channels,
      group = output >> 2;
    kernels[4 * ((9 * group + (i % 9)) * from.depth + input) + (output & 3)] = value * scale[output];
  });
  return () => {
    for (let row = 0; row < to.side; row++) {
      for (let column = 0; column < to.side; column += 2) {
        convolve(from, to, kernels, biases, row, column);
      }
    }
  };
}

// Four outputs by two places at a time stay in the processor's registers.
function convolve({ data, stride, depth }, to, kernels, biases, row, column) {
  const maps = to.data,
    isPair = column + 1 < to.side;
  for (let output = 0, k = 0, at = to.at(row, column); output < to.depth; output += 4, at += 4) {
    let a = biases[output],
      b = biases[output + 1],
      c = biases[output + 2],
      d = biases[output + 3];
    let e = a,
      f = b,
      g = c,
      h = d;
    for (let line = row; line < row + 3; line++) {
      for (let i = (line * stride + column) * depth, end = i + 3 * depth; i < end; i++, k += 4) {
        const p = data[i],
          q = data[i + depth],
          w = kernels[k],
          x = kernels[k + 1],
          y = kernels[k + 2],
          z = kernels[k + 3];
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
    if (!isPair) continue;
    const beside = at + to.depth;
    maps[beside] = max(e, 0);
    maps[beside + 1] = max(f, 0);
    maps[beside + 2] = max(g, 0);
    maps[beside + 3] = max(h, 0);
  }
}

// The parts overlap where they do not divide the map.
function pool(from, to, isMean) {
  const { data, depth } = from,
    parts = Array.from({ length: to.side }, (_, i) => [
      floor((i * from.side) / to.side),
      ceil(((i + 1) * from.side) / to.side),
    ]);
  for (const [row, [top, bottom]] of parts.entries()) {
    for (const [column, [left, right]] of parts.entries()) {
      for (let channel = 0, at = to.at(row, column); channel < depth; channel++, at++) {
        let most = 0,
          sum = 0;
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

const POOLED = 6; // the map that the memory compares: after the second pooling

// Mean and deviation of max(0, x) where x is normal with mean `bias` and deviation |weight|: what batch normalisation makes of a map.
// The normal distribution's cumulative share is approximated by a logistic one.
function rectified(weight, bias) {
  return mapped(
    weight,
    (value, i) => {
      const spread = abs(value) + 1e-3,
        ratio = bias[i] / spread;
      const share = 1 / (1 + exp(-1.702 * ratio)),
        bell = exp(-(ratio ** 2) / 2) / sqrt(2 * Math.PI);
      const mean = bias[i] * share + spread * bell,
        square = (bias[i] ** 2 + spread ** 2) * share + bias[i] * spread * bell;
      return [mean, sqrt(max(square - mean ** 2, 1e-6))];
    },
    [],
  );
}

export class DigitCNN {
  #steps;
  #maps;
  #logits;
  #scale;
  #lessons = [];

  /** From the bytes of config.json (or an object) and of model.safetensors; or a copy of a network that shares its weights. */
  constructor(config, weights, source = "this model") {
    if (config instanceof DigitCNN) {
      this.#steps = config.#steps;
      this.#maps = config.#maps;
      this.#scale = config.#scale;
      this.config = config.config;
      this.dense = config.dense;
      return;
    }
    this.config = readConfig(config, source);
    const tensors = readTensors(weights, this.config, source),
      {
        channels: [a, b, c],
        places,
      } = this.config;
    const shapes = {
      input: [1, 28],
      conv1: [a, 28],
      conv2: [a, 28],
      pool1: [a, 14],
      conv3: [b, 14],
      conv4: [b, 14],
      pool2: [b, 7],
      conv5: [c, 7],
      average: [c, places],
    };
    const maps = (this.#maps = Object.entries(shapes).map(
      ([name, [channels, side]]) => new Maps(name, channels, side),
    ));
    this.dense = { weight: tensors["dense.weight"], bias: tensors["dense.bias"] }; // (10, features), (10)
    const positions = [...POSITIONS];
    this.#steps = maps.slice(1).map((to, i) => {
      if (!to.name.startsWith("conv")) return () => pool(maps[i], to, to.name === "average");
      const position = positions.shift(),
        of = (name) => tensors[`features.${position + 1}.${name}`];
      const scale = mapped(of("weight"), (weight, j) => weight / sqrt(of("running_var")[j] + 1e-5), []);
      const bias = mapped(of("bias"), (value, j) => value - of("running_mean")[j] * scale[j], []);
      return convolution(tensors[`features.${position}.weight`], scale, bias, maps[i], to);
    });
    const last = `features.${POSITIONS[3] + 1}`;
    this.#scale = rectified(tensors[`${last}.weight`], tensors[`${last}.bias`]);
  }

  /** The same, warmed up: pictures are slow until the browser has compiled the loops. */
  static fromFiles(config, weights, source) {
    const net = new DigitCNN(config, weights, source),
      seven = [
        {
          points: [
            [130, 100],
            [310, 100],
            [200, 340],
          ],
        },
      ];
    for (let i = 0; i < 12; i++) net.predict(preprocess(seven));
    net.#logits = undefined;
    return net;
  }

  /** From a URL that ends in a slash, with config.json and model.safetensors; past the cache when the two do not fit together. */
  static async fromPretrained(url) {
    const base = String(url ?? "");
    if (!base.endsWith("/"))
      fail(`A network is loaded from the URL of a folder, which ends in a slash; this one is "${base}".`);
    const load = async (cache) => {
      const config = await download(base, CONFIG, MAX_HEADER, cache),
        shapes = Object.values(shapesOf(readConfig(config, base)));
      const most = shapes.reduce((bytes, shape) => bytes + 4 * sizeOf(shape), MAX_HEADER);
      return DigitCNN.fromFiles(config, await download(base, WEIGHTS, most, cache), base);
    };
    return load("default").catch((error) =>
      error instanceof AlteredWeights ? load("reload") : Promise.reject(error),
    );
  }

  async preprocess(image) {
    return preprocess(image);
  }

  #run(tensor) {
    if (!(tensor instanceof F32) || tensor.length !== INPUT * INPUT)
      fail("predict() takes the Float32Array(784) that preprocess() gives.");
    const [input] = this.#maps;
    tensor.forEach((value, i) => {
      input.data[input.at(floor(i / INPUT), i % INPUT)] = value;
    });
    for (const step of this.#steps) step();
    const features = this.#maps.at(-1).plain;
    this.#logits = this.dense.bias.map((bias, digit) => {
      const weights = this.dense.weight.subarray(digit * features.length);
      return features.reduce((sum, value, i) => sum + value * weights[i], bias);
    });
  }

  #answer(logits) {
    const { temperature, threshold } = this.config,
      best = max(...logits),
      margin = best - logits.reduce((a, b) => a + b) / LABELS.length;
    const powers = logits.map((logit) => exp((logit - best) / temperature)),
      sum = powers.reduce((a, b) => a + b);
    const digit = margin < threshold ? null : LABELS[logits.indexOf(best)];
    return { probabilities: powers.map((power) => power / sum), logits: logits.slice(), margin, digit };
  }

  /** The answer to a tensor. `margin`: best logit over the mean one; under the threshold this is hardly a digit: `digit` is null.
   *  `lesson`: index of the lesson that decided, null when the network's `own` answer stands. */
  predict(tensor) {
    this.#run(tensor);
    const own = this.#answer(this.#logits);
    if (!this.#lessons.length) return { ...own, lesson: null, own };
    const { strength, focus, standing, known, threshold } = this.config,
      seen = this.#remembered(),
      most = new F32(LABELS.length),
      nearest = [];
    for (const [i, { features, label }] of this.#lessons.entries()) {
      let similar = 0;
      for (let k = 0; k < seen.length; k++) similar += features[k] * seen[k];
      if (similar > most[label]) {
        most[label] = similar;
        nearest[label] = i;
      }
    }
    const taught = new Set(this.#lessons.map(({ label }) => Number(label))),
      gain = (digit) =>
        taught.has(digit) ? most[digit] ** focus : own.digit ? standing * own.probabilities[digit] : 0,
      answer = this.#answer(this.#logits.map((logit, digit) => logit + strength * gain(digit)));
    const best = answer.logits.indexOf(max(...answer.logits)),
      margin = most[best] < known ? min(answer.margin, own.margin) : answer.margin + threshold,
      digit = margin < threshold ? null : LABELS[best];
    return { ...answer, margin, digit, lesson: digit === own.digit ? null : nearest[digit], own };
  }

  // What `features` gives, for the last run.
  #remembered() {
    const { plain, side } = this.#maps[POOLED],
      values = plain.map((value, i) => {
        const [mean, deviation] = this.#scale[floor(i / side ** 2)];
        return (value - mean) / deviation;
      });
    const length = sqrt(values.reduce((sum, value) => sum + value * value, 0));
    return values.map((value) => value / length);
  }

  /** What the memory compares drawings by: a Float32Array of length 1. */
  features(tensor) {
    this.#run(tensor);
    return this.#remembered();
  }

  /** A network that also knows `lessons`, [{features, label}, ...], and shares the weights of this one, which is unchanged. */
  withLessons(lessons) {
    const mine = new DigitCNN(this);
    mine.#lessons = [...this.#lessons, ...lessons];
    return mine;
  }

  /** A network that also knows these labelled pictures; this one is unchanged. */
  async adapt(images, labels) {
    if (!Array.isArray(images) || images[0]?.points || images.length !== labels?.length)
      fail("adapt() takes a list of pictures and a list of as many labels.");
    const digits = [...labels].map(String);
    for (const label of digits)
      if (!LABELS.includes(label)) fail(`A label is a digit from 0 to 9; "${label}" is not.`);
    return this.withLessons(
      images.map((image, i) => ({ features: this.features(preprocess(image)), label: digits[i] })),
    );
  }

  /** A Float32Array(10), calibrated, for each picture of a list. */
  async probabilities(images) {
    if (!Array.isArray(images) || images[0]?.points)
      fail("probabilities() takes a list of pictures; put a single one into a list.");
    return images.map((image) => this.predict(preprocess(image)).probabilities);
  }

  /** [{label, confidence}, ...], the `topK` (1..10) most probable. */
  async classify(image, topK = 3) {
    ranked([], topK);
    return ranked(this.predict(preprocess(image)).probabilities, topK);
  }

  /** [{name, channels, height, width, data}, ...] from input to logits, for a picture or for the last one. */
  async activations(image) {
    if (image !== undefined) this.predict(preprocess(image));
    const data =
      this.#logits?.slice() ?? fail("activations() takes a picture, or comes after one was classified.");
    const layers = this.#maps.map((maps) => ({
      name: maps.name,
      channels: maps.channels,
      height: maps.side,
      width: maps.side,
      data: maps.plain,
    }));
    return [...layers, { name: "logits", channels: LABELS.length, height: 1, width: 1, data }];
  }
}

// --- files ---

const CONFIG = "config.json",
  WEIGHTS = "model.safetensors",
  FORMAT = 3;
const MAX_HEADER = 64 * 1024; // bytes of config.json, or of the header of model.safetensors
const POSITIONS = [0, 3, 7, 10, 14]; // of the convolutions in PyTorch's list; next in it is each one's normalisation
const COUNTER = "num_batches_tracked";

async function download(base, name, most, cache) {
  const broken = () => fail(`${name} cannot be fetched from ${base}: check the network and try again.`);
  const response = await fetch(base + name, { cache }).catch(broken);
  if (response.status === 404)
    fail(`There is no ${name} in ${base}; a model folder has ${CONFIG} and ${WEIGHTS}.`);
  if (!response.ok) fail(`${base} could not send ${name} (status ${response.status}): try again later.`);
  const reader = response.body.getReader(),
    bytes = new U8(most);
  for (let size = 0; ; ) {
    const { done, value } = await reader.read().catch(broken);
    if (done) return bytes.slice(0, size);
    if (size + value.length > most)
      fail(`The ${name} of ${base} is larger than it can be (${most} bytes): it is another file.`);
    bytes.set(value, size);
    size += value.length;
  }
}

function readConfig(config, source) {
  const refuse = (reason) =>
    fail(`The ${CONFIG} of ${source} is not the configuration of this network (${reason}).`);
  let raw = config;
  if (config instanceof ArrayBuffer || ArrayBuffer.isView(config)) {
    try {
      raw = JSON.parse(new TextDecoder().decode(config));
    } catch (error) {
      refuse(error.message);
    }
  }
  if (raw?.format === undefined) refuse("it has no format");
  if (raw.format !== FORMAT) {
    fail(
      `The ${CONFIG} of ${source} is of format ${raw.format}; this digit.js reads ${FORMAT}. Take the digit.js beside it.`,
    );
  }
  const {
    channels,
    places,
    dropout,
    temperature,
    threshold,
    strength,
    focus,
    standing,
    known,
    sha256,
    format,
    ...more
  } = raw;
  const isIn = (value, low, high) => typeof value === "number" && value >= low && value <= high;
  const isWhole = (value, high) => Number.isInteger(value) && isIn(value, 1, high);
  const expect = (isGood, reason) => isGood || refuse(`${reason} expected`);
  expect(!Object.keys(more).length, `it has ${Object.keys(more).join(", ")}, which is not`);
  expect(
    Array.isArray(channels) && channels.length === 3 && channels.every((c) => isWhole(c, 1024)),
    "three channels of 1 to 1024 are",
  );
  expect(isWhole(places, 7), "1 to 7 places are");
  expect(isIn(dropout, 0, 1), "a dropout of 0 to 1 is");
  expect(
    isIn(temperature, 0.01, 100) && isIn(threshold, 0, 1000),
    "a temperature of 0.01 to 100 and a threshold of 0 to 1000 are",
  );
  expect(
    isIn(strength, 0, 1000) && isIn(focus, 1, 100),
    "a strength of 0 to 1000 and a focus of 1 to 100 are",
  );
  expect(isIn(standing, 0, 1) && isIn(known, 0, 1), "standing and known of 0 to 1 are");
  expect(typeof sha256 === "string", "the SHA-256 of the weights is");
  return raw;
}

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

function shapesOf({ channels: [a, b, c], places }) {
  const shapes = { "dense.weight": [LABELS.length, c * places ** 2], "dense.bias": [LABELS.length] };
  for (const [i, [inputs, outputs]] of [
    [1, a],
    [a, a],
    [a, b],
    [b, b],
    [b, c],
  ].entries()) {
    shapes[`features.${POSITIONS[i]}.weight`] = [outputs, inputs, 3, 3];
    for (const name of ["weight", "bias", "running_mean", "running_var"])
      shapes[`features.${POSITIONS[i] + 1}.${name}`] = [outputs];
    shapes[`features.${POSITIONS[i] + 1}.${COUNTER}`] = [];
  }
  return shapes;
}

function readTensors(file, config, source) {
  const bytes = ArrayBuffer.isView(file)
    ? new U8(file.buffer, file.byteOffset, file.byteLength)
    : new U8(file);
  const refuse = (reason) =>
    fail(
      `The ${WEIGHTS} of ${source} does not hold the tensors of the network in ${CONFIG} (${reason}). Take both files from the same place.`,
    );
  if (sha256(bytes) !== config.sha256) {
    fail(
      `The ${WEIGHTS} of ${source} is not the file that ${CONFIG} was written for: its SHA-256 differs. ` +
        "It was cut short or changed; take both files from where they were published.",
      AlteredWeights,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    length = bytes.length < 8 ? NaN : Number(view.getBigUint64(0, true));
  if (!(length <= bytes.length - 8)) refuse("it was cut short");
  const start = 8 + length,
    shapes = shapesOf(config),
    tensors = {};
  let header;
  try {
    header = { ...JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) };
  } catch {
    refuse("its header is not JSON");
  }
  delete header.__metadata__;
  for (const name in { ...shapes, ...header }) {
    const { dtype, shape, data_offsets: [from, to] = [] } = header[name] ?? refuse(`${name} is missing`);
    const expected = shapes[name] ?? refuse(`${name} is unexpected`),
      [type, width] = name.endsWith(COUNTER) ? ["I64", 8] : ["F32", 4];
    if (dtype !== type || String(shape) !== String(expected))
      refuse(`${name} is ${dtype} [${shape}] instead of ${type} [${expected}]`);
    if (!(from >= 0 && start + to <= bytes.length && to - from === width * sizeOf(expected)))
      refuse(`${name} lies outside the file`);
    if (width === 8) continue;
    tensors[name] = new F32(bytes.slice(start + from, start + to).buffer);
    const least = name.endsWith("running_var") ? 0 : -Infinity;
    if (!tensors[name].every((value) => Number.isFinite(value) && value >= least))
      refuse(`${name} has impossible numbers`);
  }
  return tensors;
}

/** SHA-256 (FIPS 180-4) in hexadecimal. The browser's own is missing without HTTPS, as on a local network. */
export function sha256(bytes) {
  const primes = [],
    turn = (x, by) => (x >>> by) | (x << (32 - by)),
    fraction = (x) => (x % 1) * 2 ** 32;
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  const K = Uint32Array.from(primes, (n) => fraction(Math.cbrt(n))),
    state = Uint32Array.from(primes.slice(0, 8), (n) => fraction(sqrt(n)));
  const padded = new U8(64 * ceil((bytes.length + 9) / 64)),
    view = new DataView(padded.buffer),
    w = new Int32Array(64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setBigUint64(padded.length - 8, 8n * BigInt(bytes.length));
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15],
        y = w[i - 2];
      w[i] =
        w[i - 16] +
        w[i - 7] +
        (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) +
        (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const x = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const y = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + x) | 0;
      d = c;
      c = b;
      b = a;
      a = (x + y) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => {
      state[i] += value;
    });
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}
