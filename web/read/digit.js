// The digit classifier in the browser: strokes or a picture -> ink -> normalised 28x28 -> probabilities.
//
//   import { DigitCNN } from "./digit.js";
//   const net = await DigitCNN.fromPretrained("weights/");  // a URL that ends in a slash
//   await net.classify(image, 3);                           // [{ label: "2", confidence: 0.981 }, ...]
//
// `image` is what drawImage takes, an ImageData, a Blob or File, or a list of strokes in board units.
// board.py and model.py are the definition, and say why; this is their twin, step by step under the same
// names, and a test compares the two. numpy and Pillow compute in float32, hence `f32`: a drawn board is
// the same to the bit.

const { fround: f32, abs, ceil, exp, floor, max, min, sqrt } = Math;
const F32 = Float32Array,
  F64 = Float64Array,
  U8 = Uint8Array;
export const rint = (value) => value + 6755399441055744 - 6755399441055744; // halves to the even number

/** There is no ink in the picture. */
export class EmptyDrawing extends Error {
  name = "EmptyDrawing";
}

/** Digits stand side by side in the picture. */
export class SeveralDigits extends Error {
  name = "SeveralDigits";
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
  maxPixels: 64 * 2 ** 20,
});

/** [{points: [[x, y], ...], radius}, ...], checked, with flat points: x, y, x, y, ... */
export function parseStrokes(payload) {
  const { maxStrokes, maxPoints, maxLength, far, minRadius, maxRadius, defaultRadius } = LIMITS;
  if (!Array.isArray(payload)) fail("A drawing must be a list of strokes.");
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

const REDUCED = 2048; // pixels: a picture with a longer side is reduced to at most so many

// A picture of any kind as a plane of one byte (grey) or four (RGBA) a pixel.
async function opened(image) {
  if (Array.isArray(image)) return plane(SIZE, SIZE, render(parseStrokes(image)));
  const no = (reason) =>
    fail(
      `This is not a picture (${reason}): expected what drawImage takes, an ImageData, a Blob or File, ` +
        "or a list of strokes {points, radius}.",
    );
  const onlyBrowsers = (global) =>
    global in globalThis || no("only a browser can decode it; here, give an ImageData of bytes, or strokes");
  const isBlob = Object.prototype.toString.call(image).match(/Blob|File/);
  if (isBlob) onlyBrowsers("createImageBitmap");
  const source = isBlob ? await createImageBitmap(image).catch(() => no("it cannot be decoded")) : image;
  await source?.decode?.()?.catch?.(() => no("it cannot be loaded"));
  const one = (...names) => names.map((name) => source?.[name]).find(Number.isFinite);
  const height = one("naturalHeight", "videoHeight", "displayHeight", "height"),
    width = one("naturalWidth", "videoWidth", "displayWidth", "width");
  if (!height || !width)
    no(`it is ${source === null ? "null" : (source?.constructor?.name ?? typeof source)}`);
  if (min(height, width) < LIMITS.minSide || height * width > LIMITS.maxPixels) {
    fail(
      `The picture is ${width}x${height} pixels; it must have at least ${LIMITS.minSide} a side ` +
        `and at most ${LIMITS.maxPixels / 2 ** 20} megapixels.`,
    );
  }
  const { data } = source;
  if (data?.BYTES_PER_ELEMENT === 1 && [1, 4].includes(data.length / (height * width))) return source;
  onlyBrowsers("OffscreenCanvas");
  const step = stepOf(height, width),
    canvas = new OffscreenCanvas(ceil(width / step), ceil(height / step)),
    context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  try {
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  } catch (error) {
    return no(error.name === "SecurityError" ? "another site does not let it be read" : "it cannot be drawn");
  }
}

const stepOf = (height, width) =>
  min(ceil(max(height, width) / REDUCED), floor(min(height, width) / LIMITS.minSide));

// Luminance 0..1; colours of one luminance are told apart in the channel where they differ most.
function luminance({ data, height, width }) {
  const count = height * width,
    depth = data.length / count,
    step = stepOf(height, width);
  const channel = (k) => {
    const values = plane(height, width);
    for (let i = 0, at = k; i < count; i++, at += depth) values.data[i] = unit[data[at]];
    return step > 1 ? resample(values, ceil(height / step), ceil(width / step), BOX_FILTER) : values;
  };
  const colours = [0, 1, 2].slice(0, depth).map(channel);
  if (depth === 1) return colours[0];
  const [red, green, blue] = colours.map((colour) => colour.data),
    values = plane(colours[0].height, colours[0].width);
  for (let i = 0; i < red.length; i++) values.data[i] = 0.299 * red[i] + 0.587 * green[i] + 0.114 * blue[i];
  const alpha = channel(3).data;
  if (extremes(alpha)[0] < 1) return flatten(values, alpha);
  const spreads = [values, ...colours].map(spread),
    most = max(...spreads);
  return most > 3 * spreads[0] ? colours[spreads.lastIndexOf(most) - 1] : values;
}

// The standard deviation of every fourth pixel of every fourth row.
function spread({ data, height, width }) {
  let [count, sum, squares] = [0, 0, 0];
  for (let row = 0; row < height; row += 4) {
    for (let i = row * width; i < (row + 1) * width; i += 4) {
      count++;
      sum += data[i];
      squares += data[i] ** 2;
    }
  }
  return sqrt(max(squares / count - (sum / count) ** 2, 0));
}

function flatten(values, alpha) {
  const { data, height, width } = values,
    opaque = data.filter((_, i) => alpha[i] > 0.5);
  if (opaque.length) {
    const middle = quantile(opaque, 0.5),
      contrast = quantile(opaque, 0.98) - quantile(opaque, 0.02);
    // Otherwise it is a photograph with cut corners.
    const isDrawn = contrast < 0.25 || opaque.length < 0.5 * alpha.length;
    const ground = isDrawn ? Number(middle < 0.5) : f32(middle);
    mapped(data, (value, i) => f32(value * alpha[i]) + f32(ground * f32(1 - alpha[i])), data);
  } else if (extremes(alpha)[1] < MIN_CONTRAST) {
    fail("The picture is transparent: there is no ink in it.", EmptyDrawing);
  }
  const [low, high] = extremes(data);
  return opaque.length && f32(high - low) >= MIN_CONTRAST ? values : plane(height, width, alpha);
}

const MIN_CONTRAST = f32(0.06),
  INK_PIXELS = 50,
  GROUND_SIDE = 64,
  WINDOW = 13,
  GRAIN_SIDE = 512;

const isEven = () => fail("The picture is one even colour: there is no ink in it.", EmptyDrawing);
const frameOf = (height, width) => max(1, floor(min(height, width) / 16)); // its breadth

// The ink of a plane of luminance, 0..1.
function toInk(values) {
  const { data, height, width } = plane(values.height, values.width, values.data.slice());
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
    for (const part of [data, frame]) for (let i = 0; i < part.length; i++) part[i] = 1 - part[i];
    ground = f32(1 - ground);
  }
  let even = 0;
  for (const value of frame) even += abs(f32(value - ground)) < f32(1.5 / 255);
  const isEvenGround = even >= 0.5 * frame.length,
    ink = isEvenGround ? plane(height, width, data) : withoutGrain(plane(height, width, data));
  if (isEvenGround) for (let i = 0; i < data.length; i++) data[i] = max(data[i] - ground, 0);
  const peak = extremes(ink.data)[1];
  if (peak < MIN_CONTRAST) fail("The picture has hardly any contrast: there is no ink in it.", EmptyDrawing);
  for (let i = 0; i < ink.data.length; i++) ink.data[i] /= peak;
  return ink;
}

