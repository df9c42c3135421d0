/**
 * Creates an element. Properties are set as properties, `class` and names with a dash as attributes, functions named
 * `on...` as listeners; children that are null are left out.
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  apply(element, properties);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** The same for SVG, where everything is an attribute. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

function apply(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class' || name === 'for' || name.includes('-')) element.setAttribute(name, value);
    else element[name] = value;
  }
}

/** A number with about three significant digits, for reading. */
export function short(value) {
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  return size >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** A probability in percent: 99.8 %, 0.04 %, never a rounded 100 % that is not one. */
export function percent(share) {
  if (!Number.isFinite(share)) return 'not a number'; // NaN is null in JSON
  const value = share * 100;
  if (value > 99.95 && value < 100) return '> 99.9 %';
  if (value >= 0.1) return `${value.toFixed(1)} %`;
  return value === 0 ? '0 %' : value < 0.01 ? '< 0.01 %' : `${value.toFixed(2)} %`;
}

/** Milliseconds, finer where there are few. */
export function milliseconds(ms) {
  if (ms >= 100) return `${ms.toFixed(0)} ms`;
  return ms >= 10 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(2)} ms`;
}

/** Copies what `textOf()` answers when the button is pressed, and says so on it; `onRefused` where the browser does not let it. */
export function copyOnClick(button, textOf, onRefused = () => {}) {
  const title = button.textContent;
  button.addEventListener('click', async () => {
    const isCopied = await (navigator.clipboard?.writeText(textOf()) ?? Promise.reject()).then(
      () => true,
      () => false,
    );
    if (!isCopied) onRefused();
    button.textContent = isCopied ? 'Copied' : 'Press Ctrl+C';
    setTimeout(() => (button.textContent = title), 2000);
  });
}
