// Says under the board which network reads, and how good it is.

const percent = (share) => (100 * share).toFixed(1);

// Fill the line with what the engine's weights state of themselves; as long as they state nothing it stays empty.
export function describeWeights(line, weights) {
  if (!weights?.weights || !weights.parameters) return;
  const { weights: origin, parameters, accuracy, problem, base, bases = [] } = weights;
  const beside = bases.length > 1 && base && !bases[0].startsWith(base) ? ", the copy beside the page" : "";
  const from = origin === "embedded" ? "weights that came with the page" : `weights from ${origin}${beside}`;
  const trouble = problem ? ` (${problem.replace(/\.$/, "")})` : "";
  const measured = accuracy
    ? ` It read ${accuracy.right} of MNIXEL's ${accuracy.total} test digits (95 % interval ${percent(accuracy.interval[0])} to ` +
      `${percent(accuracy.interval[1])} %); it has not met your handwriting.`
    : "";
  line.textContent = `${parameters.toLocaleString("en")} parameters, ${from}${trouble}.${measured}`;
}