// As toInk, of a board, which is mostly black; null for another picture. Without the empty ground round the ink,
// if the frame is empty, too: that changes no answer and saves time.
function boardInk(values) {
  const { data, height, width } = values,
    edge = frameOf(SIZE, SIZE);
  if (height !== SIZE || width !== SIZE) return null;
  let top = SIZE,
    bottom = 0,
    left = SIZE,
    right = 0,
    peak = 0,
    count = 0;
  for (let row = 0, i = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++, i++) {
      const value = data[i];
      if (!value) continue;
      count += 1;
      if (value > peak) peak = value;
      if (row < top) top = row;
      bottom = row + 1;
      if (column < left) left = column;
      if (column >= right) right = column + 1;
    }
  }
  if (2 * count >= data.length) return null;
  if (!count || min(top, left) < edge || max(bottom, right) > SIZE - edge) return toInk(values);
  if (peak < MIN_CONTRAST) isEven();
  const ink = plane(bottom - top, right - left);
  for (let row = 0, i = 0; row < ink.height; row++) {
    for (let at = (top + row) * SIZE + left, end = at + ink.width; at < end; at++, i++)
      ink.data[i] = data[at] / peak;
  }
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

// A plane with another number of columns, transposed; or `low`..`high` of it, lying from column `x` on in
// `inputs` columns.
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
  const { data } = resample(values, height, width, BOX_FILTER);
  let bytes = new U8(data.length);
  for (let i = 0; i < data.length; i++) bytes[i] = rint(f32(min(max(data[i], 0), 1) * 255));
  for (const filter of filters) bytes = filter(bytes, height, width);
  for (let i = 0; i < data.length; i++) data[i] = unit[bytes[i]];
  return plane(height, width, data);
}

