// Says under the board which network reads, and how good it is.

import { share, write } from "./words.js";

// Fill the line with what the engine's weights state of themselves; as long as they state nothing it stays empty.
export function describeWeights(line, weights) {
  if (!weights?.weights || !weights.parameters) return;
  const { weights: origin, parameters, accuracy, problem, base, bases = [] } = weights;
  const isCopy = bases.length > 1 && base && !bases[0].startsWith(base);
  const key = origin === "embedded" ? "about.embedded" : isCopy ? "about.copy" : "about.origin";
  write(line.querySelector(".parameters"), key, { parameters, origin });
  write(line.querySelector(".stale"), problem ? "about.stale" : "");
  if (!accuracy) return;
  const {
    right,
    total,
    interval: [low, high],
  } = accuracy;
  write(line.querySelector(".measured"), "about.accuracy", {
    right,
    total,
    low: share(low),
    high: share(high),
  });
}
