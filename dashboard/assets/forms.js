/* Enter in a field presses the button that its form names with data-enter, as a browser does in a
   form of its own. Not in a list: there it may be on what has just been chosen. */
(function () {
  "use strict";
  const FIELD = "[data-enter] input:not([type=checkbox]):not([type=radio])";

  document.addEventListener("keydown", (event) => {
    const { key, repeat, isComposing, target } = event;
    if (key !== "Enter" || repeat || isComposing) return; // held down, or ending a letter
    if (!target.matches || !target.matches(FIELD)) return;
    event.preventDefault();
    document.getElementById(target.closest("[data-enter]").dataset.enter).click();
  });
})();