// The largest byte in a square window of `side` round each.
const grown = (side) => (bytes, height, width) => {
  for (const [step, count, lines, stride] of [
    [1, width, height, width],
    [width, height, width, 1],
  ]) {
    const from = bytes,
      reach = floor(side / 2);
    bytes = new U8(from.length);
    for (let line = 0; line < lines; line++) {
      for (let index = 0; index < count; index++) {
        const at = line * stride + index * step,
          last = at + min(reach, count - 1 - index) * step;
        let most = 0;
        for (let i = at - min(reach, index) * step; i <= last; i += step) if (from[i] > most) most = from[i];
        bytes[at] = most;
      }
    }
  }
  return bytes;
};
const inverted = (bytes) => bytes.map((byte) => 255 - byte);
const shrunk = (side) => (bytes, height, width) => inverted(grown(side)(inverted(bytes), height, width));

const middle = (a, b, c) => max(min(a, b), min(max(a, b), c));

// The median of the 3x3 bytes round each, after their columns were sorted (Smith 1996).
function medianOfNine(bytes, height, width) {
  const [low, mid, high, result] = [0, 1, 2, 3].map(() => new U8(bytes.length));
  for (let row = 0, i = 0; row < height; row++) {
    const above = row ? width : 0,
      below = row < height - 1 ? width : 0;
    for (const end = i + width; i < end; i++) {
      const a = bytes[i - above],
        b = bytes[i],
        c = bytes[i + below];
      low[i] = min(a, b, c);
      mid[i] = middle(a, b, c);
      high[i] = max(a, b, c);
    }
  }
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      const a = column ? i - 1 : i,
        c = column < width - 1 ? i + 1 : i;
      const least = max(low[a], low[i], low[c]),
        most = min(high[a], high[i], high[c]);
      result[i] = middle(least, middle(mid[a], mid[i], mid[c]), most);
    }
  }
  return result;
}

// A Gaussian blur of 13/3 pixels: three box blurs of 7 pixels and a part of two more (Gwosdek et al. 2011),
// in 8 bits.
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
    factor = max(1, min(max(values.height, values.width) / GRAIN_SIDE, short / LIMITS.minSide));
  const height = rint(values.height / factor),
    width = rint(values.width / factor),
    long = max(height, width);
  const fine = filtered(values, height, width, medianOfNine);

  const shrink = GROUND_SIDE / long;
  const small = filtered(
    fine,
    max(1, rint(height * shrink)),
    max(1, rint(width * shrink)),
    shrunk(WINDOW),
    grown(WINDOW),
    gaussianBlur,
  );
  const ground = resample(small, height, width, BILINEAR).data,
    ink = fine.data;
  for (let i = 0; i < ink.length; i++) ink[i] = max(ink[i] - ground[i], 0);

  const centre = median(ink.slice()),
    apart = ink.slice();
  for (let i = 0; i < ink.length; i++) apart[i] = abs(ink[i] - centre);
  const grain = f32(f32(1.4826) * median(apart));
  const peak = nth(ink.slice(), ink.length - min(INK_PIXELS, floor(ink.length / 4)));
  const cut = max(f32(3 * grain), f32(f32(0.3) * peak)),
    range = f32(f32(f32(0.9) * peak) - cut);
  if (peak < MIN_CONTRAST || cut > f32(f32(0.8) * peak)) {
    fail("Nothing in the picture stands out from its background: there is no ink in it.", EmptyDrawing);
  }
  for (let i = 0; i < ink.length; i++) ink[i] = min(max(f32(ink[i] - cut) / range, 0), 1);

  const step = max(1, floor(long / 128)),
    tall = max(1, floor(height / step)),
    wide = max(1, floor(width / step));
  const coherent = plane(
    tall,
    wide,
    filtered(fine, tall, wide).data.map((value) => value > f32(0.2)),
  );
  const mask = resample(filtered(coherent, tall, wide, grown(3)), height, width, BILINEAR).data;
  for (let i = 0; i < ink.length; i++) if (!(mask[i] > 0)) ink[i] = 0;
  return fine;
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

