import { join } from "node:path";
import type { EmbeddedDeployment } from "@sessions-ops/embedded";
import { processContext } from "../cli/context.js";
import { ComponentClient } from "../cli/deployment/client.js";
import { deployApp } from "../cli/serve/convexDeploy.js";
import { AdminKey } from "../cli/deployment/target/adminKey.js";
import type { DevSigner } from "../example/devSignIn.js";
import { setEnvironment } from "./environmentVariables.js";
import { seedSessions } from "./seedSessions.js";
import { DAY_MS, MINUTE_MS } from "../convex/sessionTracker/shared/times.js";

export const EXAMPLE = join(import.meta.dirname, "../example");

/** Deploys `example/convex` to the deployment, which from then on trusts the signer. */
export async function deployExample(
  { url, adminKey }: EmbeddedDeployment,
  signer: DevSigner,
): Promise<void> {
  await setEnvironment({ url, adminKey }, { EXAMPLE_JWKS: signer.jwks });
  await deployApp(
    { ...processContext(), cwd: EXAMPLE },
    { url, adminKey: new AdminKey(adminKey, "the deployment"), verbose: false },
  );
}

/** The example's component, called as an operator does. */
export function exampleComponent({
  url,
  adminKey,
}: EmbeddedDeployment): ComponentClient {
  const target = {
    url,
    adminKey: new AdminKey(adminKey, "the deployment"),
    source: "this process",
    isServedHere: true,
    isVouchedFor: true,
    namedBy: {},
    productionName: null,
    notes: [],
  };
  return new ComponentClient(processContext(), target, "sessionTracker");
}

const SEEDED_DAYS = 13;

/** Gives a deployment without sessions some of the last two weeks, so that there is something to see. */
export async function seedExample(
  deployment: EmbeddedDeployment,
): Promise<number> {
  const component = exampleComponent(deployment);
  const { sessions } = await component.query("operator/status:get", {});
  if (sessions.total > 0) return 0;
  const now = Date.now();
  const today = now - (now % DAY_MS);
  let created = 0;
  for (let day = SEEDED_DAYS; day >= 1; day -= 1) {
    const rows = [
      ...seedSessions({
        // Some days have more sessions than others, the same each time.
        sessions: 40 + ((day * 37) % 50),
        days: 1 - (30 * MINUTE_MS) / DAY_MS,
        now: today - (day - 1) * DAY_MS,
        actionsPerSession: 3,
        seed: day,
      }),
    ];
    const imported = await component.mutation("operator/import:batch", {
      // The oldest come first, as if they had been recorded when they happened.
      rows: rows.reverse(),
    });
    created += imported.created;
  }
  return created;
}
