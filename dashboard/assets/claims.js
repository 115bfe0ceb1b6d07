/* An ECG that a worklist holds for this reader is given back when its page is left. */
(function () {
  "use strict";
  let held = null; // the ECG, as the server said last
  let here = null; // the ECG on screen

  /* Its page may be left before the server has said anything of it. */
  function isHeld(ecg) {
    return ecg === held || document.querySelector('.read[data-ecg="' + ecg + '"][data-held=yes]');
  }

  function release(ecg) {
    if (ecg === null || !isHeld(ecg)) return;
    const body = new URLSearchParams({ ecg: ecg });
    const headers = { "X-CSRFToken": dash_clientside.session.token() };
    held = null;
    // keepalive: it goes out though the page is gone
    const sent = { method: "POST", keepalive: true, body: body, headers: headers };
    fetch("/release", sent).catch(() => {}); // the lease runs out by itself
  }

  window.addEventListener("pagehide", () => release(here));

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.claims = {
    holds: function (found) {
      held = found ? found.ecg : null;
      return dash_clientside.no_update;
    },
    moved: function (path) {
      const before = here;
      const found = /^\/read\/(\d+)\/?$/.exec(path || "");
      here = found ? Number(found[1]) : null;
      if (before !== here) release(before);
      return dash_clientside.no_update;
    },
  };
})();
