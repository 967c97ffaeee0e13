// How often something is painted while the pen moves.

const SLOWER = 16; // times as long as it takes, a painting is put off after the last one

// While the pen moves, soon() paints with the next frame, but not before 16 times the last painting's
// duration has passed. now() paints at once.
export function paced(paint) {
  let frame = 0;
  let due = 0;

  function now(time = Infinity) {
    cancelAnimationFrame(frame);
    frame = 0;
    if (time < due) return soon();
    const began = performance.now();
    paint();
    due = performance.now() + SLOWER * (performance.now() - began);
  }

  function soon() {
    frame ||= requestAnimationFrame(now);
  }

  return { now: () => now(), soon };
}
