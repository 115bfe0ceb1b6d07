/* What components/still.py sends: one element whose inside is HTML, and no component more. */
(function () {
  "use strict";
  function Still(props) {
    return React.createElement(props.tag, Object.assign({}, props.attributes, {
      dangerouslySetInnerHTML: { __html: props.inside },
    }));
  }
  window.trustecg = { Still: Still };
})();