// --- finding the digit in a picture (model.py) ---

const SMALL = 32,
  MASK_SIDE = 256,
  CROSSING = 0.6,
  SHEET = 0.05,
  SLANTS = [-0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4],
  TALL = 0.5,
  WIDE = 0.08,
  FIRM = 1;

function transposed({ data, height, width }) {
  const turned = new data.constructor(data.length);
  for (let row = 0, i = 0; row < height; row++)
    for (let column = 0; column < width; column++, i++) turned[column * height + row] = data[i];
  return plane(width, height, turned);
}

// Call each(i, j) for the pixels of a box: i counts them, j is the index in `data` of the block that each
// lies in.
function eachIn({ width }, step, [top, bottom, left, right], each) {
  for (let row = top, i = 0; row < bottom; row++) {
    const start = floor(row / step) * width;
    for (let column = left; column < right; column++, i++) each(i, start + floor(column / step), row, column);
  }
}

/* The connected parts of a mask: labels (0 outside, 1..n in the order in which rows meet them), boxes
   [top, bottom, left, right], sizes, and which have a pixel in the mask `edge`. */
function partsOf({ data, height, width }, edge) {
  const labels = new Int32Array(data.length),
    parents = [];
  const root = (label) => {
    while (parents[label] !== label) label = parents[label] = parents[parents[label]];
    return label;
  };
  // The label of a pixel that touches the pixel `at`, and may have a label already.
  const joined = (label, at) => {
    const other = root(labels[at]);
    if (label < 0) return other;
    const low = min(label, other);
    parents[label] = low;
    parents[other] = low;
    return low;
  };
  for (let i = 0; i < data.length; i++) {
    if (!data[i]) continue;
    const column = i % width;
    let label = -1;
    if (column && data[i - 1]) label = joined(label, i - 1);
    if (i >= width) {
      if (column && data[i - width - 1]) label = joined(label, i - width - 1);
      if (data[i - width]) label = joined(label, i - width);
      if (column < width - 1 && data[i - width + 1]) label = joined(label, i - width + 1);
    }
    if (label < 0) label = parents.push(parents.length) - 1;
    labels[i] = label;
  }
  const names = new Map(),
    boxes = [],
    sizes = [],
    touching = [];
  for (let i = 0; i < data.length; i++) {
    if (!data[i]) continue;
    const label = root(labels[i]),
      row = floor(i / width),
      column = i % width;
    if (!names.has(label)) {
      names.set(label, names.size);
      boxes.push([row, row + 1, column, column + 1]);
      sizes.push(0);
      touching.push(false);
    }
    const name = names.get(label),
      box = boxes[name];
    box[1] = row + 1;
    box[2] = min(box[2], column);
    box[3] = max(box[3], column + 1);
    sizes[name]++;
    touching[name] ||= Boolean(edge?.[i]);
    labels[i] = name + 1;
  }
  return { labels, boxes, sizes, touching, height, width };
}

function borderOf({ height, width }) {
  const border = new U8(height * width).fill(1);
  for (let row = 1; row < height - 1; row++) border.fill(0, row * width + 1, (row + 1) * width - 1);
  return border;
}

// Where ink is, and the edge of the picture or sheet, in blocks of `step` pixels a side.
function masked(ink, filled) {
  const step = ceil(max(ink.height, ink.width) / MASK_SIDE),
    mask = plane(ceil(ink.height / step), ceil(ink.width / step)),
    edge = borderOf(mask);
  for (let row = 0, i = 0; row < ink.height; row++) {
    const start = floor(row / step) * mask.width;
    for (let column = 0; column < ink.width; column++, i++) {
      const at = start + floor(column / step);
      if (ink.data[i] >= EDGE) mask.data[at] = 1;
      if (filled?.[i]) edge[at] = 1;
    }
  }
  return { mask, edge, step };
}

