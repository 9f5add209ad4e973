import { TestDeploymentError } from "../errors.js";

/**
 * Refuses fake timers: the deployment is in the test's own process, and its files, sockets and
 * time limits need real ones.
 * @throws TestDeploymentError "fakeTimers"
 */
export function refuseFakeTimers(): void {
  // Both vitest's fake timers and Jest's leave their clock there.
  if (!("clock" in globalThis.setTimeout)) return;
  throw new TestDeploymentError(
    "fakeTimers",
    "Fake timers are on, and this deployment, its files and sockets need real ones. Call vi.useRealTimers(), and turn the deployment's own clock: t.clock.advance(…).",
  );
}
