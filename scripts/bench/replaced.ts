import type { MeasuredDeployment } from "./servers/deployment.js";
import { report, type Figure } from "./report.js";
import { deployFolder } from "./servers/scratchApp.js";

const CONNECTIONS = 16;
/** The most documents that one query may scan on Convex. */
const SCAN_LIMIT = 32_000;

/**
 * Measures the replaced tracker, deployed to the same deployment: how fast it cleans up, and until
 * when.
 */
export async function benchReplaced(): Promise<Figure[]> {
  const deployment = await deployFolder("test/baseline/convex");
  await track(deployment, 0, 4_000);
  const start = performance.now();
  const deleted = await cleanUp(deployment, 0);
  const seconds = (performance.now() - start) / 1_000;
  await track(deployment, 0, SCAN_LIMIT + 1);
  const refusal = await cleanUp(deployment, 14).then(
    () => null,
    (error: unknown) => String(error),
  );
  await deployment.stop();
  process.stdout.write(
    `replaced tracker's cleanup at ${SCAN_LIMIT + 1} sessions: ${refusal ?? "worked"}\n`,
  );
  return [
    report(
      "replaced tracker: cleanup of 4,000 sessions",
      Number(deleted) / seconds,
      "sessions/s",
    ),
    report(
      "replaced tracker: fails at 32,001 sessions (1 is yes)",
      refusal?.includes("Too many documents") === true ? 1 : 0,
      "",
      { atLeast: 1 },
    ),
  ];
}

async function track(
  deployment: MeasuredDeployment,
  from: number,
  to: number,
): Promise<void> {
  let next = from;
  const connection = async () => {
    while (next < to) {
      const anonymousId = `visitor-${next}`;
      next += 1;
      const path = "sessions:trackSession";
      await deployment.post("/api/mutation", { path, args: [{ anonymousId }] });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
}

function cleanUp(
  deployment: MeasuredDeployment,
  daysInactive: number,
): Promise<unknown> {
  const path = "sessions:cleanupOldSessions";
  return deployment.post("/api/mutation", { path, args: [{ daysInactive }] });
}
