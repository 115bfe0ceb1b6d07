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
    open: function (cell) {
      return cell && cell.rowId ? path(cell.rowId) : dash_clientside.no_update;
    },
    narrow: function (status, model) {
      const filters = Object.assign({}, model);
      delete filters.my_status;
      if (status !== "every") filters.my_status = { filterType: "text", type: "equals", filter: status };
      return filters;
    },
  };
})();
