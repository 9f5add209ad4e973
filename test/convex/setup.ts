/// <reference types="vite/client" />
import { convexTest } from "convex-test";
import { registerChildren } from "../../client/test.js";
import schema from "../../convex/sessionTracker/schema.js";

const modules = import.meta.glob("../../convex/sessionTracker/**/*.ts");

/** The component as the root of a test deployment, with the real limits of a transaction. */
export function setUpComponent() {
  const t = convexTest({ schema, modules, transactionLimits: true });
  registerChildren(t);
  return t;
}
