/* What an adjudicator enters is kept in this browser until it is stored, for them alone and for the
   case that they saw: once other answers are there, a verdict would be one on something else. */
(function () {
  "use strict";
  const CHANGED = "Since you entered something here, the answers or the verdict that stands have "
    + "changed: look at them, and give your verdict again.";
  const begun = new Map(); // form -> what the server sent with it
  const places = new Map(); // ECG -> where what is entered on it is kept

  function compose(verdicts, unreadable, comment, ids) {
    const given = {};
    ids.forEach((id, n) => { if (verdicts[n]) given[id.class] = verdicts[n]; });
    return { verdicts: given, unreadable: Boolean(unreadable), comment: comment || "" };
  }
  function restore(ids, kept, same) {
    const set = (id, value) => dash_clientside.set_props(id, { value: value });
    const part = (name) => ({ ecg: ids[0].ecg, part: "settle-" + name });
    if (same || kept.comment) set(part("comment"), kept.comment); // which is lost in no case
    if (!same) return;
    ids.forEach((id) => set(id, kept.verdicts[id.class] || null));
    set(part("unreadable"), kept.unreadable);
  }
  function open(draft, ids) {
    places.set(ids[0].ecg, draft.key);
    const text = dash_clientside.kept.read(draft.key);
    if (!text) return "";
    const { seen, entered } = JSON.parse(text), same = seen === draft.seen;
    if (!same) dash_clientside.kept.write(draft.key, null);
    restore(ids, entered, same);
    return same ? "" : CHANGED;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.adjudicate = {
    keep: function (verdicts, unreadable, comment, ids, draft) {
      const entered = compose(verdicts, unreadable, comment, ids), text = JSON.stringify(entered);
      if (!begun.has(draft.form)) {
        begun.set(draft.form, text);
        return open(draft, ids);
      }
      const unsent = JSON.stringify({ seen: draft.seen, entered: entered });
      dash_clientside.kept.write(draft.key, text === begun.get(draft.form) ? null : unsent);
      return dash_clientside.no_update;
    },
    stored: (ecg) => dash_clientside.kept.write(places.get(ecg), null),
  };
})();
