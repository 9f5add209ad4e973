/// <reference types="vite/client" />
import { convexTest } from "convex-test";
import { registerChildren } from "../../client/test.js";
import schema from "../../convex/sessionTracker/schema.js";

const modules = import.meta.glob("../../convex/sessionTracker/**/*.ts");

/**
 * The component as the root of a test deployment, with the real limits of a transaction.
 * @param beside modules of a test, under the paths they would have in the component's folder
 */
export function setUpComponent(
  beside: Record<string, () => Promise<unknown>> = {},
) {
  const t = convexTest({
    schema,
    modules: { ...modules, ...beside },
    transactionLimits: true,
  });
  registerChildren(t);
  return t;
}
