/**
 * Run in an app, with the address of its deployment and this repository's folder: hydrates a page that
 * passes the hook's value over a Suspense boundary whose code is late. Prints the result.
 */
import console from "node:console";
import { createRequire } from "node:module";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";

const [url, root] = process.argv.slice(2);
globalThis.setTimeout(() => process.exit(1), 60_000).unref();
const require = createRequire(`${root}/package.json`);
const { JSDOM } = require("jsdom");
const { WebSocket } = require("ws");

const { window } = new JSDOM("<main></main>", { url: "http://localhost/" });
for (const name of ["window", "document", "navigator", "localStorage"]) {
  Object.defineProperty(globalThis, name, {
    value: name === "window" ? window : window[name],
    configurable: true,
  });
}
globalThis.addEventListener = () => {};

// react-dom looks for a browser when it is imported.
const React = await import("react");
const { hydrateRoot } = await import("react-dom/client");
const { renderToString } = await import("react-dom/server");
const { ConvexProvider, ConvexReactClient } = await import("convex/react");
const { anyApi } = await import("convex/server");
const { useSessionTracker } = await import("sessions-ops/react");

const client = new ConvexReactClient(url, {
  webSocketConstructor: WebSocket,
  logger: false,
});
const Tracked = React.createContext(null);
function App({ Child }) {
  const tracked = useSessionTracker({ functions: anyApi.visits });
  return React.createElement(
    Tracked.Provider,
    { value: tracked },
    React.createElement(
      React.Suspense,
      { fallback: "Loading" },
      React.createElement(Child),
    ),
  );
}
function Id() {
  const { anonymousId } = React.useContext(Tracked);
  return React.createElement("i", null, anonymousId ?? "nobody");
}
const page = (Child) =>
  React.createElement(
    ConvexProvider,
    { client },
    React.createElement(App, { Child }),
  );

window.localStorage.setItem("anonymousUserId", "user123");
const container = window.document.querySelector("main");
container.innerHTML = renderToString(page(Id));
const rendered = container.querySelector("i");
let load;
const Late = React.lazy(() => new Promise((resolve) => (load = resolve)));
const errors = [];
hydrateRoot(container, page(Late), {
  onRecoverableError: (error) => errors.push(String(error)),
});
const texts = new Set([container.textContent]);
new window.MutationObserver(() => texts.add(container.textContent)).observe(
  container,
  { childList: true, subtree: true, characterData: true },
);
// The visitor's session arrives while the boundary waits.
while (!client.connectionState().isWebSocketConnected) await wait(20);
await wait(200);
load({ default: Id });
while (container.textContent !== "user123") await wait(20);
console.log(
  JSON.stringify({
    version: React.version,
    errors,
    texts: [...texts],
    isKept: container.querySelector("i") === rendered,
  }),
);
process.exit(0);
