// One connection in both groups: the posterior of its correlation in controls and patients, and what follows from it.
"use strict";

const DETAIL = { width: 420, height: 108, left: 8, right: 8, base: 84, tall: 74, bins: 80 };
const detailX = (r) => DETAIL.left + (r + 1) / 2 * (DETAIL.width - DETAIL.left - DETAIL.right);

// A histogram of 80 bins, smoothed by a triangle of three bins on either side.
function density(values, steps) {
  const bins = new Float64Array(DETAIL.bins);
  for (const value of values) bins[Math.min(Math.floor((value / steps + 1) / 2 * DETAIL.bins), DETAIL.bins - 1)]++;
  return Array.from(bins, (_, k) => {
    let sum = 0;
    for (let d = -3; d <= 3; d++) sum += (bins[k + d] || 0) * (4 - Math.abs(d)) / 16;
    return sum / values.length;
  });
}

function densityPicture(study, block, edge, group, threshold) {
  const curves = [0, group].map((population) => density(block.of(population, edge), study.steps));
  const tallest = Math.max(...curves.flat());
  const shape = (heights) => `M${fixed(detailX(-1))} ${DETAIL.base}` + heights.map((h, k) =>
    `L${fixed(detailX(-1 + (k + 0.5) * 2 / DETAIL.bins))} ${fixed(DETAIL.base - DETAIL.tall * h / tallest)}`).join("") + `L${fixed(detailX(1))} ${DETAIL.base}Z`;
  const parts = [-1, -0.5, 0, 0.5, 1].map((r) =>
    `<text class="tick" x="${fixed(detailX(r))}" y="${DETAIL.base + 16}" text-anchor="${r === -1 ? "start" : r === 1 ? "end" : "middle"}">${String(r).replace("-", "−")}</text>`);
  parts.push(`<path class="dens control" d="${shape(curves[0])}"/><path class="dens patient" d="${shape(curves[1])}"/>`);
  for (const t of threshold === 0 ? [0] : [-threshold, threshold]) {
    parts.push(`<path class="now" d="M${fixed(detailX(t / study.steps))} 8V${DETAIL.base}"/>`);
  }
  const names = study.populations;
  return svgText([0, 0, DETAIL.width, DETAIL.height], `Posterior of the ${study.measure} in ${names[0]} and ${names[group]}`, parts.join(""));
}

const signedText = (value, digits = 2) => {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value < 0 ? "−" : "+") + text;
};
const shareText = (p) => (p < 0.005 ? "<0.01" : p > 0.995 ? ">0.99" : p.toFixed(2));
const rangeText = (d) => `${signedText(d.mean)} (${signedText(d.low)} to ${signedText(d.high)})`;

function detailText(study, blocks, result, edge, group, threshold) {
  const [control, patient] = [study.populations[0], study.populations[group]].map(escapeText);
  const [c, g] = [0, group].map((population) => describe(study, blocks[0], edge, population));
  const difference = describeDifference(study, blocks[0], edge, group);
  const rows = [
    [`<span class="key control"></span>${control}`, rangeText(c)],
    [`<span class="key patient"></span>${patient}`, rangeText(g)],
    ["Difference", rangeText(difference)],
  ];
  for (const kind of KINDS) {
    const [low, high] = [result.low[kind][edge], result.high[kind][edge]];
    const range = blocks.length > 1 && high - low >= 0.01 ? ` <span class="soft">(${shareText(low)} to ${shareText(high)})</span>` : "";
    rows.push([`P(${kind})`, `${shareText(result.p[kind][edge])}${range}`]);
  }
  const verdict = result.verdict[edge];
  return `<h4>${escapeText(edgeTitle(study, edge))} <span class="verdict ${verdict}">${verdict}</span></h4>` +
    densityPicture(study, blocks[0], edge, group, threshold) +
    `<dl>${rows.map(([name, text]) => `<div><dt>${name}</dt><dd>${text}</dd></div>`).join("")}</dl>` +
    (blocks.length > 1 ? "<p class=\"note\">In brackets after a probability: its range over the model structures. The interval of the difference ranges over those of them that the people do not speak against.</p>" : "");
}
