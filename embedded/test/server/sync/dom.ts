import { JSDOM } from "jsdom";

// react-dom looks for a browser when it is imported: import this first. All else stays Node's, as
// the deployment in the same process needs it.
const { window } = new JSDOM();
const { document, navigator } = window;
Object.assign(globalThis, { window, document, navigator });