// Nearly level lines across a mask, without the ink that crosses them: the sharpest projection (Postl 1986).
function linesOf({ data, height, width }) {
  const [places, tops, starts] = [[], [], []],
    lengths = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    if (!data[i]) continue;
    places.push(i);
    tops.push(floor(i / width));
    starts.push(i % width);
    if (i >= width && data[i - width]) lengths[i] = lengths[i - width];
    else for (let j = i; data[j]; j += width) lengths[i]++;
  }
  let [rows, profile, sharpest] = [[], [], -1];
  for (let k = 0; k < 33; k++) {
    const turned = new Int32Array(places.length),
      counts = new F64(height + 2 * width + 1),
      slope = -0.1 + (k * 0.2) / 32;
    let sharp = 0;
    for (let j = 0; j < places.length; j++) {
      turned[j] = rint(tops[j] + slope * (starts[j] - width / 2)) + width;
      sharp += 2 * counts[turned[j]]++ + 1;
    }
    if (sharp > sharpest) [rows, profile, sharpest] = [turned, counts, sharp];
  }
  const lines = new U8(data.length),
    isLine = (row) => profile[row] >= CROSSING * width,
    on = places.filter((_, k) => isLine(rows[k]));
  if (!on.length) return lines;
  const thick =
    1.5 *
      quantile(
        F64.from(on, (i) => lengths[i]),
        0.5,
      ) +
    1;
  for (const [k, i] of places.entries())
    if (lengths[i] <= thick && [-1, 0, 1].some((by) => isLine(rows[k] + by))) lines[i] = 1;
  return lines;
}

// Large patches of one brightness (Otsu 1979) and what they enclose: [plane, mask of what was filled up].
function sheets(picture) {
  const shrink = max(1, max(picture.height, picture.width) / GRAIN_SIDE),
    height = rint(picture.height / shrink),
    width = rint(picture.width / shrink),
    values = resample(picture, height, width, BOX_FILTER);
  const small = plane(ceil(height / 4), ceil(width / 4));
  const pixels = new U8(small.data.length);
  eachIn(small, 4, [0, height, 0, width], (i, at) => {
    small.data[at] += values.data[i];
    pixels[at]++;
  });
  for (let i = 0; i < pixels.length; i++) small.data[i] /= pixels[i];
  const [low, high] = extremes(small.data),
    bins = 64,
    counts = new F64(bins),
    level = (bin) => low + ((high - low) * bin) / bins;
  if (high - low < 1e-3) return [];
  for (const value of small.data) counts[min(floor(((value - low) / (high - low)) * bins), bins - 1)]++;
  const mean = small.data.reduce((a, b) => a + b, 0) / small.data.length;
  let [below, sum, most, threshold] = [0, 0, -1, low];
  for (let bin = 0; bin < bins - 1; bin++) {
    below += counts[bin];
    sum += (counts[bin] * (level(bin) + level(bin + 1))) / 2;
    const between = (sum - mean * below) ** 2 / max(below * (small.data.length - below), 1);
    if (between > most) [most, threshold] = [between, level(bin + 1)];
  }
  const found = [];
  for (const isBright of [true, false]) {
    const mask = { ...small, data: U8.from(small.data, (value) => value > threshold === isBright) },
      { labels, boxes, sizes } = partsOf(mask);
    const order = [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a]).slice(0, 3);
    for (const name of order) {
      const [top, bottom, left, right] = boxes[name].map((side) => 4 * side);
      if (min(bottom - top, right - left) < max(LIMITS.minSide, max(height, width) / 6)) continue;
      if (sizes[name] < SHEET * mask.data.length) continue;
      const rest = { ...small, data: U8.from(labels, (label) => label !== name + 1) },
        others = partsOf(rest, borderOf(rest)),
        outside = {
          ...small,
          data: U8.from(others.labels, (label) => label && others.touching[label - 1]),
        };
      if (!outside.data.includes(1)) continue;
      const box = [top, min(bottom, height), left, min(right, width)],
        cut = plane(box[1] - top, box[3] - left),
        filled = new U8(cut.data.length),
        ground = median(small.data.filter((_, i) => labels[i] === name + 1));
      eachIn(small, 4, box, (i, at, row, column) => {
        filled[i] = outside.data[at];
        cut.data[i] = filled[i] ? ground : values.data[row * width + column];
      });
      found.push([cut, grown(9)(filled, cut.height, cut.width)]);
    }
  }
  return found;
}

