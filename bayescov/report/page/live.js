// The live view: controls -> counts -> picture, curve, table, detail.
"use strict";

function startLive() {
  const study = JSON.parse(document.getElementById("study").textContent);
  const blocks = decodeDraws(document.getElementById("draws").textContent, study);
  const view = document.getElementById("live");
  const part = (name) => view.querySelector(`[data-part="${name}"]`);
  const control = (name) => view.querySelector(`[name="${name}"]`);
  const hundredth = study.steps / 100, rowsAtFirst = 20;
  // Two digits, and all that there are where the report was made between the slider's steps.
  const written = (value) => (value % hundredth ? String(value / study.steps) : (value / study.steps).toFixed(2));
  const initial = { group: 1, threshold: study.threshold, margin: study.margin, probability: 0.5, layout: "matrix", verdict: "all", region: -1 };
  let state = { ...initial }, result, curve, shown, selected = -1, allRows = false, sort = { by: "p", down: true };
  const summaries = new Map(); // posterior means and intervals of a group's edges do not depend on the controls

  function describeAll(group) {
    if (!summaries.has(group)) {
      summaries.set(group, study.edges.map((_, e) => ({
        control: describe(study, blocks[0], e, 0),
        patient: describe(study, blocks[0], e, group),
        difference: describeDifference(study, blocks[0], e, group),
      })));
    }
    return summaries.get(group);
  }

  function update(change) {
    const before = state;
    state = { ...state, ...change };
    const counted = !result || ["group", "threshold", "margin"].some((k) => state[k] !== before[k]);
    if (counted) result = recount(study, blocks, state.group, state.threshold, state.margin);
    if (!curve || state.group !== before.group || state.margin !== before.margin) {
      curve = countCurve(study, blocks[0], state.group, state.margin, CURVE.points);
    }
    showControls();
    if (counted) showCounts();
    showCurve();
    showPicture();
    showTable();
    showDetail();
  }

  function showControls() {
    control("group").value = state.group;
    for (const name of ["threshold", "margin"]) {
      control(name).value = state[name] / hundredth;
      control(name).setAttribute("aria-valuetext", (part(`${name}-value`).textContent = written(state[name])));
    }
    control("probability").value = Math.round(state.probability * 100);
    part("probability-value").textContent = state.probability.toFixed(2);
    control("verdict").value = state.verdict;
    control("region").value = state.region;
    const chosen = (name) => control(name).selectedOptions[0].textContent;
    part("settings").textContent = `${chosen("group")}: threshold ${written(state.threshold)}, margin ${written(state.margin)}. ` +
      `In the picture and the table: ${chosen("verdict")}, ${chosen("region")}; drawn if P is at least ${state.probability.toFixed(2)}.`;
    for (const radio of view.querySelectorAll('[name="layout"]')) radio.checked = radio.value === state.layout;
  }

  function showCounts() {
    const group = study.populations[state.group], n = study.edges.length;
    const interval = ({ low, high }) => `${low} to ${high}`;
    for (const kind of ["added", "missing"]) {
      part(`n-${kind}`).textContent = result[kind].mean.toFixed(1);
      part(`n-${kind}-interval`).textContent = interval(result[kind]);
    }
    part("p-more").textContent = shareText(result.pMore);
    part("p-fewer").textContent = shareText(result.pFewer);
    const number = (verdict) => result.verdict.filter((v) => v === verdict).length;
    for (const verdict of [...KINDS, "unchanged", "undecided"]) part(`called-${verdict}`).textContent = number(verdict);
    part("summary").textContent =
      `${group} at threshold ${written(state.threshold)} and margin ${written(state.margin)}: of ${n} connections ` +
      `${result.added.mean.toFixed(1)} added (${interval(result.added)}), ${result.missing.mean.toFixed(1)} missing (${interval(result.missing)}); ` +
      `probability of more added than missing ${shareText(result.pMore)}, of more missing ${shareText(result.pFewer)}; called added ${number("added")}, missing ${number("missing")}, undecided ${number("undecided")}.`;
  }

  function showCurve() {
    const group = study.populations[state.group], t = state.threshold / study.steps;
    part("curve").innerHTML = curvePicture(curve, t, {
      added: "added", missing: "missing",
      label: `Numbers of connections added and missing in ${group} at every threshold, with ${Math.round(100 * study.interval)} % bands`,
    });
    part("hangs").textContent = directionText(curve, group, study.certainty);
  }

  function showPicture() {
    shown = shownEdges(study, result, state);
    for (const edge of shown) {
      edge.probabilities = Object.fromEntries(KINDS.map((kind) => [kind, result.p[kind][edge.e]]));
    }
    const drawn = shown.filter((edge) => edge.drawn).length, group = study.populations[state.group];
    const label = `Connections of ${group} against ${study.populations[0]}: ${drawn} drawn`;
    part("picture").innerHTML = PICTURES[state.layout](study, shown, label);
    part("picture-note").textContent = pictureNote(study, shown, state);
    highlight();
  }

  function highlight() {
    for (const mark of part("picture").querySelectorAll("[data-e]")) mark.classList.toggle("selected", Number(mark.dataset.e) === selected);
    const ends = selected < 0 ? [] : study.edges[selected];
    for (const mark of part("picture").querySelectorAll("[data-r]")) mark.classList.toggle("selected", ends.includes(Number(mark.dataset.r)));
    for (const row of part("rows").children) row.classList.toggle("selected", Number(row.dataset.e) === selected);
  }

  function showDetail() {
    part("detail").innerHTML = selected < 0
      ? "<p class=\"note\">Point at a connection, or step through them with the arrow keys, to see its posterior in both groups.</p>"
      : detailText(study, blocks, result, selected, state.group, state.threshold);
  }

  function select(edge) {
    if (edge === selected) return;
    selected = edge;
    highlight();
    showDetail();
  }

  const change = (e) => Math.max(...KINDS.map((kind) => result.p[kind][e]));
  const COLUMNS = {
    name: (e) => edgeTitle(study, e),
    control: (e) => describeAll(state.group)[e].control.mean,
    patient: (e) => describeAll(state.group)[e].patient.mean,
    difference: (e) => describeAll(state.group)[e].difference.mean,
    added: (e) => result.p.added[e],
    missing: (e) => result.p.missing[e],
    reversed: (e) => result.p.reversed[e],
    verdict: (e) => result.verdict[e],
    p: (e) => (KINDS.includes(result.verdict[e]) ? 1 : 0) + change(e),
  };

  function tableEdges() {
    const key = COLUMNS[sort.by], sign = sort.down ? -1 : 1;
    const keyed = shown.filter((edge) => edge.passes).map(({ e }) => [key(e), e]);
    keyed.sort(([a, i], [b, j]) => sign * (a < b ? -1 : a > b ? 1 : 0) || i - j);
    return keyed.map(([, e]) => e);
  }

  function showTable() {
    const edges = tableEdges(), some = allRows ? edges : edges.slice(0, rowsAtFirst);
    part("rows").innerHTML = some.map((e) => {
      const { control: c, patient: g, difference: d } = describeAll(state.group)[e], verdict = result.verdict[e];
      const number = (text) => `<td class="number">${text}</td>`;
      return `<tr data-e="${e}"><th scope="row"><button type="button" class="plain">${escapeText(edgeTitle(study, e))}</button></th>` +
        number(signedText(c.mean)) + number(signedText(g.mean)) + number(signedText(d.mean)) + number(`${signedText(d.low)} to ${signedText(d.high)}`) +
        KINDS.map((kind) => number(shareText(result.p[kind][e]))).join("") + `<td><span class="verdict ${verdict}">${verdict}</span></td></tr>`;
    }).join("");
    part("rows-note").textContent = `${some.length} of ${edges.length} connections that pass the filters.`;
    part("more").hidden = edges.length <= rowsAtFirst;
    part("more").textContent = allRows ? `Show ${rowsAtFirst}` : `Show all ${edges.length}`;
    for (const head of view.querySelectorAll("[data-sort]")) {
      head.setAttribute("aria-sort", head.dataset.sort !== sort.by ? "none" : sort.down ? "descending" : "ascending");
    }
    highlight();
  }

  function csv() {
    const t = written(state.threshold), m = written(state.margin);
    const columns = ["population", "region_a", "region_b", "p_added", "p_missing", "p_reversed", "p_unchanged", "control_mean", "mean", "difference", "difference_low", "difference_high", "verdict", "threshold", "margin"];
    const rows = tableEdges().map((e) => {
      const { control: c, patient: g, difference: d } = describeAll(state.group)[e];
      const [a, b] = study.edges[e].map((j) => study.regions[j].name);
      return [study.populations[state.group], a, b, ...[...KINDS, "unchanged"].map((k) => result.p[k][e]), c.mean, g.mean, d.mean, d.low, d.high, result.verdict[e], t, m];
    });
    saveCsv(columns, rows, fileName("connections"));
  }

  const fileName = (what) => `${what}-${study.populations[state.group].replace(/[^\w-]+/g, "_") || "group"}`;

  // One redraw a frame, however fast a slider moves.
  let waiting = null;
  function later(changes) {
    if (waiting === null) requestAnimationFrame(() => { const all = waiting; waiting = null; update(all); });
    waiting = { ...waiting, ...changes };
  }

  view.addEventListener("input", ({ target }) => {
    const value = Number(target.value);
    if (target.name === "threshold" || target.name === "margin") later({ [target.name]: Math.round(value) * hundredth });
    else if (target.name === "probability") later({ probability: value / 100 });
    else if (target.name === "group" || target.name === "region") later({ [target.name]: value });
    else if (target.name === "layout" || target.name === "verdict") later({ [target.name]: target.value });
  });
  const edgeAt = (target) => { const mark = target.closest("[data-e]"); return mark ? Number(mark.dataset.e) : -1; };
  part("picture").addEventListener("pointermove", ({ target }) => { if (edgeAt(target) >= 0) select(edgeAt(target)); });
  view.addEventListener("click", ({ target }) => {
    const action = target.closest("[data-do]"), head = target.closest("[data-sort]");
    if (edgeAt(target) >= 0) select(edgeAt(target));
    else if (head) { sort = { by: head.dataset.sort, down: head.dataset.sort === sort.by ? !sort.down : head.dataset.sort !== "name" }; showTable(); }
    else if (action) ({
      svg: () => saveSvg(part("picture").querySelector("svg"), fileName(state.layout)),
      png: () => savePng(part("picture").querySelector("svg"), fileName(state.layout)),
      curve: () => saveSvg(part("curve").querySelector("svg"), fileName("counts")),
      csv, more: () => { allRows = !allRows; showTable(); }, reset: () => update({ ...initial, group: state.group, layout: state.layout }),
    })[action.dataset.do]();
  });
  part("rows").addEventListener("focusin", ({ target }) => select(edgeAt(target)));
  part("picture").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const order = tableEdges().filter((e) => shown[e].drawn);
    if (!order.length) return;
    event.preventDefault();
    const at = order.indexOf(selected);
    select(order[at < 0 ? 0 : (at + step + order.length) % order.length]);
  });
  part("curve").addEventListener("click", (event) => {
    const svg = part("curve").querySelector("svg"), point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const t = Math.round(100 * curveThreshold(point.x));
    if (t >= 0 && t < CURVE.points) update({ threshold: t * hundredth });
  });

  for (const name of ["threshold", "margin"]) control(name).max = Math.max(control(name).max, Math.ceil(initial[name] / hundredth));
  view.hidden = false;
  if (!study.regions.some((region) => region.mni)) view.querySelector('[value="brain"]').disabled = true;
  update({});
}

startLive();
