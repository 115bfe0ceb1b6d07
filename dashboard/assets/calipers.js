/* Calipers on the ECG paper: two ends on one lead, moved by pointer or keys, that snap to the
   trace. What they measure is told in ms, mV and beats a minute, and kept with the reading. */
(function () {
  "use strict";
  const NEAR_PX = 8; // of a line that is taken hold of
  const WINDOW_S = 0.05; // either way, in which a peak is looked for
  const STEEP = 0.5; // of the steepest place of a trace: a QRS complex
  const APART_S = 0.25; // of two beats at least
  const PEAK_MV = 0.05; // smaller ones are noise: the nearest sample then
  const states = new WeakMap(); // by page: with it goes its trace, which is large
  const kept = new Map(); // by ECG: what goes with the reading

  const marks = () => dash_clientside.caliper_marks;
  const pageOf = (inside) => inside.closest(".read");
  const here = () => document.querySelector(".read:not(.waiting .read)");
  const ecgOf = (page) => Number(page.dataset.ecg);
  const graphOf = (page) => page.querySelector(".paper .js-plotly-plot");
  const layerOf = (page) => page.querySelector(".calipers-layer");
  const traces = (graph) => graph._fullData.filter((trace) => trace.meta && trace.meta.lead);

  /* React may use the element of a page again for the next ECG. */
  function stateOf(page) {
    const ecg = ecgOf(page), before = states.get(page);
    if (before && before.ecg === ecg) return before;
    const begun = { ecg: ecg, on: false, snap: true, march: false, ends: null };
    states.set(page, begun);
    return begun;
  }

  /* Millivolts of the paper at a sample. */
  const heightAt = (trace, n) => trace.y[n] / 1000;
  const end = (trace, n) => ({ seconds: trace.x0 + n * trace.dx, millivolts: heightAt(trace, n) });
  function sampleAt(trace, seconds) {
    const n = Math.round((seconds - trace.x0) / trace.dx);
    return Math.min(Math.max(n, 0), trace._length - 1);
  }
  /* The peak or trough near a sample that stands out most, or the sample. */
  function extremeNear(trace, n) {
    const reach = Math.round(WINDOW_S / trace.dx);
    const first = Math.max(0, n - reach), last = Math.min(trace._length - 1, n + reach);
    const level = (heightAt(trace, first) + heightAt(trace, last)) / 2;
    const out = (m) => Math.abs(heightAt(trace, m) - level);
    let best = n;
    for (let m = first + 1; m < last; m++) if (out(m) > out(best)) best = m;
    return out(best) >= PEAK_MV && best !== first && best !== last ? best : n;
  }
  function snapped(state, at) {
    if (!state.snap) return { seconds: at.seconds, millivolts: at.millivolts };
    return end(state.trace, extremeNear(state.trace, sampleAt(state.trace, at.seconds)));
  }

  /* What lies between the ends. */
  function measure(state) {
    const [a, b] = state.ends;
    const ms = 1000 * Math.abs(b.seconds - a.seconds);
    return { ms: ms, mv: b.millivolts - a.millivolts, rate: ms >= 1 ? 60000 / ms : null };
  }
  function words(measured) {
    const told = measured.rate && measured.rate < 1000;
    const rate = told ? "  " + measured.rate.toFixed(0) + "/min" : "";
    const sign = measured.mv < 0 ? "\u2212" : "+";
    const height = sign + Math.abs(measured.mv).toFixed(2);
    return measured.ms.toFixed(0) + " ms" + rate + "  " + height + " mV";
  }

  function draw(page) {
    const state = stateOf(page), graph = graphOf(page), layer = layerOf(page);
    if (!layer || !graph || !graph._fullLayout) return;
    follow(state, graph);
    layer.classList.toggle("calipers-on", state.on);
    const tools = page.querySelector(".caliper-tools");
    tools.hidden = !state.on;
    press(page, ".calipers-key", state.on);
    press(tools, ".snap", state.snap);
    press(tools, ".march-out", state.march);
    const placed = state.on && state.ends && state.trace;
    tools.querySelector(".keep").disabled = !placed;
    if (!placed) {
      marks().hide(layer);
      say(tools, state.on ? "Click twice on the trace, or drag" : "");
      return;
    }
    const told = words(measure(state));
    const { lead } = state.trace.meta;
    const spoken = state.ends.map((e) => lead + ", " + e.seconds.toFixed(3) + " s, " + told);
    marks().draw(layer, graph, state, told, spoken);
    say(tools, lead + "  " + told);
  }
  function press(within, selector, on) {
    within.querySelector(selector).setAttribute("aria-pressed", String(on));
  }
  function say(tools, text) {
    const place = tools.querySelector(".caliper-words");
    if (place.textContent !== text) place.textContent = text;
  }
  /* On another sheet the lead lies elsewhere, or not at all at these times. */
  function follow(state, graph) {
    if (!state.ends || graph._fullData.includes(state.trace)) return;
    const holds = (t) => state.ends.every((e) => sampleTime(t, e.seconds));
    const there = traces(graph).filter((t) => t.meta.lead === state.lead && holds(t))
      .sort((one, other) => other.meta.rhythm - one.meta.rhythm)[0];
    if (there) {
      for (const e of state.ends) e.millivolts += there.meta.baseline - state.baseline;
      state.baseline = there.meta.baseline;
    }
    state.trace = there || null;
  }
  const sampleTime = (t, s) => s >= t.x0 - t.dx && s <= t.x0 + t.dx * t._length;

  function hold(state, trace) {
    state.trace = trace;
    state.lead = trace.meta.lead;
    state.baseline = trace.meta.baseline;
  }
  /* The beats of a trace, as samples: where it is steep, and there where it stands out most. A T
     wave may be taller than its QRS complex and is never as steep. */
  function beatsOf(trace) {
    const steep = (n) => Math.abs(heightAt(trace, n + 1) - heightAt(trace, n - 1));
    const inner = Array.from({ length: Math.max(trace._length - 2, 0) }, (_, n) => n + 1);
    const enough = STEEP * Math.max(0, ...inner.map(steep));
    const found = [];
    for (const n of inner.filter((m) => steep(m) >= enough && steep(m) > 0)) {
      const last = found[found.length - 1];
      if (last === undefined || (n - last) * trace.dx > APART_S) found.push(n);
      else if (steep(n) > steep(last)) found[found.length - 1] = n;
    }
    return found.map((n) => extremeNear(trace, n));
  }
  /* Where a hand without a pointer begins: two neighbouring beats; on a trace that has none,
     anywhere. */
  function placeFirst(state, graph) {
    const all = traces(graph);
    hold(state, all.find((t) => t.meta.rhythm) || all.find((t) => t.meta.lead === "II") || all[0]);
    const beats = beatsOf(state.trace), whole = beats.filter((n) => n * state.trace.dx > WINDOW_S);
    const [first, second] = whole.length > 1 ? whole
      : [0.5, 1.5].map((s) => sampleAt(state.trace, state.trace.x0 + s));
    state.ends = [end(state.trace, first), end(state.trace, second)];
  }
  function toggle(page, byKey) {
    const state = stateOf(page), graph = graphOf(page);
    state.on = !state.on;
    const there = state.ends && traces(graph).some((t) => t.meta.lead === state.lead);
    if (state.on && byKey && !there) placeFirst(state, graph);
    watch(page);
    draw(page);
    if (state.on && byKey && state.trace) marks().ends(layerOf(page))[1].focus();
  }
  function watch(page) {
    const layer = layerOf(page), graph = graphOf(page);
    if (layer.watched === graph) return;
    layer.watched = graph;
    graph.on("plotly_afterplot", () => draw(page));
    new ResizeObserver(() => draw(page)).observe(graph);
  }

  /* by pointer */
  let dragged = null;
  function grabbed(page, state, event) {
    if (!state.ends || !state.trace) return null;
    const to = marks().scales(graphOf(page), layerOf(page));
    const x = event.clientX - layerOf(page).getBoundingClientRect().left;
    const far = state.ends.map((e) => Math.abs(to.x(e.seconds) - x));
    const nearest = far[0] < far[1] ? 0 : 1;
    return far[nearest] <= NEAR_PX ? nearest : null;
  }
  function down(event) {
    const layer = event.target.closest && event.target.closest(".calipers-layer.calipers-on");
    if (!layer || event.button !== 0) return;
    const page = pageOf(layer), state = stateOf(page), graph = graphOf(page);
    const at = dash_clientside.paper.place(graph, event.clientX, event.clientY);
    event.preventDefault();
    let n = state.open ? 1 : grabbed(page, state, event);
    if (n === null) {
      hold(state, dash_clientside.paper.traceAt(graph, at));
      const first = snapped(state, at);
      state.ends = [first, { ...first }];
      n = 1;
      state.open = true;
    } else state.open = false;
    dragged = { page, state, graph, n, x: event.clientX, open: state.open };
    move(event);
    marks().ends(layer)[n].focus({ preventScroll: true });
  }
  function move(event) {
    const page = here();
    const hand = dragged || (page && layerOf(page) && stateOf(page).open
      && { page, state: stateOf(page), graph: graphOf(page), n: 1 });
    if (!hand || !hand.state.trace) return;
    const at = dash_clientside.paper.place(hand.graph, event.clientX, event.clientY);
    hand.state.ends[hand.n] = snapped(hand.state, at);
    draw(hand.page);
  }
  function up(event) {
    // a drag has placed both ends; after a click the second one follows the pointer
    const moved = dragged && Math.abs(event.clientX - dragged.x);
    if (dragged && dragged.open && moved > NEAR_PX) dragged.state.open = false;
    dragged = null;
  }
  document.addEventListener("pointerdown", down);
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", up);

  /* by key, on the line that has the focus */
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  function nudge(page, n, [along, up], far) {
    const state = stateOf(page), trace = state.trace, now = state.ends[n];
    state.open = false;
    if (along && state.snap) {
      state.ends[n] = end(trace, sampleAt(trace, now.seconds + along * (far ? 10 : 1) * trace.dx));
    } else if (along) now.seconds += along * (far ? 10 : 1) * trace.dx;
    else if (!state.snap) now.millivolts += 0.01 * up * (far ? 10 : 1);
    else otherLead(state, graphOf(page), -up);
    draw(page);
  }
  function otherLead(state, graph, by) {
    const holds = (t) => state.ends.every((e) => sampleTime(t, e.seconds));
    const rows = traces(graph).filter(holds).sort((a, b) => a.meta.row - b.meta.row);
    const next = rows[rows.indexOf(state.trace) + by];
    if (!next) return;
    hold(state, next);
    state.ends = state.ends.map((e) => end(next, sampleAt(next, e.seconds)));
  }
  document.addEventListener("keydown", (event) => {
    const line = event.target.closest && event.target.closest(".caliper[data-end]");
    if (!line || !STEPS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    nudge(pageOf(line), Number(line.dataset.end), STEPS[event.key], event.shiftKey);
  }, true);

  /* what is kept with the reading */
  function keep(page) {
    const state = stateOf(page), ecg = ecgOf(page);
    if (!state.ends || !state.trace) return;
    const [from, till] = [...state.ends].sort((a, b) => a.seconds - b.seconds);
    const round = (value) => Math.round(1e4 * value) / 1e4;
    const one = {
      lead: state.lead, start_s: round(from.seconds), end_s: round(till.seconds),
      millivolts: round(till.millivolts - from.millivolts),
    };
    const before = kept.get(ecg) || [], text = JSON.stringify(one);
    if (before.some((other) => JSON.stringify(other) === text)) return; // it stands there already
    send(ecg, [...before, one]);
  }
  function send(ecg, list) {
    kept.set(ecg, list); // an answer may go out before Dash comes to it
    dash_clientside.set_props({ ecg: ecg, part: "measurements" }, { data: list });
  }

  function unkeep(ecg, nth) {
    send(ecg, kept.get(ecg).filter((_, n) => n !== nth));
  }

  const BUTTONS = ".caliper-tools button, .calipers-key, .kept button";
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(BUTTONS);
    if (!button) return;
    const page = pageOf(button), state = stateOf(page);
    const is = (name) => button.classList.contains(name);
    if (is("calipers-key")) return toggle(page, event.detail === 0);
    if (is("drop")) return unkeep(ecgOf(page), Number(button.dataset.nth));
    if (!state.on) return;
    if (is("snap")) state.snap = !state.snap;
    if (is("march-out")) state.march = !state.march;
    if (is("keep")) keep(page);
    if (is("clear")) state.ends = null;
    draw(page);
  });

  function item(one, n) {
    const ms = 1000 * (one.end_s - one.start_s);
    const told = words({ ms: ms, mv: one.millivolts, rate: ms >= 1 ? 60000 / ms : null });
    const drop = { type: "Button", namespace: "dash_html_components", props: {
      children: "Remove", className: "btn btn-sm btn-link drop", "data-nth": String(n),
      "aria-label": "Remove " + one.lead + " " + told,
    } };
    const props = { children: [one.lead + "  " + told, drop] };
    return { type: "Li", namespace: "dash_html_components", props: props };
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.calipers = {
    /* What Esc does first: take the calipers off. True where there was something to take off. */
    clear: function () {
      const page = here(), state = page && layerOf(page) && stateOf(page);
      if (!state || !state.on) return false;
      if (state.ends) state.ends = null;
      else state.on = false;
      state.open = false;
      draw(page);
      return true;
    },
    kept: (ecg) => kept.get(ecg) || [],
    list: function (measurements) {
      const ecg = dash_clientside.callback_context.inputs_list[0].id.ecg;
      kept.set(ecg, measurements || []);
      return kept.get(ecg).map(item);
    },
  };
})();
