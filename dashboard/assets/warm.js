/* Plotly draws one small sheet that nobody sees while the server makes the first ECG's page: a
   browser that has never been here compiles then what it would else compile while the reader
   waits for the paint. The sheet has every kind of mark that figures/paper.py draws. */
(function () {
  "use strict";
  const bare = { range: [0, 1], fixedrange: true, constrain: "domain", showgrid: false };
  const ink = { type: "scatter", hoverinfo: "skip", yaxis: "y2", line: { simplify: false } };
  const path = { type: "path", path: "M0,0V1", layer: "below", line: { width: 1 } };
  const words = { text: "0 s", x: 0, y: 0, showarrow: false, xanchor: "left" };
  const SHEET = {
    data: [
      { ...ink, mode: "lines", yaxis: "y", x: [0, 1, null], y: [0, 1, null] },
      { ...ink, mode: "lines", x0: 0, dx: 1, y: [0, 1] },
      { ...ink, mode: "text", x: [0], y: [0], text: ["I"], textposition: "middle right" },
    ],
    layout: {
      width: 120,
      height: 90,
      margin: { l: 0, r: 0, t: 0, b: 0, pad: 0 },
      xaxis: { ...bare, tickvals: [0, 1], ticktext: ["0 s", "1"], ticks: "inside",
        ticklabelposition: "inside" },
      yaxis: { ...bare, scaleanchor: "x", showticklabels: false },
      yaxis2: { ...bare, scaleanchor: "x", showticklabels: false, overlaying: "y" },
      shapes: [path],
      annotations: [words],
      showlegend: false,
      hovermode: false,
      dragmode: false,
    },
    config: { displayModeBar: false },
  };
  let warm = false;

  async function up() {
    if (warm || !window.Plotly) return;
    warm = true;
    const sheet = document.createElement("div");
    sheet.className = "waiting";
    document.body.append(sheet);
    try {
      await Plotly.newPlot(sheet, SHEET);
      Plotly.purge(sheet);
    } catch (error) {
      // the first ECG takes a moment longer
    } finally {
      sheet.remove();
    }
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.warm = { up: up };
})();
