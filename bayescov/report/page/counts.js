// What the page computes: the definitions of bayescov.connections on whole numbers (correlations in ten-thousandths).
// Python's twin of this file is bayescov.report.live.recount; a test holds the two together.
"use strict";

const KINDS = ["added", "missing", "reversed"];
const ROUNDING = 1e-12;
const DOUBT = 3; // no change is called that is more doubtful than so many times the expected share of wrong ones

function decodeDraws(text, study) {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  const numbers = new Int16Array(bytes.length / 2);
  for (let i = 0; i < numbers.length; i++) numbers[i] = view.getInt16(2 * i, true);
  const cells = study.populations.length * study.edges.length;
  let start = 0;
  return study.blocks.map(({ name, draws, weight }) => {
    const values = numbers.subarray(start, (start += cells * draws));
    const of = (population, edge) => {
      const at = (population * study.edges.length + edge) * draws;
      return values.subarray(at, at + draws);
    };
    return { name, draws, weight, of };
  });
}

// Per edge: shares of draws; per draw: numbers of connections. threshold and margin are whole numbers.
function countEvents(block, edges, group, threshold, margin) {
  const p = { added: [], missing: [], reversed: [], unchanged: [] };
  const added = new Int32Array(block.draws), missing = new Int32Array(block.draws);
  for (let e = 0; e < edges; e++) {
    const control = block.of(0, e), patient = block.of(group, e);
    let a = 0, m = 0, r = 0;
    for (let d = 0; d < block.draws; d++) {
      const c = control[d], g = patient[d];
      const sizeC = c < 0 ? -c : c, sizeG = g < 0 ? -g : g;
      const here = sizeG > threshold, there = sizeC > threshold;
      if (here && there && c < 0 !== g < 0) r++;
      else if (here && sizeG - sizeC > margin) { a++; added[d]++; }
      else if (there && sizeC - sizeG > margin) { m++; missing[d]++; }
    }
    p.added.push(a / block.draws);
    p.missing.push(m / block.draws);
    p.reversed.push(r / block.draws);
    p.unchanged.push((block.draws - (a + m + r)) / block.draws);
  }
  return { p, added, missing };
}

// The largest set of the most probable statements of which at most a share fdr, or so many in all, is expected to be wrong.
function expectedFdrList(probability, fdr, wrong = 0) {
  const ordered = Float64Array.from(probability).sort().reverse();
  let sum = 0, cut = Infinity;
  for (let k = 0; k < ordered.length; k++) {
    sum += 1 - ordered[k];
    const last = k + 1 === ordered.length || ordered[k + 1] < ordered[k];
    if (last && sum <= Math.max(fdr * (k + 1), wrong) + ROUNDING) cut = ordered[k];
  }
  return probability.map((value) => value >= cut);
}

// p: what is stated; own: by the fit alone; cases: the special cases, each with its probabilities p and its weight against the
// fit. A change may be named where the fit alone, and its average with any single case, leave it likely enough.
function verdictsOf(p, own, cases, low, fdr) {
  const best = p.added.map((_, e) => {
    let kind = "added";
    for (const other of KINDS) if (p[other][e] > p[kind][e]) kind = other;
    return kind;
  });
  const likely = best.map((kind, e) => {
    const withEach = cases.map((c) => (1 - c.weight) * own[kind][e] + c.weight * c.p[kind][e]);
    return Math.min(own[kind][e], ...withEach) >= 1 - DOUBT * fdr - ROUNDING;
  });
  const stated = best.map((kind, e) => (likely[e] ? p[kind][e] : 0));
  // A list on which several structures agree may hold as many wrong ones in all as a single change may be doubtful.
  const changed = expectedFdrList(stated, fdr, cases.length > 0 ? DOUBT * fdr : 0).map((listed, e) => listed && likely[e]);
  const same = expectedFdrList(low.unchanged, fdr);
  return best.map((kind, e) => (changed[e] ? kind : same[e] ? "unchanged" : "undecided"));
}

// Quantiles as numpy computes them: of whole numbers a value that was drawn, of correlations interpolated.
function drawnQuantile(sorted, q) {
  const at = sorted.length * q - 1, before = Math.floor(at);
  const index = at === before ? before : before + 1;
  return sorted[Math.min(Math.max(index, 0), sorted.length - 1)];
}

function linearQuantile(sorted, q) {
  const at = (sorted.length - 1) * q, before = Math.floor(at);
  const after = Math.min(before + 1, sorted.length - 1);
  return sorted[before] + (sorted[after] - sorted[before]) * (at - before);
}

