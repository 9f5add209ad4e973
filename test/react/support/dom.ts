import { JSDOM } from "jsdom";

// react-dom looks for a browser when it is imported: import this file first. All else stays Node's, as
// the deployment in the same process needs it.
const { window } = new JSDOM("", {
  url: "http://localhost/",
  pretendToBeVisual: true,
});

/** Lets a target take the page's abort signals: jsdom takes only its own, and the page's are Node's. */
function listening(target: EventTarget) {
  const addEventListener = target.addEventListener.bind(target);
  return (
    type: string,
    listener: EventListener,
    options: AddEventListenerOptions | boolean = {},
  ) => {
    if (typeof options === "boolean" || options.signal === undefined) {
      return addEventListener(type, listener, options);
    }
    const { signal, ...others } = options;
    addEventListener(type, listener, others);
    signal.addEventListener("abort", () =>
      target.removeEventListener(type, listener, others),
    );
  };
}

const { document, location, navigator, localStorage, sessionStorage } = window;
Object.assign(document, { addEventListener: listening(document) });
Object.assign(globalThis, {
  window,
  document,
  location,
  navigator,
  localStorage,
  sessionStorage,
  addEventListener: listening(window),
  // React asks this variable whether updates are wrapped in `act`.
  IS_REACT_ACT_ENVIRONMENT: true,
});

/** Shows or hides the page. */
export function setVisibility(state: "visible" | "hidden"): void {
  Object.defineProperty(document, "visibilityState", {
    value: state,
    configurable: true,
  });
  document.dispatchEvent(new window.Event("visibilitychange"));
}

/** Whether the page would ask before it is left. */
export function asksBeforeLeaving(): boolean {
  const event = new window.Event("beforeunload", { cancelable: true });
  window.dispatchEvent(event);
  return event.defaultPrevented;
}
