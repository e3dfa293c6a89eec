/** Helpers that build elements. None of them parses markup, so text is always just text. */

type Attributes = Readonly<Record<string, string | number | boolean | ((event: never) => void)>>;

/**
 * Create an element: "div", or "div.bar.low" with classes. Attributes that are functions become
 * event listeners.
 */
export function make<K extends keyof HTMLElementTagNameMap>(
  what: K | `${K}.${string}`,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag as K);
  element.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value as EventListener);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Create a 16 × 16 icon; a path that starts with ! is filled. */
export function icon(...paths: string[]): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  for (const text of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", text.replace("!", ""));
    if (text.startsWith("!")) path.setAttribute("class", "full");
    svg.append(path);
  }
  return svg;
}

export function button(
  label: string,
  content: Node | string,
  click: () => void,
): HTMLButtonElement {
  return make("button", { type: "button", "aria-label": label, title: label, click }, content);
}

/** A slider; `change` gets the value as it moves, `release` when it is let go. */
export function slider(
  label: string,
  range: readonly [low: number, high: number, step: number],
  value: number,
  change?: (value: number) => void,
  release?: (value: number) => void,
): HTMLInputElement {
  const [min, max, step] = range;
  const input = make("input", { type: "range", min, max, step, "aria-label": label, title: label });
  input.value = String(value);
  const listen = (type: string, listener: typeof release) =>
    input.addEventListener(type, () => listener?.(Number(input.value)));
  listen("input", change);
  listen("change", release);
  return input;
}

/** Create a drop-down list; `change` receives the chosen value. */
export function choice(
  label: string,
  options: Readonly<Record<string, string>>,
  change: (value: string) => void,
): HTMLSelectElement {
  const select = make("select", { "aria-label": label, title: label });
  for (const [value, text] of Object.entries(options))
    select.append(make("option", { value }, text));
  select.addEventListener("change", () => change(select.value));
  return select;
}

/** Put a visible label in front of controls. */
export const labelled = (text: string, ...controls: HTMLElement[]): HTMLElement =>
  make("label", {}, make("span.label", {}, text), ...controls);

/** Create a toolbar: a single Tab stop, within which the arrow keys move the focus. */
export function toolbar(label: string, ...children: (HTMLElement | string)[]): HTMLElement {
  const bar = make("div.toolbar", { role: "toolbar", "aria-label": label }, ...children);
  const all = () => [...bar.querySelectorAll<HTMLElement>("button, select")];
  const stop = (one: HTMLElement) => {
    for (const other of all()) other.tabIndex = other === one ? 0 : -1;
  };
  bar.addEventListener("focusin", (event) => stop(event.target as HTMLElement));
  bar.addEventListener("keydown", (event) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -999, End: 999 };
    const step = steps[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const usable = all().filter((one) => !(one as HTMLButtonElement).disabled && one.offsetParent);
    const now = usable.indexOf(event.target as HTMLElement);
    usable[Math.min(Math.max(now + step, 0), usable.length - 1)]?.focus();
    consume(event);
  });
  const [first] = all();
  if (first) stop(first);
  return bar;
}

/** Add an event listener; returns how to remove it. */
export function listen<E extends Event>(
  target: EventTarget,
  type: string,
  listener: (event: E) => void,
  capture = false,
): () => void {
  target.addEventListener(type, listener as EventListener, capture);
  return () => target.removeEventListener(type, listener as EventListener, capture);
}

/** Keep an event from the browser and from the host. */
export function consume(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}

/** Add a style sheet, in the way that pages with a content security policy allow. */
export function addStyle(root: DocumentOrShadowRoot, css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

/** Wrap `work` so that it runs at most once per animation frame, however often it is requested. */
export function eachFrame(work: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      work();
    });
  };
}

/** Fill a rectangle. */
export function block(
  context: CanvasRenderingContext2D,
  colour: string,
  alpha: number,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.fillRect(x, y, width, height);
  context.globalAlpha = 1;
}

export const press = (element: Element, on: boolean): void =>
  element.setAttribute("aria-pressed", String(on));
