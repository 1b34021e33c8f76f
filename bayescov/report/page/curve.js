// The numbers of added and missing connections at every threshold, with bands; and the probabilities of more of either below.
"use strict";

const CURVE = { width: 546, height: 296, left: 46, right: 100, top: 12, upper: 168, gap: 26, lower: 54, points: 91 };

const curveX = (threshold) => CURVE.left + threshold / 0.9 * (CURVE.width - CURVE.left - CURVE.right);
const curveThreshold = (x) => (x - CURVE.left) / (CURVE.width - CURVE.left - CURVE.right) * 0.9;

function roundStep(top) {
  for (const step of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]) if (top / step <= 5) return step;
  return Math.ceil(top / 5);
}

function curvePicture(curve, threshold, names) {
  const highest = Math.max(1, ...curve.map((c) => Math.max(c.added.high, c.missing.high)));
  const step = roundStep(highest), top = Math.ceil(highest / step) * step;
  const y = (count) => CURVE.top + CURVE.upper * (1 - count / top);
  const bottom = CURVE.top + CURVE.upper + CURVE.gap, z = (p) => bottom + CURVE.lower * (1 - p);
  const line = (of) => "M" + curve.map((c) => `${fixed(curveX(c.threshold))} ${fixed(of(c))}`).join("L");
  const band = (kind) => `${line((c) => y(c[kind].high))}L${curve.slice().reverse().map((c) => `${fixed(curveX(c.threshold))} ${fixed(y(c[kind].low))}`).join("L")}Z`;
  const end = CURVE.width - CURVE.right, parts = [];
  for (let count = 0; count <= top; count += step) {
    parts.push(`<path class="rule" d="M${CURVE.left} ${fixed(y(count))}H${end}"/><text class="tick" x="${CURVE.left - 6}" y="${fixed(y(count) + 4)}" text-anchor="end">${count}</text>`);
  }
  for (const p of [0, 0.5, 1]) {
    parts.push(`<path class="rule" d="M${CURVE.left} ${fixed(z(p))}H${end}"/><text class="tick" x="${CURVE.left - 6}" y="${fixed(z(p) + 4)}" text-anchor="end">${p}</text>`);
  }
  for (let t = 0; t <= 8; t += 2) {
    parts.push(`<text class="tick" x="${fixed(curveX(t / 10))}" y="${fixed(bottom + CURVE.lower + 16)}" text-anchor="middle">${fixed(t / 10)}</text>`);
  }
  parts.push(`<text class="tick" x="${fixed((CURVE.left + end) / 2)}" y="${CURVE.height - 2}" text-anchor="middle">threshold</text>`);
  for (const kind of ["missing", "added"]) parts.push(`<path class="band ${kind}" d="${band(kind)}"/>`);
  for (const kind of ["missing", "added"]) parts.push(`<path class="curve ${kind}" d="${line((c) => y(c[kind].mean))}"/>`);
  parts.push(`<path class="curve fewer" d="${line((c) => z(c.pFewer))}"/><path class="curve more" d="${line((c) => z(c.pMore))}"/>`);
  // Labels stand where the lines are furthest apart from each other and from the frame: at the first tenth.
  const at = curve[8], spread = y(at.added.mean) < y(at.missing.mean) ? [-8, 16] : [16, -8];
  parts.push(`<text class="label added" x="${fixed(curveX(at.threshold))}" y="${fixed(Math.max(y(at.added.mean) + spread[0], CURVE.top + 10))}">${escapeText(names.added)}</text>`);
  parts.push(`<text class="label missing" x="${fixed(curveX(at.threshold))}" y="${fixed(Math.min(y(at.missing.mean) + spread[1], CURVE.top + CURVE.upper - 4))}">${escapeText(names.missing)}</text>`);
  const words = ["P, solid:", "more added;", "dashed:", "more missing"].map((word, k) => `<tspan x="${end + 4}" dy="${k ? 13 : 0}">${word}</tspan>`);
  parts.push(`<text class="label more" x="${end + 4}" y="${fixed(bottom + CURVE.lower / 2 - 14)}">${words.join("")}</text>`);
  const now = fixed(curveX(threshold));
  if (threshold <= 0.9) parts.push(`<path class="now" d="M${now} ${CURVE.top}V${fixed(bottom + CURVE.lower)}"/>`);
  return svgText([0, 0, CURVE.width, CURVE.height], names.label, parts.join(""));
}

// Is a direction said at thresholds from 0.1 to 0.6? As in bayescov.sensitivity, by its own probability of at least `certainty`.
function directionText(curve, group, certainty) {
  const middle = curve.filter((c) => c.threshold >= 0.1 && c.threshold <= 0.6);
  const span = (of) => [Math.min, Math.max].map((end) => shareText(end(...middle.map(of)))).join(" to ");
  const gained = middle.filter((c) => c.pMore >= certainty).length, lost = middle.filter((c) => c.pFewer >= certainty).length;
  const all = middle.length, limit = `a probability of at least ${certainty}`;
  const verdict = gained === all ? `it gained more at all of them (${limit}), so the direction does not hang on the threshold`
    : lost === all ? `it lost more at all of them (${limit}), so the direction does not hang on the threshold`
      : gained + lost === 0 ? `neither has ${limit} at any of them, so it is not decided which it did more`
        : `with ${limit} it gained more at ${gained} of ${all}, lost more at ${lost}, and the rest are not decided, so the direction hangs on the threshold`;
  return `For thresholds from 0.1 to 0.6 the probability that ${group} gained more connections than it lost is ${span((c) => c.pMore)}, ` +
    `that it lost more ${span((c) => c.pFewer)}: ${verdict}.`;
}
