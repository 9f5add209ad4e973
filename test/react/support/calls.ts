import { vi } from "vitest";
import type { LiveApp } from "./liveApp.js";

const MUTATIONS = [
  "trackSession",
  "trackUserAction",
  "endSession",
  "forgetSession",
];

/** The mutations that pages send over HTTP. */
export interface Calls {
  /** The names of the mutations, in order. */
  readonly sent: string[];
  /** The same, each as `name anonymousId`. */
  readonly told: string[];
  /**
   * Resolves when none is under way. An engine of one test with calls left would find the storage of
   * the next, and send the calls that wait there for its own visitor.
   */
  settled(): Promise<void>;
}

/** Follows the calls until globals are unstubbed. */
export function followCalls(app: LiveApp): Calls {
  const sent: string[] = [];
  const told: string[] = [];
  const underWay = new Set<Promise<unknown>>();
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", (...args: Parameters<typeof fetch>) => {
    const answer = fetch(...args);
    // The deployment in the same process makes requests of its own.
    if (args[0] === `${app.url}/api/mutation`) {
      const body = JSON.parse(args[1]?.body as string) as {
        path: string;
        args: [{ anonymousId?: string }];
      };
      const name = body.path.replace("sessions:", "");
      if (MUTATIONS.includes(name)) {
        sent.push(name);
        told.push(`${name} ${body.args[0].anonymousId}`);
      }
      const call = answer
        .then((response) => response.clone().arrayBuffer())
        .catch(() => undefined)
        .finally(() => underWay.delete(call));
      underWay.add(call);
    }
    return answer;
  });
  return {
    sent,
    told,
    async settled() {
      do {
        await Promise.all(underWay);
        // The engine reads the answer, and sends the next call.
        await new Promise((resolve) => setImmediate(resolve));
      } while (underWay.size > 0);
    },
  };
}
