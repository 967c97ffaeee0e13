// MNIXEL's own 28x28 of a board, which the collector shows: the twin of `reduce` in board.py.

import { LIMITS, rint } from "./digit.js";

const SIZE = LIMITS.size,
  SMALL = 28;
const KERNEL = [0.05, 0.25, 0.4, 0.25, 0.05]; // Burt and Adelson (1983), a = 0.4

/** MNIXEL's reduction of a board to 28x28, Uint8Array(784): four rounds of a 5x5 Gaussian pyramid step. */
export function reduce(board) {
  if (board.length !== SIZE * SIZE)
    throw new Error(
      `MNIXEL's reduction takes a board of ${SIZE}x${SIZE}; this one has ${board.length} pixels.`,
    );
  let values = board;
  for (let size = SIZE; size > SMALL; size /= 2) values = halve(halve(values, size), size);
  return Uint8Array.from(values, rint);
}

function halve(values, size) {
  const rows = values.length / size,
    result = new Float64Array(values.length / 2);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < size; column += 2) {
      let sum = 0;
      for (let tap = Math.max(-2, -column); tap <= Math.min(2, size - 1 - column); tap++) {
        sum += KERNEL[tap + 2] * values[row * size + column + tap];
      }
      result[(column / 2) * rows + row] = sum;
    }
  }
  return result;
}