// What may be a digit in ink: [handicap in logits, ink, the same with all that is beside it].
function candidates(ink, filled) {
  const { mask, edge, step } = masked(ink, filled),
    level = linesOf(mask),
    upright = transposed({ ...transposed(mask), data: linesOf(transposed(mask)) }).data,
    found = [];
  const bare = { ...mask, data: mask.data.map((value, i) => value && !level[i] && !upright[i]) };
  for (const left of level.includes(1) || upright.includes(1) ? [mask, bare] : [mask]) {
    const parts = partsOf(left, edge),
      inner = parts.touching.map((isTouching) => !isTouching);
    if (!inner.includes(true)) continue;
    const beside = only(ink, parts, inner, step);
    found.push([0.3, beside, beside]);
    const sizes = parts.sizes.map((size, i) => size * inner[i]),
      [top, bottom, start, end] = parts.boxes[sizes.indexOf(max(...sizes))];
    for (const [handicap, near] of [
      [0.5, floor(max(bottom - top, end - start) / 4)],
      [1, 0],
    ]) {
      const close = parts.boxes.map(
        ([a, b, c, d], i) =>
          inner[i] && a < bottom + near && b > top - near && c < end + near && d > start - near,
      );
      if (String(close) !== String(inner)) found.push([handicap, only(ink, parts, close, step), beside]);
    }
  }
  return found;
}

// The ink of some parts with what is faint round them, cut to it.
function only(ink, { labels, height, width }, some, step) {
  const chosen = new U8(labels.length);
  for (let i = 0; i < labels.length; i++) chosen[i] = labels[i] && some[labels[i] - 1];
  const keep = grown(3)(chosen, height, width);
  for (let i = 0; i < labels.length; i++) if (labels[i] && !chosen[i]) keep[i] = 0;
  const kept = plane(height, width, keep),
    across = transposed(kept);
  const box = [kept, across].flatMap(({ data, width }, i) =>
    [data.indexOf(1), data.lastIndexOf(1) + width].map((place) =>
      min(floor(place / width) * step, i ? ink.width : ink.height),
    ),
  );
  const cut = plane(box[1] - box[0], box[3] - box[2]);
  eachIn(kept, step, box, (i, at, row, column) => {
    if (keep[at]) cut.data[i] = ink.data[row * ink.width + column];
  });
  return cut;
}

