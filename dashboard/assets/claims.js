/* An ECG that a worklist holds for this reader is given back when its page is left. */
(function () {
  "use strict";
  let held = null; // the ECG

  function token() {
    const found = /(?:^|; )_csrf_token=([^;]*)/.exec(document.cookie);
    return found ? decodeURIComponent(found[1]) : "";
  }

  function release() {
    if (held === null) return;
    const body = new URLSearchParams({ ecg: held });
    held = null;
    // keepalive: it goes out though the page is gone
    const sent = { method: "POST", keepalive: true, body: body, headers: { "X-CSRFToken": token() } };
    fetch("/release", sent).catch(() => {}); // the lease runs out by itself
  }

  window.addEventListener("pagehide", release);

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.claims = {
    holds: function (found) {
      held = found && location.pathname === "/read/" + found.ecg ? found.ecg : null;
      return dash_clientside.no_update;
    },
    moved: function (path) {
      if (path !== "/read/" + held) release();
      return dash_clientside.no_update;
    },
  };
})();
