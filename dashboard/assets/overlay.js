/* How much is seen of the colours over the trace: a variable of the style sheet, so that the figure
   need not be drawn anew. The choice is kept in this browser, from one ECG to the next. */
(function () {
  "use strict";
  const KEY = "trustecg-opacity";
  const seen = new WeakMap(); // the controls that show what is kept, and the ECG of each
  const controlOf = (id) => document.getElementById(JSON.stringify(id, Object.keys(id).sort()));

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
      const before = kept(), control = controlOf(id), isNew = seen.get(control) !== id.ecg;
      seen.set(control, id.ecg);
      if (isNew && before && before !== Number(value)) {
        dash_clientside.set_props(id, { value: before });
        return dash_clientside.no_update;
      }
      keep(value);
      document.documentElement.style.setProperty("--overlay", value / 100);
      return dash_clientside.no_update;
    },
  };
})();
