/* The ECG paper under hand: choices by key, one lead alone, and the same choices on pages that
   wait. Where a lead lies is read from the figure that plotly has drawn. */
(function () {
  "use strict";
  const LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"];
  const CLICK_PX = 6; // farther, it was no click
  const NEAR_S = 0.02; // either way, in which a trace is near
  const PARTS = ["sheet", "speed", "gain", "signal"];
  const pointer = { x: -1, y: -1 };
  const shown = {}; // by ECG: what its paper shows
  const set = (ecg, part, prop, value) =>
    dash_clientside.set_props({ ecg: ecg, part: part }, { [prop]: value });

  const graphOf = (page) => page.querySelector(".paper .js-plotly-plot");
  const ecgOf = (inside) => Number(inside.closest("[data-ecg]").dataset.ecg);

  /* Seconds and millivolts of the paper under a point of the window. */
  function place(graph, x, y) {
    const frame = graph.getBoundingClientRect();
    const { xaxis, yaxis } = graph._fullLayout;
    return {
      inside: x >= frame.left && x <= frame.right && y >= frame.top && y <= frame.bottom,
      seconds: xaxis.p2d(x - frame.left - xaxis._offset),
      millivolts: yaxis.p2d(y - frame.top - yaxis._offset),
    };
  }
  /* How far a trace runs from a height, near these seconds. */
  function gap(trace, at) {
    const middle = Math.round((at.seconds - trace.x0) / trace.dx);
    const reach = Math.ceil(NEAR_S / trace.dx);
    let low = Infinity, high = -Infinity;
    for (let n = Math.max(0, middle - reach); n <= middle + reach && n < trace._length; n++) {
      const height = trace.y[n] / 1000; // what is no number is neither lower nor higher
      if (height < low) low = height;
      if (height > high) high = height;
    }
    return Math.max(low - at.millivolts, at.millivolts - high);
  }
  /* The trace at these seconds that runs nearest: the tip of a tall wave lies nearer to the
     baseline above it than to its own. */
  function traceAt(graph, at) {
    const end = (trace) => trace.x0 + trace.dx * trace._length;
    const far = (trace) => Math.abs(trace.meta.baseline - at.millivolts);
    const there = graph._fullData.filter((trace) => trace.meta && trace.meta.lead);
    const beside = there.filter((trace) => at.seconds >= trace.x0 && at.seconds <= end(trace));
    const by = beside.length ? gap : far;
    return (beside.length ? beside : there)
      .sort((one, other) => by(one, at) - by(other, at))[0];
  }
  function leadUnderPointer(graph) {
    const at = place(graph, pointer.x, pointer.y);
    return at.inside ? traceAt(graph, at).meta.lead : "II";
  }

  function step(page, part, by, round) {
    const options = [...page.querySelectorAll(".paper-tools ." + part + " input")];
    const now = options.findIndex((option) => option.checked);
    const next = round ? (now + by) % options.length : now + by;
    if (options[next] && !options[next].checked) options[next].click();
  }
  /* The lead that is alone on the sheet; read from the sheet, which may lag behind the keys. */
  function aloneOn(page) {
    const name = graphOf(page).layout.meta.layout;
    return LEADS.includes(name) ? name : null;
  }
  function alone(page, lead) {
    set(ecgOf(page), "alone", "data", lead);
  }
  function zoom(page) {
    alone(page, aloneOn(page) ? null : leadUnderPointer(graphOf(page)));
  }
  function neighbour(page, by) {
    const now = aloneOn(page);
    if (now) alone(page, LEADS[(LEADS.indexOf(now) + by + LEADS.length) % LEADS.length]);
  }
  function slide(page, by) {
    const sheet = page.querySelector(".paper-sheet");
    sheet.scrollLeft += (by * sheet.clientWidth) / 2;
  }

  const does = {
    l: (page) => step(page, "sheet", 1, true),
    "+": (page) => step(page, "gain", 1, false),
    "-": (page) => step(page, "gain", -1, false),
    s: (page) => step(page, "speed", 1, true),
    f: (page) => step(page, "signal", 1, true),
    z: zoom,
    "[": (page) => neighbour(page, -1),
    "]": (page) => neighbour(page, 1),
    ",": (page) => slide(page, -1),
    ".": (page) => slide(page, 1),
  };

  const within = (box, event) => event.clientX >= box.left && event.clientX <= box.right
    && event.clientY >= box.top && event.clientY <= box.bottom;
  const pageOf = (event) => event.target.closest && event.target.closest(".paper-sheet")
    && event.target.closest(".read");
  document.addEventListener("pointermove", (event) => {
    pointer.x = event.clientX;
    pointer.y = event.clientY;
  }, { passive: true });
  document.addEventListener("dblclick", (event) => {
    const page = pageOf(event);
    if (page && !page.querySelector(".calipers-on")) zoom(page);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".all-leads");
    if (button) alone(button.closest(".read"), null);
  });
  /* A name is chosen by where the pointer goes down: plotly covers the page from then on, and a
     sheet that is drawn anew before the pointer goes up has its names elsewhere. */
  let pressed = null; // page, name and place
  document.addEventListener("pointerdown", (event) => {
    const page = event.button === 0 && pageOf(event);
    pressed = null;
    if (!page || page.querySelector(".calipers-on") || aloneOn(page)) return;
    const named = [...page.querySelectorAll(".paper-frame .textpoint text")]
      .find((name) => within(name.getBoundingClientRect(), event));
    if (!named) return;
    pressed = { page: page, lead: named.textContent, x: event.clientX, y: event.clientY };
  });
  document.addEventListener("pointerup", (event) => {
    const moved = pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y);
    if (pressed && moved < CLICK_PX) alone(pressed.page, pressed.lead);
    pressed = null;
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.paper = {
    place: place,
    traceAt: traceAt,
    press: (key, page) => {
      if (graphOf(page) && graphOf(page)._fullLayout) does[key](page);
    },
    all: (page) => {
      for (const button of page.querySelectorAll(".all-leads:not([hidden])")) button.click();
    },
    /* What is chosen at the ECG on screen is chosen at those that wait behind it. */
    arrange: function (now) {
      const ecg = dash_clientside.callback_context.inputs_list[0].id.ecg;
      shown[ecg] = now;
      const page = document.querySelector('.read[data-ecg="' + ecg + '"]');
      if (!page) return dash_clientside.no_update;
      page.querySelector(".all-leads").hidden = !now.lead;
      if (page.closest(".waiting")) return dash_clientside.no_update;
      for (const other of document.querySelectorAll(".waiting .read")) {
        for (const part of PARTS) {
          const chosen = shown[ecgOf(other)];
          if (chosen && chosen[part] !== now[part]) set(ecgOf(other), part, "value", now[part]);
        }
      }
      return dash_clientside.no_update;
    },
    reload: function (chosen) {
      if (chosen) location.reload();
      return dash_clientside.no_update;
    },
  };
})();
