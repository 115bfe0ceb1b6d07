/* Opening a record from the grid by click or Enter, and the choice of a status. */
(function () {
  "use strict";
  const path = (ecg) => "/read/" + encodeURIComponent(ecg);

  window.dashAgGridFunctions = window.dashAgGridFunctions || {};
  window.dashAgGridFunctions.openOnEnter = function (params) {
    if (params.event.key === "Enter" && params.data) {
      dash_clientside.set_props("location", { pathname: path(params.data.ecg_id) });
    }
  };

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.worklist = {
    /* Rows that come in when the page was left say nothing of what is read by then. */
    order: (asked) => (asked && location.pathname === "/" ? asked : dash_clientside.no_update),
    open: function (cell) {
      return cell && cell.rowId ? path(cell.rowId) : dash_clientside.no_update;
    },
    /* The choice above the grid and the grid's own filter are one thing. */
    narrow: function (status, model) {
      const none = dash_clientside.no_update;
      const chosen = (model && model.my_status && model.my_status.filter) || "every";
      if (chosen === status) return [none, none];
      if (dash_clientside.callback_context.triggered_id === "worklist") return [none, chosen];
      const filters = Object.assign({}, model);
      delete filters.my_status;
      if (status !== "every") {
        filters.my_status = { filterType: "text", type: "equals", filter: status };
      }
      return [filters, none];
    },
  };
})();
