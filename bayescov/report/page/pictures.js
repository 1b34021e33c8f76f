// The three pictures of one group's connections: matrix, circle, glass brain. Each returns the text of an SVG.
"use strict";

function escapeText(text) {
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replace(/[&<>"']/g, (sign) => names[sign]);
}

const FAINTEST = 0.02; // less probable changes have no mark in the matrix
const BOLD = 0.66; // width of a letter of a chosen name, in font sizes

const fixed = (value) => String(Math.round(value * 100) / 100);

function svgText(box, label, inside) {
  return `<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="${box.map(fixed).join(" ")}" role="img" ` +
    `aria-label="${escapeText(label)}">${inside}</svg>`;
}

const edgeTitle = (study, e) => study.edges[e].map((j) => study.regions[j].name).join(" – ");

// An edge as the pictures need it: which change, how probable, whether it is called, whether it passes the filters.
function shownEdges(study, result, filter) {
  return study.edges.map(([i, j], e) => {
    const verdict = result.verdict[e];
    let kind = "added";
    for (const other of KINDS) if (result.p[other][e] > result.p[kind][e]) kind = other;
    if (filter.verdict === "unchanged" || filter.verdict === "undecided") kind = filter.verdict;
    const p = kind === "undecided" ? Math.max(...KINDS.map((k) => result.p[k][e])) : result.p[kind][e];
    const chosen = filter.verdict === "all" || filter.verdict === verdict ||
      (filter.verdict === "called" && KINDS.includes(verdict));
    const touches = filter.region === -1 || filter.region === i || filter.region === j, passes = chosen && touches;
    const placed = filter.layout !== "brain" || Boolean(study.regions[i].mni && study.regions[j].mni);
    const probable = passes && p >= filter.probability;
    return { e, i, j, kind, p, called: verdict === kind && KINDS.includes(kind), passes, drawn: probable && placed, unplaced: probable && !placed, least: filter.probability };
  });
}

// A reversal has a square of its own only where it is the likeliest change.
function marksReversed({ kind, probabilities: { added, missing, reversed } }) {
  return kind !== "unchanged" && reversed >= FAINTEST && reversed >= added && reversed >= missing;
}

// What the marks of this picture mean, of those that it has.
function pictureLegend(shown, filter) {
  if (filter.layout === "matrix") {
    if (filter.verdict === "unchanged") return "Upper right: unchanged (squares).";
    const squares = shown.some((edge) => edge.passes && marksReversed(edge)) ? "added, and in its own colour reversed (squares)" : "added (squares)";
    return `Upper right: ${squares}. Lower left: missing (discs).`;
  }
  const looks = { added: "Solid", missing: "Dashed", reversed: "Dotted", unchanged: "Solid", undecided: "Short dashes" };
  const kinds = Object.keys(looks).filter((kind) => shown.some((edge) => edge.drawn && edge.kind === kind));
  return kinds.map((kind) => `${looks[kind]}: ${kind}.`).join(" ");
}

// Connections that pass the filters but are less probable than asked have paler marks in the matrix, and none elsewhere.
function palerMarks(shown, filter) {
  if (filter.layout !== "matrix") return 0;
  const marked = ({ kind, probabilities: p }) => kind === "unchanged" || p.added >= FAINTEST || p.missing >= FAINTEST || p.reversed >= FAINTEST;
  return shown.filter((edge) => edge.passes && !edge.drawn && marked(edge)).length;
}

// What is drawn, what is not and why.
function pictureNote(study, shown, filter) {
  const least = filter.probability.toFixed(2), drawn = shown.filter((edge) => edge.drawn).length;
  const unplaced = shown.filter((edge) => edge.unplaced).length, nowhere = study.regions.filter((r) => !r.mni).length;
  const paler = palerMarks(shown, filter), how = filter.layout === "matrix" ? ` in full colour (P at least ${least})` : "";
  const says = [drawn || unplaced ? `${drawn} of ${study.edges.length} connections drawn${how}.` : `No connection passes the filters with a probability of at least ${least}.`];
  if (filter.layout === "brain" && nowhere) {
    says.push(`${nowhere} ${nowhere === 1 ? "region has" : "regions have"} no known place in the brain` + (unplaced ? `, so ${unplaced} more ${unplaced === 1 ? "connection" : "connections"} cannot be drawn.` : "."));
  }
  if (paler) says.push(`${paler} less probable ${paler === 1 ? "one is" : "ones are"} paler.`);
  if (drawn || paler) says.push(pictureLegend(shown, filter));
  return says.join(" ");
}

function matrixPicture(study, shown, label) {
  const n = study.regions.length, cell = Math.max(7, Math.min(26, 560 / n)), font = Math.min(13, cell * 0.85);
  const longest = Math.max(...study.regions.map((r) => [...r.name].length));
  const margin = longest * font * BOLD + 10, size = n * cell;
  const parts = [`<path class="frame" d="M0 0H${fixed(size)}V${fixed(size)}H0ZL${fixed(size)} ${fixed(size)}"/>`];
  study.regions.forEach((region, k) => {
    const at = fixed((k + 0.5) * cell + font * 0.35), name = escapeText(region.name);
    parts.push(`<text class="name" data-r="${k}" x="-5" y="${at}" text-anchor="end" font-size="${fixed(font)}">${name}</text>`);
    parts.push(`<text class="name" data-r="${k}" transform="translate(${at} -5) rotate(-90)" font-size="${fixed(font)}">${name}</text>`);
  });
  const square = (edge, kind, p, column, row, called) => {
    const side = Math.max(cell * 0.94 * Math.sqrt(p), 1.5), off = (cell - side) / 2;
    const round = kind === "missing" ? side / 2 : 0; // squares for added, discs for missing: not by colour alone
    parts.push(`<rect class="mark ${kind}${called ? " called" : ""}${edge.drawn && (called || p >= edge.least) ? "" : " faint"}" data-e="${edge.e}" ` +
      `x="${fixed(column * cell + off)}" y="${fixed(row * cell + off)}" width="${fixed(side)}" height="${fixed(side)}" rx="${fixed(round)}"/>`);
  };
  for (const edge of shown) {
    if (!edge.passes) continue;
    const { added, missing, reversed } = edge.probabilities, low = FAINTEST;
    if (edge.kind === "unchanged") { square(edge, "unchanged", edge.p, edge.j, edge.i, false); continue; }
    if (added >= low) square(edge, "added", added, edge.j, edge.i, edge.called && edge.kind === "added");
    if (missing >= low) square(edge, "missing", missing, edge.i, edge.j, edge.called && edge.kind === "missing");
    if (marksReversed(edge)) {
      square(edge, "reversed", reversed, edge.j, edge.i, edge.called && edge.kind === "reversed");
    }
  }
  return svgText([-margin, -margin, size + margin + 4, size + margin + 4], label, parts.join(""));
}

function strokeOf(edge, thin, thick) {
  const width = thin + (thick - thin) * Math.max(0, edge.p - 0.2) / 0.8;
  const dash = { missing: [2.6, 1.6], reversed: [0.2, 2], unchanged: [], undecided: [0.8, 1.2], added: [] }[edge.kind];
  const dashes = dash.length ? ` stroke-dasharray="${dash.map((d) => fixed(d * Math.max(width, 1.2))).join(" ")}"` : "";
  return `stroke-width="${fixed(width)}"${dashes}`;
}

function lineParts(shown, pathOf, thin, thick) {
  const drawn = shown.filter((edge) => edge.drawn).sort((a, b) => a.p - b.p);
  const lines = drawn.map((edge) =>
    `<path class="line ${edge.kind}${edge.called ? " called" : ""}" data-e="${edge.e}" d="${pathOf(edge)}" ${strokeOf(edge, thin, thick)}/>`);
  const reach = drawn.map((edge) => `<path class="reach" data-e="${edge.e}" d="${pathOf(edge)}" stroke-width="${fixed(thick * 2.5)}"/>`);
  return lines.join("") + reach.join("");
}

function circlePicture(study, shown, label) {
  const n = study.regions.length, radius = 230, font = n > 40 ? 9.5 : 15;
  const longest = Math.max(...study.regions.map((r) => [...r.name].length));
  const margin = longest * font * BOLD + 16;
  const points = study.regions.map(({ angle }) => [radius * Math.sin(angle), -radius * Math.cos(angle)]);
  const pathOf = ({ i, j }) => {
    const [a, b] = [points[i], points[j]], bend = 0.18;
    return `M${fixed(a[0])} ${fixed(a[1])}Q${fixed((a[0] + b[0]) / 2 * bend)} ${fixed((a[1] + b[1]) / 2 * bend)} ${fixed(b[0])} ${fixed(b[1])}`;
  };
  const names = study.regions.map((region, k) => {
    const right = Math.sin(region.angle) >= -1e-9, turn = region.angle * 180 / Math.PI - (right ? 90 : 270);
    const at = points[k].map((v) => v * (1 + 10 / radius));
    return `<circle class="node" data-r="${k}" cx="${fixed(points[k][0])}" cy="${fixed(points[k][1])}" r="${n > 40 ? 2.5 : 4.5}"/>` +
      `<text class="name" data-r="${k}" transform="translate(${fixed(at[0])} ${fixed(at[1])}) rotate(${fixed(turn)})" ` +
      `text-anchor="${right ? "start" : "end"}" dominant-baseline="central" font-size="${font}">${escapeText(region.name)}</text>`;
  });
  const half = radius + margin;
  return svgText([-half, -half, 2 * half, 2 * half], label, lineParts(shown, pathOf, 1, 5.5) + names.join(""));
}

// Three shadows of the brain, in mm: from the left, from the front, from above. `at` is the centre of a panel.
const VIEWS = [
  { name: "sagittal", across: 1, up: 2, at: [100, 84], half: [98, 80], ends: ["back", "front"] },
  { name: "coronal", across: 0, up: 2, at: [294, 84], half: [82, 80], ends: ["left", "right"] },
  { name: "axial", across: 0, up: 1, at: [190, 272], half: [82, 98], ends: ["left", "right"] },
];
const NAMED_AT_MOST = 24, BRAIN_FONT = 9;

function brainPicture(study, shown, label) {
  const parts = [], middle = [0, -17, 4], named = study.regions.length <= NAMED_AT_MOST; // middle of the brain, in mm
  for (const view of VIEWS) {
    const place = (a, b) => [view.at[0] + a - middle[view.across], view.at[1] - b + middle[view.up]];
    const [x, y] = [view.at[0] - view.half[0], view.at[1] - view.half[1]];
    const outline = study.outline[view.name].map((mm) => place(...mm).map(fixed).join(" ")).join("L");
    parts.push(`<path class="brain" d="M${outline}Z"/>` +
      `<text class="side" x="${x + 2}" y="${y + 2 * view.half[1] - 2}">${view.ends[0]}</text>` +
      `<text class="side" x="${x + 2 * view.half[0] - 2}" y="${y + 2 * view.half[1] - 2}" text-anchor="end">${view.ends[1]}</text>`);
    const points = study.regions.map(({ mni }) => mni && place(mni[view.across], mni[view.up]));
    parts.push(lineParts(shown, ({ i, j }) => `M${points[i].map(fixed).join(" ")}L${points[j].map(fixed).join(" ")}`, 0.4, 2.2));
    points.forEach((point, k) => {
      if (!point) return;
      parts.push(`<circle class="node" data-r="${k}" cx="${fixed(point[0])}" cy="${fixed(point[1])}" r="2"><title>${escapeText(study.regions[k].name)}</title></circle>`);
    });
    if (view.name === "axial" && named) parts.push(brainNames(study, points, view));
  }
  // Wider than the views where a name does not fit beside the one from above.
  const axial = VIEWS[2], longest = named ? Math.max(...study.regions.filter((r) => r.mni).map((r) => [...r.name].length), 0) : 0;
  const more = Math.max(0, longest * BRAIN_FONT * BOLD + 8 - (axial.at[0] - axial.half[0]));
  return svgText([-more, 0, 380 + 2 * more, 372], label, parts.join(""));
}

// Names stand left and right of the view from above, each joined to its region by a thin line.
function brainNames(study, points, view) {
  const parts = [];
  for (const left of [true, false]) {
    const column = points.map((point, k) => ({ point, k })).filter(({ point, k }) => point && (study.regions[k].side === "left") === left);
    column.sort((a, b) => a.point[1] - b.point[1]);
    const gap = 11, x = view.at[0] + (left ? -1 : 1) * (view.half[0] + 4);
    const top = view.at[1] - gap * (column.length - 1) / 2;
    column.forEach(({ point, k }, row) => {
      const y = top + gap * row;
      parts.push(`<path class="leader" d="M${fixed(point[0])} ${fixed(point[1])}L${fixed(x)} ${fixed(y)}"/>` +
        `<text class="name" data-r="${k}" x="${fixed(x + (left ? -2 : 2))}" y="${fixed(y + 3)}" font-size="${BRAIN_FONT}" text-anchor="${left ? "end" : "start"}">${escapeText(study.regions[k].name)}</text>`);
    });
  }
  return parts.join("");
}

const PICTURES = { matrix: matrixPicture, circle: circlePicture, brain: brainPicture };
