/// <reference types="vite/client" />
import { convexTest } from "convex-test";
import { registerChildren } from "../../../client/test.js";
import schema from "../../../convex/sessionTracker/schema.js";

const COMPONENT = "../../../convex/sessionTracker";
const modules = import.meta.glob("../../../convex/sessionTracker/**/*.ts");

/**
 * The component as the root of a test deployment, with the real limits of a transaction.
 * @param beside modules of a test, by the names that they have in the component for it
 */
export function setUpComponent(
  beside: Record<string, () => Promise<unknown>> = {},
) {
  const added = Object.entries(beside).map(
    ([name, load]) => [`${COMPONENT}/${name}.ts`, load] as const,
  );
  const t = convexTest({
    schema,
    modules: { ...modules, ...Object.fromEntries(added) },
    transactionLimits: true,
  });
  registerChildren(t);
  return t;
}