function summary(counts, interval) {
  const tail = (1 - interval) / 2;
  const sorted = counts.slice().sort();
  let sum = 0;
  for (const value of counts) sum += value;
  return { mean: sum / counts.length, low: drawnQuantile(sorted, tail), high: drawnQuantile(sorted, 1 - tail) };
}

// Probabilities of more added than missing and of fewer; draws may tie, so that one is not the rest of the other.
function directions(added, missing) {
  let more = 0, fewer = 0;
  for (let d = 0; d < added.length; d++) {
    if (added[d] > missing[d]) more++;
    else if (added[d] < missing[d]) fewer++;
  }
  return { pMore: more / added.length, pFewer: fewer / added.length };
}

// The first block is what is stated: the fit and its special cases together; where there are any, the fit alone follows, then they.
function recount(study, blocks, group, threshold, margin) {
  const n = study.edges.length;
  const stated = countEvents(blocks[0], n, group, threshold, margin);
  const alone = blocks.slice(1).map((b) => ({ p: countEvents(b, n, group, threshold, margin).p, weight: b.weight }));
  const low = {}, high = {};
  for (const kind of [...KINDS, "unchanged"]) {
    low[kind] = stated.p[kind].map((p, e) => Math.min(p, ...alone.map((a) => a.p[kind][e])));
    high[kind] = stated.p[kind].map((p, e) => Math.max(p, ...alone.map((a) => a.p[kind][e])));
  }
  const [fit, ...cases] = alone.length > 0 ? alone : [stated];
  return {
    p: stated.p, low, high,
    verdict: verdictsOf(stated.p, fit.p, cases, low, study.fdr),
    added: summary(stated.added, study.interval),
    missing: summary(stated.missing, study.interval),
    ...directions(stated.added, stated.missing),
  };
}

// Counts at every threshold of 0, 0.01, ... for one margin. For an edge and a draw, the thresholds at which it counts as
// added are one stretch: below |g|, and, where the signs differ, from |c| on (below, it is reversed).
function countCurve(study, block, group, margin, points) {
  const hundredth = study.steps / 100, draws = block.draws;
  const added = new Int32Array(draws * (points + 1)), missing = new Int32Array(draws * (points + 1));
  const mark = (target, d, larger, smaller, opposite) => {
    const from = opposite ? Math.min(Math.ceil(smaller / hundredth), points) : 0;
    const to = Math.min(Math.ceil(larger / hundredth), points);
    if (to <= from) return;
    target[d * (points + 1) + from]++;
    target[d * (points + 1) + to]--;
  };
  for (let e = 0; e < study.edges.length; e++) {
    const control = block.of(0, e), patient = block.of(group, e);
    for (let d = 0; d < draws; d++) {
      const c = control[d], g = patient[d];
      const sizeC = c < 0 ? -c : c, sizeG = g < 0 ? -g : g, opposite = c < 0 !== g < 0;
      if (sizeG - sizeC > margin) mark(added, d, sizeG, sizeC, opposite);
      else if (sizeC - sizeG > margin) mark(missing, d, sizeC, sizeG, opposite);
    }
  }
  const a = new Int32Array(draws), m = new Int32Array(draws), curve = [];
  for (let t = 0; t < points; t++) {
    for (let d = 0; d < draws; d++) {
      a[d] += added[d * (points + 1) + t];
      m[d] += missing[d * (points + 1) + t];
    }
    curve.push({ threshold: t / 100, added: summary(a, study.interval), missing: summary(m, study.interval), ...directions(a, m) });
  }
  return curve;
}

// Posterior mean and interval of an edge in one population. Correlations.
function describe(study, block, edge, group) {
  const values = Float64Array.from(block.of(group, edge));
  let sum = 0;
  for (const value of values) sum += value;
  values.sort();
  const tail = (1 - study.interval) / 2;
  return {
    mean: sum / values.length / study.steps,
    low: linearQuantile(values, tail) / study.steps,
    high: linearQuantile(values, 1 - tail) / study.steps,
  };
}

// Of the difference from controls: the interval ranges over the model structures and comes with the page.
function describeDifference(study, block, edge, group) {
  const patient = block.of(group, edge), control = block.of(0, edge);
  let sum = 0;
  for (let d = 0; d < patient.length; d++) sum += patient[d] - control[d];
  const [low, high] = study.difference.map((end) => end[group - 1][edge]);
  return { mean: sum / patient.length / study.steps, low, high };
}
