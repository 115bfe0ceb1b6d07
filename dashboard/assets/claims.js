/* An ECG that a worklist holds for this reader is given back when its page is left; what its page
   asks follows what is held. */
(function () {
  "use strict";
  let held = null; // the ECG, as the server said last
  let here = null; // the ECG on screen
  let asked = 0; // panels made anew
  const AFTER_MS = 500; // the server has heard of it by then
  const tabs = new BroadcastChannel("trustecg-released");

  /* What one window gives back is held on to by another one that shows it. */
  tabs.onmessage = (event) => {
    if (event.data !== here) return;
    const again = { n_intervals: Math.floor(performance.now()) };
    setTimeout(() => dash_clientside.set_props("hold-tick", again), AFTER_MS);
  };

  /* Its page may be left before the server has said anything of it. */
  function isHeld(ecg) {
    return ecg === held || document.querySelector('.read[data-ecg="' + ecg + '"][data-held=yes]');
  }

  function release(ecg) {
    if (ecg === null || !isHeld(ecg)) return;
    const body = new URLSearchParams({ ecg: ecg });
    const { drawnFor, token } = dash_clientside.session;
    const headers = drawnFor({ "X-CSRFToken": token() }); // it is nobody else's to give back
    held = null;
    // keepalive: it goes out though the page is gone
    const sent = { method: "POST", keepalive: true, body: body, headers: headers };
    fetch("/release", sent).catch(() => {}); // the lease runs out by itself
    tabs.postMessage(ecg);
  }

  /* A page that refuses an answer asks for one once it may be given, and the other way round while
     nothing is entered: what is typed stays, and is kept as a draft. */
  function ask(found) {
    const panel = document.querySelector('.read[data-ecg="' + found.ecg + '"] .read-panel');
    if (!panel) return;
    const refuses = panel.matches(".refused");
    const entered = panel.querySelector("input:checked") ||
      [...panel.querySelectorAll("textarea")].some((text) => text.value);
    const untouched = panel.matches(".blind") && !entered;
    if ("lost" in found ? untouched : refuses) {
      const part = { ecg: found.ecg, part: "stored" };
      dash_clientside.set_props(part, { data: "claim " + ++asked });
    }
  }

  window.addEventListener("pagehide", () => release(here));

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.claims = {
    holds: function (found) {
      held = found && found.worklist ? found.ecg : null;
      if (held !== null && held !== here) release(held); // its page was left meanwhile
      else if (found && found.ecg === here) ask(found);
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
