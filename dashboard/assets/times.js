/* Times come in UTC and are shown in the zone of the reader. */
(function () {
  "use strict";
  function show(stamp) {
    const at = new Date(stamp.dateTime);
    if (isNaN(at) || stamp.dataset.shown === stamp.dateTime) return;
    stamp.dataset.shown = stamp.dateTime;
    stamp.title = at.toString();
    const time = at.toLocaleTimeString("en-GB");
    const day = at.toLocaleDateString("sv-SE"); // year-month-day
    const minute = time.slice(0, 5);
    const shown = { date: day + " " + minute, minute: minute };
    stamp.textContent = shown[stamp.dataset.shows] || time;
  }
  function showAll() {
    document.querySelectorAll("time.local-time").forEach(show);
  }
  new MutationObserver(showAll).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["datetime"],
  });
})();
