// How often something is painted while the pen moves.

const WAIT = 16; // times the duration of the last painting, until the next one

// soon() paints with the next frame, but not before that wait is over. now() paints at once.
export function paced(paint) {
  let frame = 0;
  let due = 0;

  function now(time = Infinity) {
    cancelAnimationFrame(frame);
    frame = 0;
    if (time < due) return soon();
    const began = performance.now();
    paint();
    due = performance.now() + WAIT * (performance.now() - began);
  }

  function soon() {
    frame ||= requestAnimationFrame(now);
  }

  return { now: () => now(), soon };
}
