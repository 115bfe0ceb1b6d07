/* How much is seen of the colours over the trace: a variable of the style sheet, so that the figure
   need not be drawn anew. The choice is kept in this browser, from one ECG to the next. */
(function () {
  "use strict";
  const KEY = "trustecg-opacity";
  const seen = new Set(); // the ECGs whose control has been set

  function kept() {
    try {
      return Number(localStorage.getItem(KEY)) || null;
    } catch (error) {
      return null; // a browser that keeps nothing
    }
  }
  function keep(value) {
    try {
      localStorage.setItem(KEY, value);
    } catch (error) {
      // storage is full or refused: it holds for this page
    }
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.overlay = {
    fade: function (value, id) {
      const before = kept();
      if (!seen.has(id.ecg) && before && before !== Number(value)) {
        seen.add(id.ecg);
        dash_clientside.set_props(id, { value: before });
        return dash_clientside.no_update;
      }
      seen.add(id.ecg);
      keep(value);
      document.documentElement.style.setProperty("--overlay", value / 100);
      return dash_clientside.no_update;
    },
  };
})();
