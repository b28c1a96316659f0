// Text reaches the page only as text nodes. These patterns would let a string in as HTML.
const POPUPS = "/^(bindPopup|bindTooltip|openPopup|openTooltip|setPopupContent|setTooltipContent)$/";
const HTML_SINKS = "/^(innerHTML|outerHTML|srcdoc)$/";

export const TEXT_ONLY = [
  {
    selector: `CallExpression[callee.property.name=${POPUPS}]`,
    message: "No Leaflet popups or tooltips: a card in the panel shows text as text nodes.",
  },
  {
    selector: `AssignmentExpression[left.property.name=${HTML_SINKS}]`,
    message: "No HTML from strings: use textContent or JSX.",
  },
  {
    selector: "CallExpression[callee.property.name='insertAdjacentHTML']",
    message: "No HTML from strings: use textContent or JSX.",
  },
  {
    selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
    message: "No HTML from strings: use JSX children.",
  },
  {
    selector: "CallExpression[callee.object.name='document'][callee.property.name=/^write(ln)?$/]",
    message: "No document.write.",
  },
  {
    selector: "CallExpression[callee.object.name='L'][callee.property.name=/^(popup|tooltip)$/]",
    message: "No Leaflet popups or tooltips: a card in the panel shows text as text nodes.",
  },
  {
    selector: "CallExpression[callee.property.name='divIcon'] Property[key.name='html']",
    message: "No HTML from strings: a divIcon's html must not be given.",
  },
];