// Two groups of ink side by side: the gap between them over their height, and their inks; [0, []] for one.
function sideBySide(ink) {
  const { mask, step } = masked(ink),
    parts = partsOf(mask),
    heights = parts.boxes.map(([top, bottom]) => bottom - top),
    tallest = max(...heights),
    isTall = heights.map((height) => height >= TALL * tallest);
  let gap = 0,
    best = null;
  for (const slant of isTall.filter(Boolean).length > 1 ? SLANTS : []) {
    const start = heights.map(() => Infinity),
      end = heights.map(() => -Infinity);
    for (let i = 0; i < parts.labels.length; i++) {
      const name = parts.labels[i] - 1;
      if (name < 0) continue;
      const x = (i % mask.width) + slant * floor(i / mask.width);
      start[name] = min(start[name], x);
      end[name] = max(end[name], x);
    }
    for (const edge of start) {
      const left = end.map((value) => value < edge);
      if (!left.includes(true) || !left.every((isLeft, i) => isLeft || start[i] >= edge)) continue;
      const wide = (edge - max(...end.filter((_, i) => left[i])) - 1) / tallest;
      const areTall = [true, false].every((side) => isTall.some((tall, i) => tall && left[i] === side));
      if (wide > gap && areTall) [gap, best] = [wide, left];
    }
  }
  if (!best) return [0, []];
  return [gap, [best, best.map((isLeft) => !isLeft)].map((side) => only(ink, parts, side, step))];
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

// A layer's maps as float64, (row, column, channel), with zeros around them; so many channels and columns
// that nothing is left over when
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

// Mean and deviation of max(0, x) where x is normal with mean `bias` and deviation |weight|: what batch
// normalisation makes of a map.
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

// A function of its own, so that the browser compiles it.
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export class DigitCNN {
  #steps;
  #maps;
  #logits;
  #scale;
  #lessons = [];

  /** From the bytes of config.json (or an object) and of model.safetensors; or a copy of a network that
   *  shares its weights. */
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
    for (let i = 0; i < 12; i++)
      net.predict(normalise(toInk(luminance(plane(SIZE, SIZE, render(parseStrokes(seven)))))));
    net.#logits = undefined;
    return net;
  }

  /** From a URL that ends in a slash, with config.json and model.safetensors; past the cache when the two do
   *  not fit together. */
  static async fromPretrained(url) {
    const base = String(url ?? "");
    if (!base.endsWith("/"))
      fail(`A network is loaded from the URL of a folder, which ends in a slash; this one is "${base}".`);
    const load = async (cache) => {
      const config = await download(base, CONFIG, MAX_HEADER, cache),
        read = readConfig(config, base),
        most = Object.values(shapesOf(read)).reduce((bytes, shape) => bytes + 4 * sizeOf(shape), MAX_HEADER),
        weights = await download(base, WEIGHTS, most, cache);
      // Browsers do not hash without HTTPS, as on a local network.
      const hash = await globalThis.crypto?.subtle?.digest("SHA-256", weights);
      const text = hash && Array.from(new U8(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
      if (text && text !== read.sha256) {
        fail(
          `The ${WEIGHTS} of ${base} is not the file that ${CONFIG} was written for: its SHA-256 differs. ` +
            "It was cut short or changed; take both files from where they were published.",
          AlteredWeights,
        );
      }
      return DigitCNN.fromFiles(config, weights, base);
    };
    return load("default").catch((error) =>
      error instanceof AlteredWeights ? load("reload") : Promise.reject(error),
    );
  }

  /** What the network is given for a picture, Float32Array(784); the twin of `preprocess` in model.py. */
  async preprocess(image) {
    const picture = await opened(image),
      { height, width } = picture,
      isSmall = max(height, width) <= SMALL || !this.config.threshold,
      values = luminance(picture),
      drawn = isSmall ? toInk(values) : boardInk(values);
    const [ink, beside] = drawn ? [drawn, drawn] : this.#find(values);
    if (!isSmall && this.#areSeveral(ink, beside))
      fail("There is more than one digit in the picture; crop it to one.", SeveralDigits);
    return normalise(ink);
  }

  #areSeveral(ink, beside) {
    const [gap, groups] = sideBySide(beside);
    if (!groups.length) return false;
    return (
      (gap > WIDE && ink === beside) || groups.every((group) => this.#margin(group) >= this.config.threshold)
    );
  }

  // The ink of the digit in a plane of luminance, and that with all that may belong to it.
  #find(values) {
    const ink = toInk(values),
      { mask, edge } = masked(ink),
      { boxes, touching } = partsOf(mask, edge),
      isTouching = touching.includes(true),
      margin = this.#margin(ink) - this.config.threshold;
    if (!isTouching && margin >= FIRM) return [ink, ink];
    const heights = boxes.map(([top, bottom], i) => !touching[i] && bottom - top),
      isCluttered = isTouching && max(...heights) >= max(mask.height, mask.width) / 8,
      tried = candidates(ink);
    if (margin >= 0 || touching.includes(false)) tried.unshift([isCluttered ? 3 : 0, ink, ink]);
    for (const [sheet, filled] of sheets(values)) {
      try {
        tried.push(...candidates(toInk(sheet), filled));
      } catch (error) {
        if (!(error instanceof EmptyDrawing)) throw error;
      }
    }
    if (!tried.length)
      fail("All ink touches the edge of the picture: leave some paper round the digit.", EmptyDrawing);
    let best = null,
      most = -Infinity;
    for (const one of tried) {
      const score = this.#margin(one[1]) - one[0];
      if (score > most) [most, best] = [score, one];
    }
    return best.slice(1);
  }

  // How firmly the network accepts ink as a digit: see `predict`.
  #margin(ink) {
    this.#run(normalise(ink));
    return max(...this.#logits) - this.#logits.reduce((a, b) => a + b) / LABELS.length;
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

  /** The answer to a tensor. `margin`: best logit over the mean one; under the threshold this is hardly a
   *  digit: `digit` is null.
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
      const similar = dot(features, seen);
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

  /** A network that also knows `lessons`, [{features, label}, ...], and shares the weights of this one,
   *  which is unchanged. */
  withLessons(lessons) {
    const mine = new DigitCNN(this);
    mine.#lessons = [...this.#lessons, ...lessons];
    return mine;
  }

  /** A network that also knows these labelled pictures; this one is unchanged. */
  async adapt(images, labels) {
    const areLists = Array.isArray(images) && !images[0]?.points && labels && typeof labels !== "string";
    if (!areLists || images.length !== labels.length)
      fail("adapt() takes a list of pictures and a list of as many labels.");
    const digits = [...labels].map(String);
    for (const label of digits)
      if (!LABELS.includes(label)) fail(`A label is a digit from 0 to 9; "${label}" is not.`);
    const lessons = [];
    for (const [i, label] of digits.entries())
      lessons.push({ features: this.features(await this.preprocess(images[i])), label });
    return this.withLessons(lessons);
  }

  /** A Float32Array(10), calibrated, for each picture of a list. */
  async probabilities(images) {
    if (!Array.isArray(images) || images[0]?.points)
      fail("probabilities() takes a list of pictures; put a single one into a list.");
    const rows = [];
    for (const image of images) rows.push(this.predict(await this.preprocess(image)).probabilities);
    return rows;
  }

  /** [{label, confidence}, ...], the `topK` (1..10) most probable. */
  async classify(image, topK = 3) {
    ranked([], topK);
    return ranked(this.predict(await this.preprocess(image)).probabilities, topK);
  }

  /** [{name, channels, height, width, data}, ...] from input to logits, for a picture or for the last one. */
  async activations(image) {
    if (image !== undefined) this.predict(await this.preprocess(image));
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
// Where the convolutions are in PyTorch's list; the next entry is each one's normalisation.
const POSITIONS = [0, 3, 7, 10, 14];
const COUNTER = "num_batches_tracked";

async function download(base, name, most, cache) {
  const missing = () => fail(`There is no ${name} in ${base}; a model folder has ${CONFIG} and ${WEIGHTS}.`);
  const broken = () => fail(`${name} cannot be fetched from ${base}: check the network and try again.`);
  if (globalThis.process?.versions?.node && !/^https?:/.test(base)) {
    const { readFile } = await import("node:fs/promises");
    return new U8(
      await readFile(base.startsWith("file:") ? new URL(name, base) : base + name).catch(missing),
    );
  }
  const response = await fetch(base + name, { cache }).catch(broken);
  if (response.status === 404) missing();
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
      `The ${CONFIG} of ${source} is of format ${raw.format}; this digit.js reads ${FORMAT}. ` +
        "Take the digit.js beside it.",
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
      `The ${WEIGHTS} of ${source} does not hold the tensors of the network in ${CONFIG} (${reason}). ` +
        "Take both files from the same place.",
    );
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
      types = name.endsWith(COUNTER) ? { I64: 8 } : { F16: 2, F32: 4 },
      width = types[dtype];
    if (!width || String(shape) !== String(expected))
      refuse(`${name} is ${dtype} [${shape}] instead of ${Object.keys(types)[0]} [${expected}]`);
    if (!(from >= 0 && start + to <= bytes.length && to - from === width * sizeOf(expected)))
      refuse(`${name} lies outside the file`);
    if (width === 8) continue;
    const numbers = bytes.slice(start + from, start + to).buffer;
    tensors[name] = width === 2 ? F32.from(new Uint16Array(numbers), fromHalf) : new F32(numbers);
    const least = name.endsWith("running_var") ? 0 : -Infinity;
    if (!tensors[name].every((value) => Number.isFinite(value) && value >= least))
      refuse(`${name} has impossible numbers`);
  }
  return tensors;
}

// The number that 16 bits of half precision stand for (IEEE 754 binary16).
function fromHalf(bits) {
  const exponent = (bits >> 10) & 31,
    fraction = (bits & 1023) / 1024;
  const size = exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction;
  return (bits >> 15 ? -1 : 1) * (exponent < 31 ? size : NaN);
}
