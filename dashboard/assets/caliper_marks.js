/* How calipers look: two lines, the interval between them, its repeats, and the numbers, in an SVG
   over the ECG figure. Nothing is kept here; assets/calipers.js says what to draw. */
(function () {
  "use strict";
  const NS = "http://www.w3.org/2000/svg";
  const LABEL_PX = 20; // height of the numbers
  const BESIDE_PX = 8; // from the ends to numbers that stand beside them
  const SHORTEST_S = 0.04; // between marks of a march: closer ones are a smear

  function element(name, className, parent) {
    const made = document.createElementNS(NS, name);
    if (className) made.setAttribute("class", className);
    parent.append(made);
    return made;
  }
  function attributes(it, values) {
    for (const [name, value] of Object.entries(values)) it.setAttribute(name, value);
  }

  /* The elements within a layer, made once, so that a focused one keeps the focus. */
  function parts(layer) {
    if (layer.marks) return layer.marks;
    const svg = element("svg", "caliper-marks", layer);
    const march = element("path", "march", svg);
    const level = element("path", "level", svg);
    const bar = element("path", "span", svg);
    const ends = [1, 2].map((n) => {
      const end = element("g", "caliper", svg);
      attributes(end, {
        tabindex: 0, role: "slider", "aria-label": "Caliper " + n, "data-end": n - 1,
      });
      element("path", "grip", end);
      element("path", "line", end);
      return end;
    });
    const back = element("rect", "label-back", svg);
    const label = element("text", "label", svg);
    layer.marks = { svg, march, level, bar, ends, back, label };
    return layer.marks;
  }

  /* From seconds and millivolts of the paper to pixels of the layer. */
  function scales(graph, layer) {
    const at = graph.getBoundingClientRect(), origin = layer.getBoundingClientRect();
    const { xaxis, yaxis } = graph._fullLayout;
    return {
      x: (seconds) => at.left - origin.left + xaxis._offset + xaxis.d2p(seconds),
      y: (millivolts) => at.top - origin.top + yaxis._offset + yaxis.d2p(millivolts),
    };
  }

  /* The heights that traces take between two places, as pairs of pixels. */
  function taken(graph, to, left, right) {
    const found = [];
    for (const trace of graph._fullData) {
      if (!trace.meta || !trace.meta.lead) continue;
      let low = Infinity, high = -Infinity;
      const first = Math.max(0, Math.floor((left - to.x(trace.x0)) / (to.x(trace.dx) - to.x(0))));
      for (let n = first; n < trace._length; n++) {
        if (to.x(trace.x0 + n * trace.dx) > right) break;
        const y = to.y(trace.y[n] / 1000);
        if (y < low) low = y;
        if (y > high) high = y;
      }
      if (low <= high) found.push([low, high]);
    }
    return found;
  }
  /* The heights that the names of leads and the words of the paper take there; all but the
     watermark, which anything may lie over. */
  function named(graph, layer, left, right) {
    const origin = layer.getBoundingClientRect();
    const WORDS = ".textpoint text, .annotation:not([data-index='1']) text";
    return [...graph.querySelectorAll(WORDS)].map((text) => text.getBoundingClientRect())
      .filter((box) => box.right - origin.left > left - 2 && box.left - origin.left < right + 2)
      .map((box) => [box.top - origin.top, box.bottom - origin.top]);
  }
  /* Where the numbers stand: over the ends, else beside them, as near to the middle as no trace
     runs through them and no name is covered; nowhere where rows leave no room for them, as the
     tools above the sheet say the same. */
  function freePlace(graph, layer, to, lefts, wide, middle, height) {
    const columns = lefts.map((left) => ({
      left: left,
      runs: [...taken(graph, to, left, left + wide), ...named(graph, layer, left, left + wide)],
    }));
    for (let away = 0; away < height; away += 4) {
      for (const top of [middle - away - LABEL_PX, middle + away]) {
        if (top < 0 || top + LABEL_PX > height) continue;
        const clear = ([low, high]) => high < top - 2 || low > top + LABEL_PX + 2;
        const found = columns.find((column) => column.runs.every(clear));
        if (found) return { left: found.left, top: top };
      }
    }
    return null;
  }

  function numbers(layer, graph, to, state, words) {
    const { label, back } = layer.marks;
    label.textContent = words;
    const wide = label.getComputedTextLength() + 12;
    const ends = state.ends.map((end) => to.x(end.seconds));
    const [from, till] = ends.sort((one, other) => one - other);
    const edge = graph.getBoundingClientRect(), origin = layer.getBoundingClientRect();
    const least = edge.left - origin.left;
    const within = (left) => Math.min(Math.max(left, least), least + edge.width - wide);
    const lefts = [(from + till - wide) / 2, till + BESIDE_PX, from - BESIDE_PX - wide].map(within);
    const middle = to.y(state.trace.meta.baseline);
    const free = freePlace(graph, layer, to, lefts, wide, middle, edge.height);
    for (const part of [label, back]) part.classList.toggle("nowhere", !free);
    if (!free) return;
    const { left, top } = free;
    attributes(label, { x: left + 6, y: top + 14 });
    attributes(back, { x: left, y: top, width: wide, height: LABEL_PX, rx: 3 });
  }

  function marched(graph, to, state) {
    const [from, till] = state.ends.map((end) => end.seconds).sort((one, other) => one - other);
    const step = till - from;
    if (!state.march || step < SHORTEST_S) return "";
    const sameRow = (t) => t.meta && t.meta.lead && t.meta.row === state.trace.meta.row;
    const row = graph._fullData.filter(sameRow);
    const first = Math.min(...row.map((t) => t.x0));
    const last = Math.max(...row.map((t) => t.x0 + t.dx * (t._length - 1)));
    const { baseline } = state.trace.meta;
    let path = "";
    for (let n = Math.ceil((first - from) / step); from + n * step <= last; n++) {
      if (n === 0 || n === 1) continue; // the ends themselves
      path += "M" + to.x(from + n * step) + "," + to.y(baseline + 0.9) + "V" + to.y(baseline - 0.5);
    }
    return path;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.caliper_marks = {
    scales: scales,
    ends: (layer) => parts(layer).ends,
    hide: (layer) => parts(layer).svg.classList.add("empty"),
    /* Draw the state: its trace, its two ends in seconds and millivolts of the paper, the words. */
    draw: function (layer, graph, state, words, spoken) {
      const { svg, march, level, bar, ends } = parts(layer), to = scales(graph, layer);
      svg.classList.remove("empty");
      const { baseline } = state.trace.meta;
      const top = to.y(baseline + 1.2), bottom = to.y(baseline - 0.8);
      ends.forEach((end, n) => {
        const { seconds, millivolts } = state.ends[n];
        const x = to.x(seconds), y = to.y(millivolts);
        const path = "M" + x + "," + Math.min(top, y - 6) + "V" + Math.max(bottom, y + 6);
        const tick = "M" + (x - 5) + "," + y + "H" + (x + 5);
        end.querySelector(".line").setAttribute("d", path + tick);
        end.querySelector(".grip").setAttribute("d", path);
        attributes(end, {
          "aria-valuenow": Math.round(1000 * seconds), "aria-valuemin": 0, "aria-valuemax": 10000,
          "aria-valuetext": spoken[n],
        });
      });
      const [a, b] = state.ends.map((end) => ({ x: to.x(end.seconds), y: to.y(end.millivolts) }));
      bar.setAttribute("d", "M" + a.x + "," + bottom + "H" + b.x);
      const across = "M" + a.x + "," + a.y + "H" + b.x, along = "M" + b.x + "," + a.y + "V" + b.y;
      level.setAttribute("d", across + along);
      march.setAttribute("d", marched(graph, to, state));
      numbers(layer, graph, to, state, words);
    },
  };
})();
