/*
 * Gives Node's own bytes back to an environment such as vitest's jsdom, which has put the page's in the place of some
 * of them: then bytes are not what they are checked for, and esbuild, which the deployment needs, refuses to be
 * loaded. To be imported before anything else.
 */

import { TextDecoder, TextEncoder } from "node:util";

const ofNode = Object.getPrototypeOf(Buffer.prototype) as Uint8Array;

if (
  !(new globalThis.TextEncoder().encode("") instanceof globalThis.Uint8Array)
) {
  Object.assign(globalThis, {
    TextDecoder,
    TextEncoder,
    Uint8Array: ofNode.constructor,
  });
}
